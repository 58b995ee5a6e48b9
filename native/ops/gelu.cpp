// lora::gelu: the exact, erf-based GELU; backward keeps its input only and recomputes the rest.
#include "ops/gelu.h"

#include "ops/pch.h"

#include "ops/check.h"
#include "ops/cpu/kernels.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/parallel.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kGrain = 16384;  // elements below which another thread does not pay

class Gelu : public torch::autograd::Function<Gelu> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    at::AutoDispatchBelowADInplaceOrView below;
    static const auto op = find_operator<at::Tensor(const at::Tensor&)>("lora::gelu");
    ctx->save_for_backward({x});
    return op.call(x);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    return {gelu_gradient(grads[0], ctx->get_saved_variables()[0])};
  }
};

at::Tensor autograd(const at::Tensor& x) { return Gelu::apply(x); }

at::Tensor forward(const at::Tensor& x) {
  const Checks checks("gelu", "x", x);
  if (!has_kernels(x)) return at::gelu(x);
  const at::Tensor source = x.contiguous();
  at::Tensor y = at::empty_like(source);
  dispatch_kernels(x, [&](auto zero) {
    using T = decltype(zero);
    const T* in = elements<T>(source);
    T* out = mutable_elements<T>(y);
    parallel("gelu", 0, source.numel(), kGrain,
             [&](int64_t begin, int64_t end) { cpu::kernels<T>().gelu(in + begin, out + begin, end - begin); });
  });
  return y;
}

void check_backward(const at::Tensor& grad, const at::Tensor& x) {
  const Checks checks("_gelu_backward", "x", x);
  checks.tensor("grad", grad, x.sym_sizes());
}

at::Tensor backward(const at::Tensor& grad, const at::Tensor& x) {
  check_backward(grad, x);
  if (!has_kernels(x)) return at::gelu_backward(grad, x);
  const at::Tensor source = x.contiguous(), dy = grad.contiguous();
  at::Tensor dx = at::empty_like(source);
  dispatch_kernels(x, [&](auto zero) {
    using T = decltype(zero);
    const T *in = elements<T>(source), *g = elements<T>(dy);
    T* out = mutable_elements<T>(dx);
    parallel("gelu backward", 0, source.numel(), kGrain, [&](int64_t begin, int64_t end) {
      cpu::kernels<T>().gelu_backward(g + begin, in + begin, out + begin, end - begin);
    });
  });
  return dx;
}

at::Tensor forward_meta(const at::Tensor& x) { return at::empty_symint(x.sym_sizes(), x.options()); }
at::Tensor backward_meta(const at::Tensor& grad, const at::Tensor& x) {
  check_backward(grad, x);
  return at::empty_symint(x.sym_sizes(), x.options());
}

}  // namespace

at::Tensor gelu_gradient(const at::Tensor& grad, const at::Tensor& x) {
  static const auto op = find_operator<at::Tensor(const at::Tensor&, const at::Tensor&)>("lora::_gelu_backward");
  return op.call(grad, x);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def("gelu(Tensor x) -> Tensor");
  m.def("_gelu_backward(Tensor grad, Tensor x) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("gelu", forward);
  m.impl("_gelu_backward", backward);
}
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("gelu", forward_meta);
  m.impl("_gelu_backward", backward_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("gelu", autograd);
  m.impl("_gelu_backward", no_second_derivative());
}

}  // namespace torch_lora
