// lora::varlen_attention: softmax(scale Q K^T) V within each packed sequence, with its own derivative.
#include "ops/attention.h"

#include "ops/pch.h"

#include <cmath>
#include <limits>

#include "ops/attention_tasks.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/scratch.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/random.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

using ForwardSignature = std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                            double, double, const Optional&);
using BackwardSignature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                     const at::Tensor&, const at::Tensor&, double, double, const Optional&);

const auto& forward_op() {
  static const auto op = find_operator<ForwardSignature>("lora::_varlen_attention_forward");
  return op;
}
const auto& backward_op() {
  static const auto op = find_operator<BackwardSignature>("lora::_varlen_attention_backward");
  return op;
}

Optional draw_seed_if(bool needed) { return needed ? Optional(draw_seed()) : Optional(); }

constexpr int64_t kForwardRows = 128;  // query rows of one task: enough to pay for packing the keys

template <class T>
cpu::Attention<T> arguments(const at::Tensor& qkv, double dropout_p, double scale, const Optional& seed) {
  cpu::Attention<T> a{};
  a.qkv = qkv.const_data_ptr<T>();
  a.token_stride = qkv.stride(0);
  a.part_stride = qkv.stride(1);
  a.head_stride = qkv.stride(2);
  a.tokens = qkv.size(0);
  a.heads = qkv.size(2);
  a.head_size = qkv.size(3);
  a.scale = static_cast<T>(scale);
  a.dropped = seed.has_value();
  if (a.dropped) {
    a.seed = static_cast<uint64_t>(seed->item<int64_t>());
    a.bound = drop_bound(dropout_p);
    a.keep_scale = static_cast<T>(keep_scale(dropout_p));
  }
  return a;
}

class VarlenAttention : public torch::autograd::Function<VarlenAttention> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                            const at::Tensor& max_seqlen, double dropout_p, double scale) {
    at::AutoDispatchBelowADInplaceOrView below;
    const Optional seed = draw_seed_if(dropout_p > 0.0);
    auto [out, logsumexp] = forward_op().call(qkv, cu_seqlens, max_seqlen, dropout_p, scale, seed);
    ctx->save_for_backward({qkv, out, logsumexp, cu_seqlens, max_seqlen, seed.value_or(at::Tensor())});
    ctx->saved_data["dropout_p"] = dropout_p;
    ctx->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Optional seed = saved[5].defined() ? Optional(saved[5]) : Optional();
    variable_list result(5);
    result[0] = backward_op().call(grads[0], saved[0], saved[1], saved[2], saved[3], saved[4],
                                   ctx->saved_data["dropout_p"].toDouble(), ctx->saved_data["scale"].toDouble(), seed);
    return result;
  }
};

// A symbolic head size cannot be read here without specialising it, which is what we want: it never varies.
double scale_or_default(const at::Tensor& qkv, std::optional<double> scale) {
  return attention_scale(scale, qkv.sym_size(3).guard_int(__FILE__, __LINE__));
}

std::tuple<at::Tensor, at::Tensor> forward_composed(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                                    const at::Tensor& max_seqlen, double dropout_p, double scale,
                                                    const Optional& seed) {
  const int64_t tokens = qkv.size(0), heads = qkv.size(2);
  const auto bounds = sequence_bounds("varlen_attention", cu_seqlens, max_seqlen, tokens);
  const int64_t longest = max_seqlen.item<int64_t>();
  at::Tensor mask;
  if (seed.has_value()) mask = dropout_mask(*seed, {heads, tokens, longest}, dropout_p, qkv);
  at::Tensor out = at::empty({tokens, heads, qkv.size(3)}, qkv.options());
  at::Tensor logsumexp = at::empty({heads, tokens}, qkv.options());
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t start = bounds[b], length = bounds[b + 1] - start;
    if (length == 0) continue;
    const at::Tensor part = qkv.narrow(0, start, length).permute({1, 2, 0, 3});            // [3, N, L, D]
    const at::Tensor scores = at::matmul(part[0], part[1].transpose(1, 2)).mul_(scale);    // [N, L, L]
    logsumexp.narrow(1, start, length).copy_(scores.logsumexp(-1));
    at::Tensor weights = scores.softmax(-1);
    if (mask.defined()) weights = weights * mask.narrow(1, start, length).narrow(2, 0, length);
    out.narrow(0, start, length).copy_(at::matmul(weights, part[2]).transpose(0, 1));
  }
  return {out, logsumexp};
}

at::Tensor backward_composed(const at::Tensor& grad, const at::Tensor& qkv, const at::Tensor& out,
                             const at::Tensor& logsumexp, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                             double dropout_p, double scale, const Optional& seed) {
  const int64_t tokens = qkv.size(0), heads = qkv.size(2);
  const auto bounds = sequence_bounds("varlen_attention", cu_seqlens, max_seqlen, tokens);
  at::Tensor mask;
  if (seed.has_value()) mask = dropout_mask(*seed, {heads, tokens, max_seqlen.item<int64_t>()}, dropout_p, qkv);
  at::Tensor dqkv = at::empty(qkv.sizes(), qkv.options());
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t start = bounds[b], length = bounds[b + 1] - start;
    if (length == 0) continue;
    const at::Tensor part = qkv.narrow(0, start, length).permute({1, 2, 0, 3});    // [3, N, L, D]
    const at::Tensor dout = grad.narrow(0, start, length).transpose(0, 1);         // [N, L, D]
    const at::Tensor row_sum = (dout * out.narrow(0, start, length).transpose(0, 1)).sum(-1, true);  // [N, L, 1]
    const at::Tensor scores = at::matmul(part[0], part[1].transpose(1, 2)).mul_(scale);
    const at::Tensor weights = scores.sub_(logsumexp.narrow(1, start, length).unsqueeze(-1)).exp_();  // [N, L, L]
    at::Tensor dweights = at::matmul(dout, part[2].transpose(1, 2));
    at::Tensor dropped = weights;
    if (mask.defined()) {
      const at::Tensor block = mask.narrow(1, start, length).narrow(2, 0, length);
      dweights = dweights * block;
      dropped = weights * block;
    }
    const at::Tensor dscores = (dweights - row_sum).mul_(weights).mul_(scale);
    const at::Tensor target = dqkv.narrow(0, start, length).permute({1, 2, 0, 3});
    target[0].copy_(at::matmul(dscores, part[1]));
    target[1].copy_(at::matmul(dscores.transpose(1, 2), part[0]));
    target[2].copy_(at::matmul(dropped.transpose(1, 2), dout));
  }
  return dqkv;
}

std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                           const at::Tensor& max_seqlen, double dropout_p, double scale,
                                           const Optional& seed) {
  if (!has_kernels(qkv)) return forward_composed(qkv, cu_seqlens, max_seqlen, dropout_p, scale, seed);
  const auto bounds = sequence_bounds("varlen_attention", cu_seqlens, max_seqlen, qkv.size(0));
  const at::Tensor source = qkv.stride(3) == 1 ? qkv : qkv.contiguous();
  at::Tensor out = at::empty({qkv.size(0), qkv.size(2), qkv.size(3)}, qkv.options());
  at::Tensor logsumexp = at::empty({qkv.size(2), qkv.size(0)}, qkv.options());
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    cpu::Attention<T> a = arguments<T>(source, dropout_p, scale, seed);
    a.out = out.data_ptr<T>();
    a.logsumexp = logsumexp.data_ptr<T>();
    const auto& kernels = cpu::kernels<T>();
    run_tasks(attention_tasks(bounds, a.heads, kForwardRows), [&](const AttentionTask& task) {
      void* scratch = cpu::thread_scratch(kernels.attention_scratch(task.length, a.head_size, false));
      kernels.attention_forward(a, task.start, task.length, task.head, task.query, task.query_end, scratch);
    });
  });
  return {out, logsumexp};
}

at::Tensor backward(const at::Tensor& grad, const at::Tensor& qkv, const at::Tensor& out, const at::Tensor& logsumexp,
                    const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen, double dropout_p, double scale,
                    const Optional& seed) {
  if (!has_kernels(qkv)) {
    return backward_composed(grad, qkv, out, logsumexp, cu_seqlens, max_seqlen, dropout_p, scale, seed);
  }
  const auto bounds = sequence_bounds("varlen_attention", cu_seqlens, max_seqlen, qkv.size(0));
  const at::Tensor source = qkv.stride(3) == 1 ? qkv : qkv.contiguous();
  const at::Tensor dout = grad.stride(2) == 1 ? grad : grad.contiguous();
  at::Tensor dqkv = at::empty(qkv.sizes(), qkv.options());
  dispatch_kernels(qkv, [&](auto zero) {
    using T = decltype(zero);
    cpu::Attention<T> a = arguments<T>(source, dropout_p, scale, seed);
    a.out = const_cast<T*>(out.const_data_ptr<T>());
    a.logsumexp = const_cast<T*>(logsumexp.const_data_ptr<T>());
    a.dout = dout.const_data_ptr<T>();
    a.dout_token_stride = dout.stride(0);
    a.dout_head_stride = dout.stride(1);
    a.dqkv = dqkv.data_ptr<T>();
    const auto& kernels = cpu::kernels<T>();
    run_tasks(attention_tasks(bounds, a.heads, std::numeric_limits<int64_t>::max()), [&](const AttentionTask& task) {
      void* scratch = cpu::thread_scratch(kernels.attention_scratch(task.length, a.head_size, true));
      kernels.attention_backward(a, task.start, task.length, task.head, scratch);
    });
  });
  return dqkv;
}

std::tuple<at::Tensor, at::Tensor> forward_meta(const at::Tensor& qkv, const at::Tensor& cu_seqlens,
                                                const at::Tensor& max_seqlen, double dropout_p, double scale,
                                                const Optional& seed) {
  return {at::empty_symint({qkv.sym_size(0), qkv.sym_size(2), qkv.sym_size(3)}, qkv.options()),
          at::empty_symint({qkv.sym_size(2), qkv.sym_size(0)}, qkv.options())};
}

at::Tensor backward_meta(const at::Tensor& grad, const at::Tensor& qkv, const at::Tensor& out,
                         const at::Tensor& logsumexp, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                         double dropout_p, double scale, const Optional& seed) {
  return at::empty_symint(qkv.sym_sizes(), qkv.options());
}

}  // namespace

std::vector<int64_t> sequence_bounds(const char* op, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                                     int64_t tokens) {
  const at::Tensor host = cu_seqlens.cpu().contiguous();
  const int64_t longest = max_seqlen.item<int64_t>();
  TORCH_CHECK_VALUE(host.numel() >= 1, op, ": expected cu_seqlens to hold at least one number, received none");
  const auto* values = host.data_ptr<int32_t>();
  const std::vector<int64_t> bounds(values, values + host.numel());
  TORCH_CHECK_VALUE(bounds.front() == 0, op, ": expected cu_seqlens to start at 0, received ", bounds.front());
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t length = bounds[b + 1] - bounds[b];
    TORCH_CHECK_VALUE(length >= 0, op, ": expected cu_seqlens never to decrease, received ", bounds[b], " then ",
                      bounds[b + 1], " at index ", b + 1);
    TORCH_CHECK_VALUE(length <= longest, op, ": sequence ", b, " has ", length, " tokens, more than max_seqlen ",
                      longest);
  }
  TORCH_CHECK_VALUE(bounds.back() == tokens, op, ": expected cu_seqlens to end at the number of tokens ", tokens,
                    ", received ", bounds.back());
  return bounds;
}

void check_attention(const char* op, const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                     double dropout_p) {
  check_dropout(op, dropout_p);
  TORCH_CHECK_VALUE(qkv.dim() == 4 && qkv.sym_size(1) == 3, op, ": expected qkv [T, 3, N, D], received ",
                    qkv.sym_sizes());
  TORCH_CHECK_VALUE(cu_seqlens.dim() == 1 && cu_seqlens.scalar_type() == at::kInt,
                    op, ": expected cu_seqlens [B + 1] of int32, received ", cu_seqlens.sym_sizes(), " of ",
                    cu_seqlens.scalar_type());
  TORCH_CHECK_VALUE(cu_seqlens.device() == qkv.device(), op, ": expected cu_seqlens on ", qkv.device(),
                    " like qkv, received ", cu_seqlens.device());
  TORCH_CHECK_VALUE(max_seqlen.dim() == 0 && !at::isFloatingType(max_seqlen.scalar_type()),
                    op, ": expected max_seqlen to be an integer scalar tensor, received ",
                    max_seqlen.sym_sizes(), " of ", max_seqlen.scalar_type());
}

at::Tensor varlen_attention_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                    double dropout_p, std::optional<double> scale) {
  check_attention("varlen_attention", qkv, cu_seqlens, max_seqlen, dropout_p);
  if (!c10::GradMode::is_enabled() || !qkv.requires_grad()) {
    at::AutoDispatchBelowADInplaceOrView below;
    return varlen_attention_below_autograd(qkv, cu_seqlens, max_seqlen, dropout_p, scale);
  }
  return VarlenAttention::apply(qkv, cu_seqlens, max_seqlen, dropout_p, scale_or_default(qkv, scale));
}

at::Tensor varlen_attention_below_autograd(const at::Tensor& qkv, const at::Tensor& cu_seqlens, const at::Tensor& max_seqlen,
                          double dropout_p, std::optional<double> scale) {
  check_attention("varlen_attention", qkv, cu_seqlens, max_seqlen, dropout_p);
  return std::get<0>(forward_op().call(qkv, cu_seqlens, max_seqlen, dropout_p, scale_or_default(qkv, scale),
                                       draw_seed_if(dropout_p > 0.0)));
}

double attention_scale(std::optional<double> scale, int64_t head_size) {
  return scale.value_or(1.0 / std::sqrt(static_cast<double>(head_size)));
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def(
      "varlen_attention(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p=0.0, float? scale=None) "
      "-> Tensor",
      {at::Tag::nondeterministic_seeded});
  m.def(
      "_varlen_attention_forward(Tensor qkv, Tensor cu_seqlens, Tensor max_seqlen, float dropout_p, float scale, "
      "Tensor? seed) -> (Tensor, Tensor)");
  m.def(
      "_varlen_attention_backward(Tensor grad, Tensor qkv, Tensor out, Tensor logsumexp, Tensor cu_seqlens, "
      "Tensor max_seqlen, float dropout_p, float scale, Tensor? seed) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("varlen_attention", varlen_attention_below_autograd);
  m.impl("_varlen_attention_forward", forward);
  m.impl("_varlen_attention_backward", backward);
}
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
