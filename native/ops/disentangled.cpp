// lora::disentangled_attention: DeBERTa's attention over packed sequences, with its own derivative.
//
// softmax(scale (Q K^T + Q PK[c(i - j)]^T + K PQ[c(i - j)]^T)) V within each sequence; see disentangled_kernel.h.
#include "ops/disentangled.h"

#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include "ops/attention.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

using ForwardSignature = std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const Optional&, const Optional&,
                                                            const at::Tensor&, const at::Tensor&, int64_t, int64_t,
                                                            double, double, const Optional&);
using BackwardSignature = std::vector<at::Tensor>(const at::Tensor&, const at::Tensor&, const Optional&,
                                                  const Optional&, const at::Tensor&, const at::Tensor&,
                                                  const at::Tensor&, const at::Tensor&, int64_t, int64_t, double,
                                                  double, const Optional&, at::IntArrayRef);

const auto& forward_op() {
  static const auto op = find_operator<ForwardSignature>("lora::_disentangled_attention_forward");
  return op;
}
const auto& backward_op() {
  static const auto op = find_operator<BackwardSignature>("lora::_disentangled_attention_backward");
  return op;
}

double scale_or_default(const at::Tensor& qkv, const Optional& pos_key, const Optional& pos_query,
                        std::optional<double> scale) {
  return disentangled_scale(scale, qkv.sym_size(3).guard_int(__FILE__, __LINE__), pos_key.has_value(),
                            pos_query.has_value());
}

class DisentangledAttention : public torch::autograd::Function<DisentangledAttention> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const Optional& pos_key,
                            const Optional& pos_query, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                            const RelativePositions* positions, double dropout_p, double scale) {
    at::AutoDispatchBelowADInplaceOrView below;
    const Optional seed = dropout_p > 0.0 ? Optional(draw_seed()) : Optional();
    auto [out, logsumexp] = forward_op().call(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, positions->buckets,
                                              positions->max_position, dropout_p, scale, seed);
    ctx->save_for_backward({qkv, pos_key.value_or(at::Tensor()), pos_query.value_or(at::Tensor()), out, logsumexp,
                            cu_seqlens, max_seqlen, seed.value_or(at::Tensor())});
    ctx->saved_data["buckets"] = positions->buckets;
    ctx->saved_data["max_position"] = positions->max_position;
    ctx->saved_data["dropout_p"] = dropout_p;
    ctx->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const auto optional = [](const at::Tensor& t) { return t.defined() ? Optional(t) : Optional(); };
    const bool has_key = saved[1].defined(), has_query = saved[2].defined();
    // Edges exist only for the tables that were given.
    const bool key_grad = has_key && ctx->needs_input_grad(1);
    const bool query_grad = has_query && ctx->needs_input_grad(1 + has_key);
    variable_list found =
        backward_op().call(grads[0], saved[0], optional(saved[1]), optional(saved[2]), saved[3], saved[4], saved[5],
                           saved[6], ctx->saved_data["buckets"].toInt(), ctx->saved_data["max_position"].toInt(),
                           ctx->saved_data["dropout_p"].toDouble(), ctx->saved_data["scale"].toDouble(),
                           optional(saved[7]), {key_grad, query_grad});
    variable_list result(8);
    result[0] = found[0];
    if (key_grad) result[1] = found[1];
    if (query_grad) result[2] = found[1 + key_grad];
    return result;
  }
};

at::Tensor below_autograd(const at::Tensor& qkv, const Optional& pos_key, const Optional& pos_query,
                          const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, int64_t position_buckets,
                          int64_t max_position, double dropout_p, std::optional<double> scale) {
  check_disentangled("disentangled_attention", qkv, pos_key, pos_query, cu_seqlens, max_seqlen,
                     {position_buckets, max_position}, dropout_p);
  if (!has_own_kernel(forward_op(), qkv)) {
    return disentangled_attention_reference(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, position_buckets,
                                            max_position, dropout_p, scale, std::nullopt);
  }
  return std::get<0>(forward_op().call(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, position_buckets, max_position,
                                       dropout_p, scale_or_default(qkv, pos_key, pos_query, scale),
                                       dropout_p > 0.0 ? Optional(draw_seed()) : Optional()));
}

// Kernels on CUDA add up the gradients of tables of positions in any order.
bool in_any_order(const at::Tensor& qkv, bool tables) {
  return tables && qkv.is_cuda() && at::globalContext().deterministicAlgorithms();
}

at::Tensor autograd(const at::Tensor& qkv, const Optional& pos_key, const Optional& pos_query,
                    const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, int64_t position_buckets,
                    int64_t max_position, double dropout_p, std::optional<double> scale) {
  const bool tables =
      (pos_key.has_value() && pos_key->requires_grad()) || (pos_query.has_value() && pos_query->requires_grad());
  if (!c10::GradMode::is_enabled() || !(qkv.requires_grad() || tables)) {
    at::AutoDispatchBelowADInplaceOrView below;
    return below_autograd(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, position_buckets, max_position, dropout_p,
                          scale);
  }
  const RelativePositions positions{position_buckets, max_position};
  check_disentangled("disentangled_attention", qkv, pos_key, pos_query, cu_seqlens, max_seqlen, positions, dropout_p);
  if (!has_own_kernel(forward_op(), qkv) || in_any_order(qkv, tables)) {
    return disentangled_attention_reference(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, position_buckets,
                                            max_position, dropout_p, scale, std::nullopt);
  }
  return DisentangledAttention::apply(qkv, pos_key, pos_query, cu_seqlens, max_seqlen, &positions, dropout_p,
                                      scale_or_default(qkv, pos_key, pos_query, scale));
}

std::tuple<at::Tensor, at::Tensor> forward_meta(const at::Tensor& qkv, const Optional& pos_key,
                                                const Optional& pos_query, const at::Tensor& cu_seqlens,
                                                const at::Tensor& max_seqlen, int64_t position_buckets,
                                                int64_t max_position, double dropout_p, double scale,
                                                const Optional& seed) {
  check_disentangled("_disentangled_attention_forward", qkv, pos_key, pos_query, cu_seqlens, max_seqlen,
                     {position_buckets, max_position}, dropout_p, seed);
  return {
      at::empty_symint({qkv.sym_size(0), qkv.sym_size(2), qkv.sym_size(3)}, qkv.options()),
      at::empty_symint({qkv.sym_size(2), qkv.sym_size(0)}, qkv.options().dtype(at::toOpMathType(qkv.scalar_type())))};
}

std::vector<at::Tensor> backward_meta(const at::Tensor& grad, const at::Tensor& qkv, const Optional& pos_key,
                                      const Optional& pos_query, const at::Tensor& out, const at::Tensor& logsumexp,
                                      const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                      int64_t position_buckets, int64_t max_position, double dropout_p, double scale,
                                      const Optional& seed, at::IntArrayRef needs) {
  check_disentangled_backward(grad, qkv, pos_key, pos_query, out, logsumexp, cu_seqlens, max_seqlen,
                              {position_buckets, max_position}, dropout_p, seed, needs);
  std::vector<at::Tensor> result{at::empty_symint(qkv.sym_sizes(), qkv.options())};
  if (needs[0]) result.push_back(at::empty_symint(pos_key->sym_sizes(), qkv.options()));
  if (needs[1]) result.push_back(at::empty_symint(pos_query->sym_sizes(), qkv.options()));
  return result;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "disentangled_attention(Tensor qkv, Tensor? pos_key, Tensor? pos_query, Tensor cu_seqlens, Tensor max_seqlen, "
      "int position_buckets, int max_position, float dropout_p=0.0, float? scale=None) -> Tensor",
      {at::Tag::nondeterministic_seeded});
  m.def(
      "_disentangled_attention_forward(Tensor qkv, Tensor? pos_key, Tensor? pos_query, Tensor cu_seqlens, "
      "Tensor max_seqlen, int position_buckets, int max_position, float dropout_p, float scale, Tensor? seed) "
      "-> (Tensor, Tensor)");
  m.def(
      "_disentangled_attention_backward(Tensor grad, Tensor qkv, Tensor? pos_key, Tensor? pos_query, Tensor out, "
      "Tensor logsumexp, Tensor cu_seqlens, Tensor max_seqlen, int position_buckets, int max_position, "
      "float dropout_p, float scale, Tensor? seed, int[] needs) -> Tensor[]");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) { m.impl("disentangled_attention", below_autograd); }
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("_disentangled_attention_forward", forward_meta);
  m.impl("_disentangled_attention_backward", backward_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("disentangled_attention", autograd);
  m.impl("_disentangled_attention_forward", no_second_derivative());
  m.impl("_disentangled_attention_backward", no_second_derivative());
}

}  // namespace torch_lora
