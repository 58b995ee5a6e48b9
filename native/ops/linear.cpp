// lora::linear: y = cat_i( x W_i^T + b_i + s_i drop_i(x) A_i^T B_i^T ), with its own derivative.
#include "ops/linear.h"

#include "ops/pch.h"

#include "ops/check.h"
#include "ops/device.h"
#include "ops/dispatch.h"
#include "ops/low_rank.h"
#include "ops/random_ops.h"

namespace torch_lora {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

// y, low, and what GELU was taken of.
using Forward = std::tuple<at::Tensor, at::Tensor, at::Tensor>;
using ForwardSignature = Forward(const at::Tensor&, at::TensorList, at::TensorList, const OptionalTensors&,
                                 const OptionalTensors&, at::ArrayRef<double>, double, const Optional&, const Optional&,
                                 bool, bool);
using BackwardSignature = std::vector<at::Tensor>(const at::Tensor&, const Optional&, const Optional&, at::TensorList,
                                                  const OptionalTensors&, const OptionalTensors&, at::ArrayRef<double>,
                                                  double, const Optional&, const Optional&, const Optional&,
                                                  at::IntArrayRef);

const auto& forward_op() {
  static const auto op = find_operator<ForwardSignature>("lora::_linear_forward");
  return op;
}
const auto& backward_op() {
  static const auto op = find_operator<BackwardSignature>("lora::_linear_backward");
  return op;
}

// ---- autograd ----

struct LinearArguments {
  at::TensorList weight, bias;
  const OptionalTensors& lora_A;
  const OptionalTensors& lora_B;
  at::ArrayRef<double> scaling;
  double dropout_p;
  const Optional& packed;
  const Optional& packed_t;
  bool gelu;
};

bool has_adapter(const OptionalTensors& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (list.get(i).has_value()) return true;
  }
  return false;
}

Optional draw_seed_if(bool needed) { return needed ? Optional(draw_seed()) : Optional(); }

Optional defined_or_none(const at::Tensor& tensor) { return tensor.defined() ? Optional(tensor) : Optional(); }

// Tensors of the graph node, in one flat order: x, weights, biases, then A and B of every segment that has them.
variable_list flatten(const at::Tensor& x, const LinearArguments& a) {
  variable_list flat{x};
  flat.insert(flat.end(), a.weight.begin(), a.weight.end());
  flat.insert(flat.end(), a.bias.begin(), a.bias.end());
  for (const auto* list : {&a.lora_A, &a.lora_B}) {
    for (size_t i = 0; i < list->size(); ++i) {
      const Optional tensor = list->get(i);
      if (tensor.has_value()) flat.push_back(*tensor);
    }
  }
  return flat;
}

bool any_requires_grad(const OptionalTensors& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Optional tensor = list.get(i);
    if (tensor.has_value() && tensor->requires_grad()) return true;
  }
  return false;
}

class Linear : public torch::autograd::Function<Linear> {
  static constexpr size_t kFirst = 5;  // saved tensors before the weights

 public:
  static at::Tensor forward(AutogradContext* ctx, const LinearArguments* a, at::TensorList flat) {
    at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor& x = flat[0];
    const bool adapter = has_adapter(a->lora_A);
    const Optional seed = draw_seed_if(adapter && a->dropout_p > 0.0);
    auto [y, skinny, pre_gelu] = forward_op().call(x, a->weight, a->bias, a->lora_A, a->lora_B, a->scaling,
                                                   a->dropout_p, seed, a->packed, a->gelu, true);
    bool weight_grad = false;
    for (const auto& weight : a->weight) weight_grad |= weight.requires_grad();
    // x is kept only for dW = dy^T x and dA = (s dy B)^T drop(x); a frozen layer keeps no activation at all.
    const bool keep_x = weight_grad || any_requires_grad(a->lora_A);
    const bool keep_skinny = any_requires_grad(a->lora_B);
    variable_list saved{keep_x ? x : at::Tensor(), keep_skinny ? skinny : at::Tensor(), seed.value_or(at::Tensor()),
                        a->packed_t.value_or(at::Tensor()), a->gelu ? pre_gelu : at::Tensor()};
    saved.insert(saved.end(), a->weight.begin(), a->weight.end());
    for (const auto* list : {&a->lora_A, &a->lora_B}) {
      for (size_t i = 0; i < a->weight.size(); ++i) {
        saved.push_back(list->empty() ? at::Tensor() : list->get(i).value_or(at::Tensor()));
      }
    }
    ctx->save_for_backward(std::move(saved));
    ctx->saved_data["segments"] = static_cast<int64_t>(a->weight.size());
    ctx->saved_data["biases"] = static_cast<int64_t>(a->bias.size());
    // Backward always sees one entry a segment, None where there is no adapter.
    ctx->saved_data["scaling"] = a->scaling.empty() ? std::vector<double>(a->weight.size()) : a->scaling.vec();
    ctx->saved_data["dropout_p"] = a->dropout_p;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const auto segments = static_cast<size_t>(ctx->saved_data["segments"].toInt());
    const auto biases = static_cast<size_t>(ctx->saved_data["biases"].toInt());
    std::vector<double> scaling = ctx->saved_data["scaling"].toDoubleVector();
    scaling.resize(segments);  // no adapter: the lists below name each segment all the same
    const variable_list weight(saved.begin() + kFirst, saved.begin() + kFirst + segments);
    OptionalTensors lora_A, lora_B;
    for (size_t i = 0; i < segments; ++i) lora_A.push_back(defined_or_none(saved[kFirst + segments + i]));
    for (size_t i = 0; i < segments; ++i) lora_B.push_back(defined_or_none(saved[kFirst + 2 * segments + i]));

    // `edge` walks the flat inputs; needs[] is x, then per segment W, b, A, B (all W first, and so on).
    size_t edge = 0;
    std::vector<int64_t> needs{ctx->needs_input_grad(edge++)};
    for (size_t i = 0; i < segments; ++i) needs.push_back(ctx->needs_input_grad(edge++));
    for (size_t i = 0; i < segments; ++i) needs.push_back(biases > 0 && ctx->needs_input_grad(edge++));
    for (const auto* list : {&lora_A, &lora_B}) {
      for (size_t i = 0; i < segments; ++i) {
        needs.push_back(list->get(i).has_value() && ctx->needs_input_grad(edge++));
      }
    }
    variable_list found =
        backward_op().call(grads[0], defined_or_none(saved[0]), defined_or_none(saved[1]), weight, lora_A, lora_B,
                           scaling, ctx->saved_data["dropout_p"].toDouble(), defined_or_none(saved[2]),
                           defined_or_none(saved[3]), defined_or_none(saved[4]), needs);

    variable_list result{at::Tensor()};  // the pointer argument of forward() has no gradient
    size_t next = 0;
    const auto take = [&](bool needed) { result.push_back(needed ? found[next++] : at::Tensor()); };
    take(needs[0]);
    for (size_t i = 0; i < segments; ++i) take(needs[1 + i]);
    for (size_t i = 0; i < biases; ++i) take(needs[1 + segments + i]);
    for (size_t i = 0; i < segments; ++i) {
      if (lora_A.get(i).has_value()) take(needs[1 + 2 * segments + i]);
    }
    for (size_t i = 0; i < segments; ++i) {
      if (lora_B.get(i).has_value()) take(needs[1 + 3 * segments + i]);
    }
    return result;
  }
};

template <bool Gelu>
at::Tensor linear_autograd(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                           const OptionalTensors& lora_A, const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
                           double dropout_p, const Optional& packed, const Optional& packed_t) {
  check_dropout("linear", dropout_p);
  const LinearArguments arguments{weight, bias, lora_A, lora_B, scaling, dropout_p, packed, packed_t, Gelu};
  const variable_list flat = flatten(x, arguments);
  bool differentiable = false;
  if (c10::GradMode::is_enabled()) {
    for (const auto& tensor : flat) differentiable |= tensor.requires_grad();
  }
  if (differentiable) return Linear::apply(&arguments, at::TensorList(flat));
  at::AutoDispatchBelowADInplaceOrView below;
  const Optional seed = draw_seed_if(dropout_p > 0.0 && has_adapter(lora_A));
  return std::get<0>(forward_op().call(x, weight, bias, lora_A, lora_B, scaling, dropout_p, seed, packed, Gelu, false));
}

// ---- below autograd ----

// Gradients are asked for by one number each: x, every W, b, A and B.
constexpr size_t kKinds = 4;

bool asks_for(at::IntArrayRef needs, size_t count, size_t kind) {
  const auto flags = needs.slice(1 + kind * count, count);
  return std::any_of(flags.begin(), flags.end(), [](int64_t flag) { return flag != 0; });
}

void check_needs(at::IntArrayRef needs, at::TensorList weight, const OptionalTensors& lora_A) {
  const size_t count = weight.size();
  TORCH_CHECK_VALUE(needs.size() == 1 + kKinds * count, "_linear_backward: expected needs to hold ", 1 + kKinds * count,
                    " numbers for ", count, " weights, received ", needs.size());
  for (size_t i = 0; i < count; ++i) {
    TORCH_CHECK_VALUE((needs[1 + 2 * count + i] == 0 && needs[1 + 3 * count + i] == 0) ||
                          (!lora_A.empty() && lora_A.get(i).has_value()),
                      "_linear_backward: expected no gradient of an adapter to be asked for where segment ", i,
                      " has none");
  }
}

// What backward is given beside the weights: see LinearBackward.
void check_backward(const LinearSegments& segments, const at::Tensor& grad, const Optional& x, const Optional& skinny,
                    double dropout_p, const Optional& seed, const Optional& pre_gelu, at::IntArrayRef needs) {
  const char* name = "_linear_backward";
  check_dropout(name, dropout_p);
  const Checks checks(name, "grad", grad);
  TORCH_CHECK_VALUE(grad.dim() >= 1 && segments.out > 0 && grad.size(-1) == segments.out, name,
                    ": expected grad [..., ", segments.out, "], received ", grad.sizes());
  const at::Tensor& weight = segments.parts[0].weight;
  checks.tensor("weight", weight, weight.sym_sizes());
  const int64_t tokens = grad.numel() / segments.out, rank = segments.rank;
  const size_t count = segments.parts.size();
  c10::SmallVector<c10::SymInt, 5> x_shape(grad.sym_sizes().begin(), grad.sym_sizes().end());
  x_shape.back() = segments.in;
  checks.needed("x", x, asks_for(needs, count, 0) || asks_for(needs, count, 2), x_shape);
  checks.needed("skinny", skinny, asks_for(needs, count, 3), {tokens, rank});
  checks.optional("pre_gelu", pre_gelu, {tokens, segments.out});
  checks.seed(seed);
}

Forward linear_forward(const at::Tensor& x, at::TensorList weight, at::TensorList bias, const OptionalTensors& lora_A,
                       const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
                       const Optional& seed, const Optional& packed, bool gelu, bool training) {
  check_dropout("_linear_forward", dropout_p);
  Checks("_linear_forward", "x", x).seed(seed);
  const LinearSegments segments = linear_segments(x, weight, bias, lora_A, lora_B, scaling);
  const LinearForward call{x.reshape({-1, segments.in}),  dropout_p, seed,
                           packed.value_or(at::Tensor()), gelu,      training};
  LinearOutput output = has_kernels(x) ? linear_forward_cpu(segments, call) : linear_forward_composed(segments, call);
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = segments.out;
  return {output.y.view(shape), output.skinny, output.pre_gelu};
}

Forward linear_forward_meta(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                            const OptionalTensors& lora_A, const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
                            double dropout_p, const Optional& seed, const Optional& packed, bool gelu, bool training) {
  check_dropout("_linear_forward", dropout_p);
  Checks("_linear_forward", "x", x).seed(seed);
  check_linear_lists(weight, bias, lora_A, lora_B, scaling);
  TORCH_CHECK_VALUE(x.dim() >= 1, "linear: expected x [..., in], received a scalar");
  std::vector<c10::SymInt> shape = x.sym_sizes().vec();
  c10::SymInt tokens = 1, out = 0, rank = 0;
  for (size_t i = 0; i + 1 < shape.size(); ++i) tokens = tokens * shape[i];
  for (const auto& w : weight) out = out + w.sym_size(0);
  for (size_t i = 0; i < lora_A.size(); ++i) {
    const Optional a = lora_A.get(i);
    if (!a.has_value()) continue;
    TORCH_CHECK_VALUE(a->dim() == 2, "linear: expected lora_A ", i, " [R, in], received ", a->sym_sizes());
    rank = rank + a->sym_size(0);
  }
  shape.back() = out;
  return {at::empty_symint(shape, x.options()), at::empty_symint({tokens, rank}, x.options()),
          gelu && training ? at::empty_symint({tokens, out}, x.options()) : at::empty_symint({0}, x.options())};
}

// Gradients that `needs` asks for, in its order: x, every W, every b, every A, every B.
std::vector<at::Tensor> linear_backward(const at::Tensor& grad, const Optional& x, const Optional& skinny,
                                        at::TensorList weight, const OptionalTensors& lora_A,
                                        const OptionalTensors& lora_B, at::ArrayRef<double> scaling, double dropout_p,
                                        const Optional& seed, const Optional& packed_t, const Optional& pre_gelu,
                                        at::IntArrayRef needs) {
  const LinearSegments segments = linear_segments(weight, lora_A, lora_B, scaling);
  check_needs(needs, weight, lora_A);
  check_backward(segments, grad, x, skinny, dropout_p, seed, pre_gelu, needs);
  const int64_t in = segments.in;
  std::vector<int64_t> x_shape = grad.sizes().vec();
  x_shape.back() = in;
  const LinearBackward call{grad.reshape({-1, segments.out}),
                            x.has_value() ? x->reshape({-1, in}) : at::Tensor(),
                            skinny.value_or(at::Tensor()),
                            dropout_p,
                            seed,
                            packed_t.value_or(at::Tensor()),
                            pre_gelu.value_or(at::Tensor()),
                            std::vector<bool>(needs.begin(), needs.end())};
  std::vector<at::Tensor> result =
      has_kernels(grad) ? linear_backward_cpu(segments, call) : linear_backward_composed(segments, call);
  if (needs[0]) result[0] = result[0].view(x_shape);
  return result;
}

std::vector<at::Tensor> linear_backward_meta(const at::Tensor& grad, const Optional& x, const Optional& skinny,
                                             at::TensorList weight, const OptionalTensors& lora_A,
                                             const OptionalTensors& lora_B, at::ArrayRef<double> scaling,
                                             double dropout_p, const Optional& seed, const Optional& packed_t,
                                             const Optional& pre_gelu, at::IntArrayRef needs) {
  check_linear_lists(weight, {}, lora_A, lora_B, scaling);
  check_needs(needs, weight, lora_A);
  TORCH_CHECK_VALUE(grad.dim() >= 1, "_linear_backward: expected grad [..., out], received a scalar");
  const size_t count = weight.size();
  std::vector<at::Tensor> result;
  const auto like = [&](const at::Tensor& t) { result.push_back(at::empty_symint(t.sym_sizes(), t.options())); };
  if (needs[0]) {
    std::vector<c10::SymInt> shape = grad.sym_sizes().vec();
    shape.back() = weight[0].sym_size(1);
    result.push_back(at::empty_symint(shape, grad.options()));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + i]) like(weight[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + count + i]) result.push_back(at::empty_symint({weight[i].sym_size(0)}, grad.options()));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + 2 * count + i]) like(*lora_A.get(i));
  }
  for (size_t i = 0; i < count; ++i) {
    if (needs[1 + 3 * count + i]) like(*lora_B.get(i));
  }
  return result;
}

template <bool Gelu>
at::Tensor linear_below_autograd(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                                 const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                                 at::ArrayRef<double> scaling, double dropout_p, const Optional& packed,
                                 const Optional& packed_t) {
  check_dropout("linear", dropout_p);
  const Optional seed = draw_seed_if(dropout_p > 0.0 && has_adapter(lora_A));
  return std::get<0>(forward_op().call(x, weight, bias, lora_A, lora_B, scaling, dropout_p, seed, packed, Gelu, false));
}

// The tensors become views of one storage, one after the other, so that lora::linear takes them as one; who holds them
// sees the same values. Before anything has captured where they lie.
void share_storage(at::TensorList tensors) {
  if (tensors.empty()) return;
  int64_t rows = 0;
  for (const auto& tensor : tensors) {
    check_strided("share_storage_", "tensors", tensor);
    TORCH_CHECK_VALUE(tensor.dim() >= 1 && tensor.sizes().slice(1) == tensors[0].sizes().slice(1) &&
                          tensor.scalar_type() == tensors[0].scalar_type() && tensor.device() == tensors[0].device(),
                      "share_storage_: expected tensors of one type and device that differ in their first size only, "
                      "received ",
                      tensor.scalar_type(), " ", tensor.sizes(), " on ", tensor.device(), " beside ",
                      tensors[0].scalar_type(), " ", tensors[0].sizes(), " on ", tensors[0].device());
    TORCH_CHECK_VALUE(!__builtin_add_overflow(rows, tensor.size(0), &rows),
                      "share_storage_: the tensors have more rows than there are numbers");
  }
  const c10::NoGradGuard no_grad;
  std::vector<int64_t> sizes = tensors[0].sizes().vec();
  sizes[0] = rows;
  checked_elements("share_storage_", sizes);
  const at::Tensor all = at::empty(sizes, tensors[0].options());
  int64_t offset = 0;
  for (const auto& tensor : tensors) {
    at::Tensor own = all.narrow(0, offset, tensor.size(0));
    own.copy_(tensor);
    tensor.set_data(own);
    offset += tensor.size(0);
  }
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lora, m) {
  const std::vector<at::Tag> random{at::Tag::nondeterministic_seeded};
  const std::string arguments =
      "(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, "
      "float dropout_p=0.0, Tensor? packed=None, Tensor? packed_t=None) -> Tensor";
  m.def(("linear" + arguments).c_str(), random);
  m.def(("linear_gelu" + arguments).c_str(), random);
  m.def(
      "_linear_forward(Tensor x, Tensor[] weight, Tensor[] bias, Tensor?[] lora_A, Tensor?[] lora_B, float[] scaling, "
      "float dropout_p, Tensor? seed, Tensor? packed, bool gelu, bool training) -> (Tensor, Tensor, Tensor)");
  m.def(
      "_linear_backward(Tensor grad, Tensor? x, Tensor? skinny, Tensor[] weight, Tensor?[] lora_A, Tensor?[] lora_B, "
      "float[] scaling, float dropout_p, Tensor? seed, Tensor? packed_t, Tensor? pre_gelu, int[] needs) "
      "-> Tensor[]");
  m.def("share_storage_(Tensor(a!)[] tensors) -> ()");
}
TORCH_LIBRARY_IMPL(lora, CompositeImplicitAutograd, m) { m.impl("share_storage_", share_storage); }
TORCH_LIBRARY_IMPL(lora, CompositeExplicitAutograd, m) {
  m.impl("linear", linear_below_autograd<false>);
  m.impl("linear_gelu", linear_below_autograd<true>);
  m.impl("_linear_forward", linear_forward);
  m.impl("_linear_backward", linear_backward);
}
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("_linear_forward", linear_forward_meta);
  m.impl("_linear_backward", linear_backward_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) {
  m.impl("linear", linear_autograd<false>);
  m.impl("linear_gelu", linear_autograd<true>);
  m.impl("_linear_forward", no_second_derivative());
  m.impl("_linear_backward", no_second_derivative());
}

}  // namespace torch_lora
