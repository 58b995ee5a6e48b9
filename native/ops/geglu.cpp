// lora::geglu: gelu(x[..., :I]) * x[..., I:] in one pass (Shazeer, GLU Variants Improve Transformer, 2020), with the
// exact GELU; backward keeps its input only.
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

void check(const char* op, const at::Tensor& x) {
  const Checks checks(op, "x", x);
  TORCH_CHECK_TYPE(at::isFloatingType(x.scalar_type()), op, ": expected x of a real type, received ", x.scalar_type());
  TORCH_CHECK_VALUE(x.dim() >= 1 && x.sym_size(-1) % 2 == 0, op, ": expected x [..., 2 I], received ", x.sym_sizes());
}

std::vector<c10::SymInt> half_sizes(const at::Tensor& x) {
  std::vector<c10::SymInt> sizes = x.sym_sizes().vec();
  sizes.back() = sizes.back() / 2;
  return sizes;
}

void check_backward(const at::Tensor& grad, const at::Tensor& x) {
  check("_geglu_backward", x);
  Checks("_geglu_backward", "x", x).tensor("grad", grad, half_sizes(x));
}

// Rows of x, and how wide they are in y; none where a row is empty.
struct Shape {
  int64_t width, rows, grain;

  explicit Shape(const at::Tensor& x)
      : width(x.size(-1) / 2),
        rows(width == 0 ? 0 : x.numel() / (2 * width)),
        grain(std::max<int64_t>(1, kGrain / std::max<int64_t>(1, 2 * width))) {}
};

class GatedGelu : public torch::autograd::Function<GatedGelu> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    at::AutoDispatchBelowADInplaceOrView below;
    static const auto op = find_operator<at::Tensor(const at::Tensor&)>("lora::geglu");
    ctx->save_for_backward({x});
    return op.call(x);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    static const auto op = find_operator<at::Tensor(const at::Tensor&, const at::Tensor&)>("lora::_geglu_backward");
    return {op.call(grads[0], ctx->get_saved_variables()[0])};
  }
};

at::Tensor autograd(const at::Tensor& x) { return GatedGelu::apply(x); }

at::Tensor forward(const at::Tensor& x) {
  check("geglu", x);
  if (!has_kernels(x)) {
    const auto halves = x.chunk(2, -1);
    return at::gelu(halves[0]) * halves[1];
  }
  const at::Tensor source = x.contiguous();
  const Shape shape(x);
  at::Tensor y = at::empty_symint(half_sizes(x), x.options());
  dispatch_kernels(x, [&](auto zero) {
    using T = decltype(zero);
    const T* in = elements<T>(source);
    T* out = mutable_elements<T>(y);
    parallel("geglu", 0, shape.rows, shape.grain,
             [&](int64_t begin, int64_t end) { cpu::kernels<T>().geglu(in, out, shape.width, begin, end); });
  });
  return y;
}

at::Tensor backward(const at::Tensor& grad, const at::Tensor& x) {
  check_backward(grad, x);
  if (!has_kernels(x)) {
    const auto halves = x.chunk(2, -1);
    return at::cat({at::gelu_backward(grad * halves[1], halves[0]), grad * at::gelu(halves[0])}, -1);
  }
  const at::Tensor source = x.contiguous(), dy = grad.contiguous();
  const Shape shape(x);
  at::Tensor dx = at::empty(x.sizes(), x.options());
  dispatch_kernels(x, [&](auto zero) {
    using T = decltype(zero);
    const T *in = elements<T>(source), *g = elements<T>(dy);
    T* out = mutable_elements<T>(dx);
    parallel("geglu backward", 0, shape.rows, shape.grain, [&](int64_t begin, int64_t end) {
      cpu::kernels<T>().geglu_backward(g, in, out, shape.width, begin, end);
    });
  });
  return dx;
}

at::Tensor forward_meta(const at::Tensor& x) {
  check("geglu", x);
  return at::empty_symint(half_sizes(x), x.options());
}
at::Tensor backward_meta(const at::Tensor& grad, const at::Tensor& x) {
  check_backward(grad, x);
  return at::empty_symint(x.sym_sizes(), x.options());
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def("geglu(Tensor x) -> Tensor");
  m.def("_geglu_backward(Tensor grad, Tensor x) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("geglu", forward);
  m.impl("_geglu_backward", backward);
}
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("geglu", forward_meta);
  m.impl("_geglu_backward", backward_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("geglu", autograd);
  m.impl("_geglu_backward", no_second_derivative());
}

}  // namespace torch_lora
