// lora::dropout_add_layer_norm: LayerNorm(residual + drop(x)) in one pass, with its own derivative.
#include "ops/layer_norm.h"

#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include "ops/check.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

using ForwardSignature = std::tuple<at::Tensor, at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&,
                                                                        const at::Tensor&, const at::Tensor&, double,
                                                                        double, const Optional&, bool);
using BackwardSignature = std::vector<at::Tensor>(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                  const at::Tensor&, double, const Optional&, at::IntArrayRef);

const auto& forward_op() {
  static const auto op = find_operator<ForwardSignature>("lora::_dropout_add_layer_norm_forward");
  return op;
}
const auto& backward_op() {
  static const auto op = find_operator<BackwardSignature>("lora::_dropout_add_layer_norm_backward");
  return op;
}

Optional draw_seed_if(bool needed) { return needed ? Optional(draw_seed()) : Optional(); }

// Other devices and types: ATen's own kernels, differentiated by ATen.
at::Tensor composed(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
                    double dropout_p, double eps) {
  return at::layer_norm(residual + dropout(x, dropout_p), {x.size(-1)}, weight, bias, eps);
}

class DropoutAddLayerNorm : public torch::autograd::Function<DropoutAddLayerNorm> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& residual,
                            const at::Tensor& weight, const at::Tensor& bias, double dropout_p, double eps) {
    at::AutoDispatchBelowADInplaceOrView below;
    const Optional seed = draw_seed_if(dropout_p > 0.0);
    auto [y, normalized, rstd] = forward_op().call(x, residual, weight, bias, dropout_p, eps, seed, true);
    ctx->save_for_backward({normalized, rstd, weight, seed.value_or(at::Tensor())});
    ctx->saved_data["dropout_p"] = dropout_p;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Optional seed = saved[3].defined() ? Optional(saved[3]) : Optional();
    std::vector<int64_t> needs;
    for (size_t i = 0; i < 4; ++i) needs.push_back(ctx->needs_input_grad(i));
    // Without dropout x and residual receive one and the same gradient: form it once.
    const bool same = !seed.has_value() && needs[0] && needs[1];
    if (same) needs[0] = 0;
    variable_list found = backward_op().call(grads[0], saved[0], saved[1], saved[2],
                                             ctx->saved_data["dropout_p"].toDouble(), seed, needs);
    variable_list result(6);
    size_t next = 0;
    for (size_t i = 0; i < 4; ++i) {
      if (needs[i]) result[i] = found[next++];
    }
    if (same) result[0] = result[1];
    return result;
  }
};

at::Tensor below_autograd(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight,
                          const at::Tensor& bias, double dropout_p, double eps) {
  check_layer_norm(x, residual, weight, bias, dropout_p, std::nullopt);
  if (!has_own_kernel(forward_op(), x)) return composed(x, residual, weight, bias, dropout_p, eps);
  return std::get<0>(
      forward_op().call(x, residual, weight, bias, dropout_p, eps, draw_seed_if(dropout_p > 0.0), false));
}

at::Tensor autograd(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
                    double dropout_p, double eps) {
  bool differentiable = false;
  for (const auto* tensor : {&x, &residual, &weight, &bias}) differentiable |= tensor->requires_grad();
  if (!c10::GradMode::is_enabled() || !differentiable) {
    at::AutoDispatchBelowADInplaceOrView below;
    return below_autograd(x, residual, weight, bias, dropout_p, eps);
  }
  check_layer_norm(x, residual, weight, bias, dropout_p, std::nullopt);
  if (!has_own_kernel(forward_op(), x)) return composed(x, residual, weight, bias, dropout_p, eps);
  return DropoutAddLayerNorm::apply(x, residual, weight, bias, dropout_p, eps);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> forward_meta(const at::Tensor& x, const at::Tensor& residual,
                                                            const at::Tensor& weight, const at::Tensor& bias,
                                                            double dropout_p, double eps, const Optional& seed,
                                                            bool training) {
  check_layer_norm(x, residual, weight, bias, dropout_p, seed);
  std::vector<c10::SymInt> rows = x.sym_sizes().vec();
  rows.back() = 1;
  if (!training) {
    return {at::empty_symint(x.sym_sizes(), x.options()), at::empty_symint({0}, x.options()),
            at::empty_symint({0}, x.options())};
  }
  return {at::empty_symint(x.sym_sizes(), x.options()), at::empty_symint(x.sym_sizes(), x.options()),
          at::empty_symint(rows, x.options().dtype(at::toOpMathType(x.scalar_type())))};
}

std::vector<at::Tensor> backward_meta(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                                      const at::Tensor& weight, double dropout_p, const Optional& seed,
                                      at::IntArrayRef needs) {
  check_layer_norm_backward(grad, normalized, rstd, weight, dropout_p, seed, needs);
  std::vector<at::Tensor> result;
  for (size_t i = 0; i < 4; ++i) {
    if (needs[i]) result.push_back(at::empty_symint(i < 2 ? grad.sym_sizes() : weight.sym_sizes(), grad.options()));
  }
  return result;
}

}  // namespace

void check_layer_norm(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
                      double dropout_p, const Optional& seed) {
  const char* name = "dropout_add_layer_norm";
  check_dropout(name, dropout_p);
  const Checks checks(name, "x", x);
  checks.seed(seed);
  check_strided(name, "residual", residual);
  check_strided(name, "weight", weight);
  check_strided(name, "bias", bias);
  TORCH_CHECK_VALUE(x.dim() >= 1 && x.sym_sizes() == residual.sym_sizes(),
                    "dropout_add_layer_norm: expected x and residual of one shape [..., H], received ", x.sym_sizes(),
                    " and ", residual.sym_sizes());
  for (const auto* tensor : {&residual, &weight, &bias}) {
    TORCH_CHECK_TYPE(tensor->scalar_type() == x.scalar_type() && tensor->device() == x.device(),
                     "dropout_add_layer_norm: expected every tensor of ", x.scalar_type(), " on ", x.device(),
                     " like x, received ", tensor->scalar_type(), " on ", tensor->device());
  }
  for (const auto* parameter : {&weight, &bias}) {
    TORCH_CHECK_VALUE(parameter->dim() == 1 && parameter->sym_size(0) == x.sym_size(-1),
                      "dropout_add_layer_norm: expected weight and bias [", x.sym_size(-1), "], received ",
                      weight.sym_sizes(), " and ", bias.sym_sizes());
  }
}

void check_layer_norm_backward(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                               const at::Tensor& weight, double dropout_p, const Optional& seed,
                               at::IntArrayRef needs) {
  const char* name = "_dropout_add_layer_norm_backward";
  check_dropout(name, dropout_p);
  const Checks checks(name, "grad", grad);
  TORCH_CHECK_VALUE(grad.dim() >= 1, name, ": expected grad [..., H], received a scalar");
  c10::SmallVector<c10::SymInt, 5> rows(grad.sym_sizes().begin(), grad.sym_sizes().end());
  rows.back() = 1;
  checks.tensor("normalized", normalized, grad.sym_sizes());
  checks.tensor("rstd", rstd, rows, at::toOpMathType(grad.scalar_type()));
  checks.tensor("weight", weight, {grad.sym_size(-1)});
  checks.seed(seed);
  checks.needs(needs, 4);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "dropout_add_layer_norm(Tensor x, Tensor residual, Tensor weight, Tensor bias, float dropout_p, float eps) "
      "-> Tensor",
      {at::Tag::nondeterministic_seeded});
  m.def(
      "_dropout_add_layer_norm_forward(Tensor x, Tensor residual, Tensor weight, Tensor bias, float dropout_p, "
      "float eps, Tensor? seed, bool training) -> (Tensor, Tensor, Tensor)");
  m.def(
      "_dropout_add_layer_norm_backward(Tensor grad, Tensor normalized, Tensor rstd, Tensor weight, float dropout_p, "
      "Tensor? seed, int[] needs) -> Tensor[]");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) { m.impl("dropout_add_layer_norm", below_autograd); }
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("_dropout_add_layer_norm_forward", forward_meta);
  m.impl("_dropout_add_layer_norm_backward", backward_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("dropout_add_layer_norm", autograd);
  m.impl("_dropout_add_layer_norm_forward", no_second_derivative());
  m.impl("_dropout_add_layer_norm_backward", no_second_derivative());
}

}  // namespace torch_lora
