// lora::rotary: rotary positions on packed queries and keys in one pass; backward turns the other way.
#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include "ops/attention.h"
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

using Signature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&);

const auto& rotary_op() {
  static const auto op = find_operator<Signature>("lora::rotary");
  return op;
}

void check(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin) {
  const Checks checks("rotary", "qkv", qkv);
  TORCH_CHECK_TYPE(at::isFloatingType(qkv.scalar_type()), "rotary: expected qkv of a real type, received ",
                   qkv.scalar_type());
  TORCH_CHECK_VALUE(qkv.dim() == 4 && qkv.sym_size(1) == 3 && qkv.sym_size(3) > 0 && qkv.sym_size(3) % 2 == 0,
                    "rotary: expected qkv [T, 3, N, D] with an even D, received ", qkv.sym_sizes());
  const std::vector<c10::SymInt> table{qkv.sym_size(0), qkv.sym_size(3) / 2};
  checks.tensor("cos", cos, table);
  checks.tensor("sin", sin, table);
  TORCH_CHECK_VALUE(!cos.requires_grad() && !sin.requires_grad(), "rotary: expected cos and sin that need no gradient");
}

// Other devices and types: ATen's own kernels, in the precision that their arithmetic has.
at::Tensor composed(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin) {
  const auto type = at::toOpMathType(qkv.scalar_type());
  const at::Tensor c = cos.to(type).unsqueeze(1).unsqueeze(1), s = sin.to(type).unsqueeze(1).unsqueeze(1);
  const auto halves = qkv.narrow(1, 0, 2).to(type).chunk(2, -1);  // [T, 2, N, D / 2] each
  const at::Tensor turned = at::cat({halves[0] * c - halves[1] * s, halves[1] * c + halves[0] * s}, -1);
  return at::cat({turned.to(qkv.scalar_type()), qkv.narrow(1, 2, 1)}, 1);
}

class RotaryPositions : public torch::autograd::Function<RotaryPositions> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin) {
    at::AutoDispatchBelowADInplaceOrView below;
    ctx->save_for_backward({cos, sin});
    return rotary_op().call(qkv, cos, sin);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    return {rotary_op().call(grads[0], saved[0], saved[1].neg()), at::Tensor(), at::Tensor()};
  }
};

at::Tensor autograd(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin) {
  check(qkv, cos, sin);
  return RotaryPositions::apply(qkv, cos, sin);
}

at::Tensor forward(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin) {
  check(qkv, cos, sin);
  if (!has_kernels(qkv)) return composed(qkv, cos, sin);
  const at::Tensor source = last_contiguous(qkv);
  const at::Tensor cosine = cos.contiguous(), sine = sin.contiguous();
  at::Tensor y = at::empty(qkv.sizes(), qkv.options());
  const int64_t row = std::max<int64_t>(1, y.stride(0));
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    const cpu::Rotary<T> a{
        elements<T>(source), source.stride(0),  source.stride(1), source.stride(2), mutable_elements<T>(y),
        elements<T>(cosine), elements<T>(sine), qkv.size(2),      qkv.size(3)};
    parallel("rotary", 0, qkv.size(0), std::max<int64_t>(1, kGrain / row),
             [&](int64_t begin, int64_t end) { cpu::kernels<T>().rotary(a, begin, end); });
  });
  return y;
}

at::Tensor forward_meta(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin) {
  check(qkv, cos, sin);
  return at::empty_symint(qkv.sym_sizes(), qkv.options());
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lora, m) { m.def("rotary(Tensor qkv, Tensor cos, Tensor sin) -> Tensor"); }
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) { m.impl("rotary", forward); }
TORCH_LIBRARY_IMPL(lora, Meta, m) { m.impl("rotary", forward_meta); }
TORCH_LIBRARY_IMPL(lora, Autograd, m) { m.impl("rotary", autograd); }

}  // namespace torch_lora
