// lora::draw_seed, lora::dropout_mask, lora::dropout: one 64-bit seed a call, masks regenerated, never stored.
#include "ops/random.h"

#include "ops/pch.h"

#include "ops/check.h"
#include "ops/cpu/kernels.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/parallel.h"
#include "ops/random_ops.h"
#include "ops/seed_tape.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The hash of random.h in int64 ATen arithmetic: runs on any device, wherever the seed lies, and is what tests compare
// kernels with.
at::Tensor composed_mask(const at::Tensor& seed, at::IntArrayRef size, double p, const at::TensorOptions& options,
                         int64_t first_row = 0) {
  const int64_t columns = size.empty() ? 1 : size.back();
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < size.size(); ++i) rows *= size[i];
  const auto numbers = at::TensorOptions(at::kLong).device(options.device());
  const auto low32 = [](const at::Tensor& x) { return x.bitwise_and(0xFFFFFFFFll); };
  // x >> bits as of unsigned numbers
  const auto shift = [](const at::Tensor& x, int64_t bits) {
    return x.bitwise_right_shift(bits).bitwise_and((int64_t{1} << (64 - bits)) - 1);
  };
  const auto fold = [&](const at::Tensor& x, int64_t bits) { return x.bitwise_xor(shift(x, bits)); };
  const auto constant = [](uint64_t value) { return static_cast<int64_t>(value); };
  at::Tensor z =
      at::arange(first_row + 1, first_row + rows + 1, numbers).unsqueeze(1) * constant(0x9E3779B97F4A7C15ull) + seed;
  z = fold(z, 30) * constant(0xBF58476D1CE4E5B9ull);
  z = fold(z, 27) * constant(0x94D049BB133111EBull);
  z = fold(z, 31);                                                // [rows, 1]
  at::Tensor x = low32(at::arange(columns, numbers) + low32(z));  // [rows, columns]
  x = low32(fold(x, 16) * 0x7FEB352Dll);
  x = low32(fold(x, 15) + shift(z, 32));
  x = fold(low32(x * 0x846CA68Bll), 16);
  return x.ge(static_cast<int64_t>(drop_bound(p))).to(options.dtype()).mul_(keep_scale(p)).view(size);
}

// y = x * mask on the CPU kernels, or the mask itself when x is undefined.
void run_kernel(const at::Tensor& x, at::Tensor& y, const at::Tensor& seed, double p, int64_t first_row = 0) {
  const int64_t columns = y.dim() == 0 ? 1 : y.size(-1);
  if (y.numel() == 0) return;
  dispatch_kernels(y, [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.defined() ? elements<T>(x) : nullptr;
    T* out = mutable_elements<T>(y);
    const auto dropout = kernel_dropout<T>(p, seed, first_row);
    parallel("dropout", 0, y.numel() / columns, std::max<int64_t>(1, 16384 / columns),
             [&](int64_t begin, int64_t end) { cpu::kernels<T>().dropout(in, out, columns, dropout, begin, end); });
  });
}

// What torch.manual_seed does, where programs run: before what was submitted behind it, after what was before.
void manual_seed(const at::Tensor& seed) {
  check_seed("manual_seed", seed);
  at::manual_seed(static_cast<uint64_t>(seed.item<int64_t>()));
}

at::Tensor dropout_mask_impl(const at::Tensor& seed, at::IntArrayRef size, double p, const at::Tensor& like) {
  check_dropout_mask("dropout_mask", seed, size, p, like);
  if (!has_kernels(like)) return composed_mask(seed, size, p, like.options());
  at::Tensor mask = at::empty(size, like.options());
  run_kernel({}, mask, seed, p);
  return mask;
}

at::Tensor dropout_mask_reference(const at::Tensor& seed, at::IntArrayRef size, double p, const at::Tensor& like) {
  check_dropout_mask("dropout_mask_reference", seed, size, p, like);
  return composed_mask(seed, size, p, like.options());
}

at::Tensor dropout_mask_meta(const at::Tensor& seed, c10::SymIntArrayRef size, double p, const at::Tensor& like) {
  return at::empty_symint(size, like.options());
}

at::Tensor apply_dropout_impl(const at::Tensor& x, const at::Tensor& seed, double p, int64_t first_row) {
  check_apply_dropout(x, seed, p, first_row);
  if (!has_kernels(x)) return x * composed_mask(seed, x.sizes(), p, x.options(), first_row);
  at::Tensor y = at::empty(x.sizes(), x.options());
  run_kernel(x.contiguous(), y, seed, p, first_row);
  return y;
}

at::Tensor apply_dropout_meta(const at::Tensor& x, const at::Tensor& seed, double p, int64_t first_row) {
  check_apply_dropout(x, seed, p, first_row);
  return at::empty_symint(x.sym_sizes(), x.options());
}

const auto& apply_op() {
  static const auto op =
      find_operator<at::Tensor(const at::Tensor&, const at::Tensor&, double, int64_t)>("lora::_dropout");
  return op;
}

// Without the library of CUDA kernels ATen's dropout is one kernel there, against a dozen for the composed mask.
bool has_kernel(const at::Tensor& x) {
  return !x.is_cuda() || apply_op().hasKernelForDispatchKey(c10::DispatchKey::CUDA);
}

class Dropout : public torch::autograd::Function<Dropout> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, double p) {
    at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor seed = draw_seed();
    ctx->save_for_backward({seed});
    ctx->saved_data["p"] = p;
    return apply_dropout(x, seed, p);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    return {apply_dropout(grads[0], ctx->get_saved_variables()[0], ctx->saved_data["p"].toDouble()), at::Tensor()};
  }
};

void check_input(const at::Tensor& x, double p) {
  check_dropout("dropout", p);
  const Checks checks("dropout", "x", x);
}

at::Tensor dropout_autograd(const at::Tensor& x, double p) {
  check_input(x, p);
  if (p == 0.0) return x.clone();
  if (!has_kernel(x)) return at::dropout(x, p, true);
  return Dropout::apply(x, p);
}

at::Tensor dropout_below_autograd(const at::Tensor& x, double p) {
  check_input(x, p);
  if (p == 0.0) return x.clone();
  return has_kernel(x) ? apply_dropout(x, draw_seed(), p) : at::dropout(x, p, true);
}

}  // namespace

void check_dropout(const char* op, double p) {
  TORCH_CHECK_VALUE(p >= 0.0 && p <= 1.0, op, ": expected a dropout probability from 0 to 1, received ", p);
}

void check_apply_dropout(const at::Tensor& x, const at::Tensor& seed, double p, int64_t first_row) {
  check_dropout("_dropout", p);
  const Checks checks("_dropout", "x", x);
  checks.seed(seed);
  TORCH_CHECK_VALUE(first_row >= 0 && first_row <= kLastRow, "_dropout: expected first_row from 0 to ", kLastRow,
                    ", received ", first_row);
}

void check_dropout_mask(const char* op, const at::Tensor& seed, at::IntArrayRef size, double p,
                        const at::Tensor& like) {
  check_dropout(op, p);
  const Checks checks(op, "like", like);
  checks.seed(seed);
  checked_elements(op, size);
}

at::Tensor draw_seed() {
  static const auto op = find_operator<at::Tensor()>("lora::draw_seed");
  return op.call();
}

at::Tensor apply_dropout(const at::Tensor& x, const at::Tensor& seed, double p, int64_t first_row) {
  return apply_op().call(x, seed, p, first_row);
}

at::Tensor dropout(const at::Tensor& x, double p) {
  static const auto op = find_operator<at::Tensor(const at::Tensor&, double)>("lora::dropout");
  return op.call(x, p);
}

at::Tensor dropout_mask(const at::Tensor& seed, c10::SymIntArrayRef size, double p, const at::Tensor& like) {
  static const auto op = find_operator<at::Tensor(const at::Tensor&, c10::SymIntArrayRef, double, const at::Tensor&)>(
      "lora::dropout_mask");
  return op.call(seed, size, p, like);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  const std::vector<at::Tag> random{at::Tag::nondeterministic_seeded};
  m.def("draw_seed() -> Tensor", random);
  m.def("manual_seed(Tensor seed) -> ()");
  m.def("dropout_mask(Tensor seed, SymInt[] size, float p, Tensor like) -> Tensor");
  m.def("dropout_mask_reference(Tensor seed, SymInt[] size, float p, Tensor like) -> Tensor");
  m.def("dropout(Tensor x, float p) -> Tensor", random);
  m.def("_dropout(Tensor x, Tensor seed, float p, int first_row=0) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CompositeImplicitAutograd, m) { m.impl("draw_seed", next_seed); }
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("manual_seed", manual_seed);
  m.impl("dropout_mask", dropout_mask_impl);
  m.impl("dropout_mask_reference", dropout_mask_reference);
  m.impl("dropout", dropout_below_autograd);
  m.impl("_dropout", apply_dropout_impl);
}
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("dropout_mask", dropout_mask_meta);
  m.impl("dropout_mask_reference", dropout_mask_meta);
  m.impl("_dropout", apply_dropout_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("dropout", dropout_autograd);
  // A mask is a constant, whatever its shape was taken from.
  m.impl("dropout_mask", torch::CppFunction::makeFallthrough());
  m.impl("dropout_mask_reference", torch::CppFunction::makeFallthrough());
  m.impl("_dropout", no_second_derivative());
}

}  // namespace torch_lora
