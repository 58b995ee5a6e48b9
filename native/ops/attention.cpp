// lora::varlen_attention: softmax(scale Q K^T) V within each packed sequence, of all its keys or of those in a window
// around each query, with its own derivative.
#include "ops/attention.h"

#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

using ForwardSignature = std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                            double, double, const Optional&, int64_t, int64_t);
using BackwardSignature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                     const at::Tensor&, const at::Tensor&, double, double, const Optional&, int64_t,
                                     int64_t);

const auto& forward_op() {
  static const auto op = find_operator<ForwardSignature>("lora::_varlen_attention_forward");
  return op;
}
const auto& backward_op() {
  static const auto op = find_operator<BackwardSignature>("lora::_varlen_attention_backward");
  return op;
}

Optional draw_seed_if(bool needed) { return needed ? Optional(draw_seed()) : Optional(); }

class VarlenAttention : public torch::autograd::Function<VarlenAttention> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                            const at::Tensor& max_seqlen, double dropout_p, double scale, const Window& window) {
    at::AutoDispatchBelowADInplaceOrView below;
    const Optional seed = draw_seed_if(dropout_p > 0.0);
    auto [out, logsumexp] =
        forward_op().call(qkv, cu_seqlens, max_seqlen, dropout_p, scale, seed, window.left, window.right);
    ctx->save_for_backward({qkv, out, logsumexp, cu_seqlens, max_seqlen, seed.value_or(at::Tensor())});
    ctx->saved_data["dropout_p"] = dropout_p;
    ctx->saved_data["scale"] = scale;
    ctx->saved_data["window_left"] = window.left;
    ctx->saved_data["window_right"] = window.right;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Optional seed = saved[5].defined() ? Optional(saved[5]) : Optional();
    variable_list result(6);
    result[0] = backward_op().call(grads[0], saved[0], saved[1], saved[2], saved[3], saved[4],
                                   ctx->saved_data["dropout_p"].toDouble(), ctx->saved_data["scale"].toDouble(), seed,
                                   ctx->saved_data["window_left"].toInt(), ctx->saved_data["window_right"].toInt());
    return result;
  }
};

// A symbolic head size cannot be read here without specialising it, which is what we want: it never varies.
double scale_or_default(const at::Tensor& qkv, std::optional<double> scale) {
  return attention_scale(scale, qkv.sym_size(3).guard_int(__FILE__, __LINE__));
}

std::tuple<at::Tensor, at::Tensor> forward_meta(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                                const at::Tensor& max_seqlen, double dropout_p, double scale,
                                                const Optional& seed, int64_t window_left, int64_t window_right) {
  check_attention("_varlen_attention_forward", qkv, cu_seqlens, max_seqlen, dropout_p, seed);
  check_window("_varlen_attention_forward", {window_left, window_right});
  return {
      at::empty_symint({qkv.sym_size(0), qkv.sym_size(2), qkv.sym_size(3)}, qkv.options()),
      at::empty_symint({qkv.sym_size(2), qkv.sym_size(0)}, qkv.options().dtype(at::toOpMathType(qkv.scalar_type())))};
}

at::Tensor backward_meta(const at::Tensor& grad, const at::Tensor& qkv, const at::Tensor& out,
                         const at::Tensor& logsumexp, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                         double dropout_p, double scale, const Optional& seed, int64_t window_left,
                         int64_t window_right) {
  check_attention_backward("_varlen_attention_backward", grad, qkv, out, logsumexp, cu_seqlens, max_seqlen, dropout_p,
                           seed);
  check_window("_varlen_attention_backward", {window_left, window_right});
  return at::empty_symint(qkv.sym_sizes(), qkv.options());
}

}  // namespace

at::Tensor varlen_attention_below_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                           const at::Tensor& max_seqlen, double dropout_p, std::optional<double> scale,
                                           int64_t window_left, int64_t window_right) {
  check_attention("varlen_attention", qkv, cu_seqlens, max_seqlen, dropout_p);
  check_window("varlen_attention", {window_left, window_right});
  if (!has_kernels_or_meta(qkv)) {
    return varlen_attention_reference(qkv, cu_seqlens, max_seqlen, dropout_p, scale, std::nullopt, window_left,
                                      window_right);
  }
  return std::get<0>(forward_op().call(qkv, cu_seqlens, max_seqlen, dropout_p, scale_or_default(qkv, scale),
                                       draw_seed_if(dropout_p > 0.0), window_left, window_right));
}

at::Tensor varlen_attention_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                     double dropout_p, std::optional<double> scale, int64_t window_left,
                                     int64_t window_right) {
  if (!c10::GradMode::is_enabled() || !qkv.requires_grad()) {
    at::AutoDispatchBelowADInplaceOrView below;
    return varlen_attention_below_autograd(qkv, cu_seqlens, max_seqlen, dropout_p, scale, window_left, window_right);
  }
  const Window window{window_left, window_right};
  check_attention("varlen_attention", qkv, cu_seqlens, max_seqlen, dropout_p);
  check_window("varlen_attention", window);
  if (!has_kernels_or_meta(qkv)) {
    return varlen_attention_reference(qkv, cu_seqlens, max_seqlen, dropout_p, scale, std::nullopt, window_left,
                                      window_right);
  }
  return VarlenAttention::apply(qkv, cu_seqlens, max_seqlen, dropout_p, scale_or_default(qkv, scale), window);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "varlen_attention(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p=0.0, float? scale=None, "
      "int window_left=-1, int window_right=-1) -> Tensor",
      {at::Tag::nondeterministic_seeded});
  m.def(
      "_varlen_attention_forward(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p, float scale, "
      "Tensor? seed, int window_left, int window_right) -> (Tensor, Tensor)");
  m.def(
      "_varlen_attention_backward(Tensor grad, Tensor qkv, Tensor out, Tensor logsumexp, Tensor cu_seqlens, "
      "Tensor max_seqlen, float dropout_p, float scale, Tensor? seed, int window_left, int window_right) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) { m.impl("varlen_attention", varlen_attention_below_autograd); }
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("_varlen_attention_forward", forward_meta);
  m.impl("_varlen_attention_backward", backward_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("varlen_attention", varlen_attention_autograd);
  m.impl("_varlen_attention_forward", no_second_derivative());
  m.impl("_varlen_attention_backward", no_second_derivative());
}

}  // namespace torch_lora
