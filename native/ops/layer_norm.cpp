// lora::dropout_add_layer_norm: LayerNorm(residual + drop(x)) in one pass, with its own derivative.
#include "ops/pch.h"

#include "ops/cpu/kernels.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/random.h"
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

constexpr int64_t kRowBlock = 64;

int64_t rows_of(const at::Tensor& x, int64_t hidden) { return hidden == 0 ? 0 : x.numel() / hidden; }
// Rows a thread should have at least.
int64_t grain(int64_t hidden) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, hidden)); }

template <class Arguments>
void set_dropout(Arguments& a, double dropout_p, const Optional& seed) {
  a.dropped = seed.has_value();
  if (!a.dropped) return;
  a.seed = static_cast<uint64_t>(seed->item<int64_t>());
  a.bound = drop_bound(dropout_p);
  a.keep_scale = static_cast<decltype(a.keep_scale)>(keep_scale(dropout_p));
}

Optional draw_seed_if(bool needed) { return needed ? Optional(draw_seed()) : Optional(); }

void check(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
           double dropout_p) {
  check_dropout("dropout_add_layer_norm", dropout_p);
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
    variable_list found =
        backward_op().call(grads[0], saved[0], saved[1], saved[2], ctx->saved_data["dropout_p"].toDouble(), seed, needs);
    variable_list result(6);
    size_t next = 0;
    for (size_t i = 0; i < 4; ++i) {
      if (needs[i]) result[i] = found[next++];
    }
    if (same) result[0] = result[1];
    return result;
  }
};

at::Tensor autograd(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
                    double dropout_p, double eps) {
  check(x, residual, weight, bias, dropout_p);
  bool differentiable = false;
  for (const auto* tensor : {&x, &residual, &weight, &bias}) differentiable |= tensor->requires_grad();
  if (c10::GradMode::is_enabled() && differentiable) {
    return DropoutAddLayerNorm::apply(x, residual, weight, bias, dropout_p, eps);
  }
  at::AutoDispatchBelowADInplaceOrView below;
  return std::get<0>(
      forward_op().call(x, residual, weight, bias, dropout_p, eps, draw_seed_if(dropout_p > 0.0), false));
}

at::Tensor below_autograd(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight,
                          const at::Tensor& bias, double dropout_p, double eps) {
  check(x, residual, weight, bias, dropout_p);
  return std::get<0>(
      forward_op().call(x, residual, weight, bias, dropout_p, eps, draw_seed_if(dropout_p > 0.0), false));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> forward_composed(const at::Tensor& x, const at::Tensor& residual,
                                                                const at::Tensor& weight, const at::Tensor& bias,
                                                                double dropout_p, double eps, const Optional& seed,
                                                                bool training) {
  const at::Tensor sum = seed.has_value() ? apply_dropout(x, *seed, dropout_p).add_(residual) : x + residual;
  const at::Tensor centred = sum - sum.mean(-1, true);
  const at::Tensor rstd = centred.square().mean(-1, true).add_(eps).rsqrt_();  // [..., 1]
  const at::Tensor normalized = centred * rstd;
  const at::Tensor y = at::addcmul(bias, normalized, weight);
  if (training) return {y, normalized, rstd};
  return {y, at::empty({0}, x.options()), at::empty({0}, x.options())};
}

std::vector<at::Tensor> backward_composed(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                                          const at::Tensor& weight, double dropout_p, const Optional& seed,
                                          at::IntArrayRef needs) {
  const int64_t hidden = weight.size(0);
  std::vector<at::Tensor> result;
  if (needs[0] || needs[1]) {
    const at::Tensor g = grad * weight;
    const at::Tensor dsum =
        (g - g.mean(-1, true) - normalized * (g * normalized).mean(-1, true)).mul_(rstd);
    if (needs[0]) result.push_back(seed.has_value() ? apply_dropout(dsum, *seed, dropout_p) : dsum);
    if (needs[1]) result.push_back(needs[0] && !seed.has_value() ? dsum.clone() : dsum);
  }
  if (needs[2]) result.push_back((grad * normalized).reshape({-1, hidden}).sum(0));
  if (needs[3]) result.push_back(grad.reshape({-1, hidden}).sum(0));
  return result;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& x, const at::Tensor& residual,
                                                       const at::Tensor& weight, const at::Tensor& bias,
                                                       double dropout_p, double eps, const Optional& seed,
                                                       bool training) {
  if (!has_kernels(x)) return forward_composed(x, residual, weight, bias, dropout_p, eps, seed, training);
  const at::Tensor in = x.contiguous(), skip = residual.contiguous(), gain = weight.contiguous(),
                   shift = bias.contiguous();
  const int64_t hidden = weight.size(0);
  std::vector<int64_t> row_shape = x.sizes().vec();
  row_shape.back() = 1;
  at::Tensor y = at::empty(x.sizes(), x.options());
  at::Tensor normalized = at::empty(training ? x.sizes() : at::IntArrayRef{0}, x.options());
  at::Tensor rstd = at::empty(training ? at::IntArrayRef(row_shape) : at::IntArrayRef{0}, x.options());
  dispatch_kernels(x, [&](auto zero) {
    using T = decltype(zero);
    cpu::Norm<T> a{};
    a.x = in.const_data_ptr<T>();
    a.residual = skip.const_data_ptr<T>();
    a.weight = gain.const_data_ptr<T>();
    a.bias = shift.const_data_ptr<T>();
    a.y = y.data_ptr<T>();
    a.normalized = training ? normalized.data_ptr<T>() : nullptr;
    a.rstd = training ? rstd.data_ptr<T>() : nullptr;
    a.hidden = hidden;
    a.eps = static_cast<T>(eps);
    set_dropout(a, dropout_p, seed);
    at::parallel_for(0, rows_of(x, hidden), grain(hidden),
                     [&](int64_t begin, int64_t end) { cpu::kernels<T>().norm_forward(a, begin, end); });
  });
  return {y, normalized, rstd};
}

std::vector<at::Tensor> backward(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                                 const at::Tensor& weight, double dropout_p, const Optional& seed,
                                 at::IntArrayRef needs) {
  if (!has_kernels(grad)) return backward_composed(grad, normalized, rstd, weight, dropout_p, seed, needs);
  const at::Tensor dy = grad.contiguous(), gain = weight.contiguous();
  const int64_t hidden = weight.size(0), rows = rows_of(grad, hidden);
  const int64_t blocks = (rows + kRowBlock - 1) / kRowBlock;
  std::vector<at::Tensor> found(4);
  for (size_t i = 0; i < 2; ++i) {
    if (needs[i]) found[i] = at::empty(grad.sizes(), grad.options());
  }
  // Sums over rows are formed block by block and then over blocks, so that they do not depend on the threads.
  for (size_t i = 2; i < 4; ++i) {
    if (needs[i]) found[i] = at::zeros({blocks, hidden}, grad.options());
  }
  dispatch_kernels(grad, [&](auto zero) {
    using T = decltype(zero);
    cpu::NormBackward<T> a{};
    a.grad = dy.const_data_ptr<T>();
    a.normalized = normalized.const_data_ptr<T>();
    a.rstd = rstd.const_data_ptr<T>();
    a.weight = gain.const_data_ptr<T>();
    a.dx = needs[0] ? found[0].data_ptr<T>() : nullptr;
    a.dresidual = needs[1] ? found[1].data_ptr<T>() : nullptr;
    a.hidden = hidden;
    set_dropout(a, dropout_p, seed);
    T* const dweight = needs[2] ? found[2].data_ptr<T>() : nullptr;
    T* const dbias = needs[3] ? found[3].data_ptr<T>() : nullptr;
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        cpu::NormBackward<T> part = a;
        if (dweight) part.dweight = dweight + block * hidden;
        if (dbias) part.dbias = dbias + block * hidden;
        cpu::kernels<T>().norm_backward(part, block * kRowBlock, std::min(rows, (block + 1) * kRowBlock));
      }
    });
  });
  std::vector<at::Tensor> result;
  for (size_t i = 0; i < 4; ++i) {
    if (needs[i]) result.push_back(i < 2 ? found[i] : found[i].sum(0));
  }
  return result;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> forward_meta(const at::Tensor& x, const at::Tensor& residual,
                                                            const at::Tensor& weight, const at::Tensor& bias,
                                                            double dropout_p, double eps, const Optional& seed,
                                                                bool training) {
  std::vector<c10::SymInt> rows = x.sym_sizes().vec();
  rows.back() = 1;
  if (!training) {
    return {at::empty_symint(x.sym_sizes(), x.options()), at::empty_symint({0}, x.options()),
            at::empty_symint({0}, x.options())};
  }
  return {at::empty_symint(x.sym_sizes(), x.options()), at::empty_symint(x.sym_sizes(), x.options()),
          at::empty_symint(rows, x.options())};
}

std::vector<at::Tensor> backward_meta(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                                      const at::Tensor& weight, double dropout_p, const Optional& seed,
                                      at::IntArrayRef needs) {
  std::vector<at::Tensor> result;
  for (size_t i = 0; i < 4; ++i) {
    if (needs[i]) result.push_back(at::empty_symint(i < 2 ? grad.sym_sizes() : weight.sym_sizes(), grad.options()));
  }
  return result;
}

}  // namespace

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
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("dropout_add_layer_norm", below_autograd);
  m.impl("_dropout_add_layer_norm_forward", forward);
  m.impl("_dropout_add_layer_norm_backward", backward);
}
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
