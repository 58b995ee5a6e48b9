// Checks the arguments of lora::linear and lays out its segments.
#include "ops/pch.h"

#include "ops/check.h"
#include "ops/linear.h"

namespace torch_lora {

using Optional = std::optional<at::Tensor>;

namespace {

// What every tensor of a call shares.
struct Tokens {
  int64_t in;
  at::ScalarType type;
  at::Device device;
};

}  // namespace

void check_linear_lists(at::TensorList weight, at::TensorList bias, const OptionalTensors& lora_A,
                        const OptionalTensors& lora_B, at::ArrayRef<double> scaling) {
  const size_t count = weight.size();
  TORCH_CHECK_VALUE(count > 0, "linear: expected at least one weight, received an empty list");
  TORCH_CHECK_VALUE(bias.empty() || bias.size() == count, "linear: expected no bias or one a weight (", count,
                    "), received ", bias.size());
  TORCH_CHECK_VALUE(
      lora_A.size() == lora_B.size() && lora_A.size() == scaling.size() && (lora_A.empty() || lora_A.size() == count),
      "linear: expected lora_A, lora_B and scaling to be all empty or to have one entry a weight (", count,
      "), received ", lora_A.size(), ", ", lora_B.size(), " and ", scaling.size());
  for (const auto& tensor : weight) {
    check_strided("linear", "weight", tensor);
    TORCH_CHECK_VALUE(tensor.dim() == 2, "linear: expected weights [out, in], received ", tensor.sym_sizes());
  }
}

namespace {

LinearSegments lay_out(const Tokens& x, at::TensorList weight, at::TensorList bias, const OptionalTensors& lora_A,
                       const OptionalTensors& lora_B, at::ArrayRef<double> scaling) {
  const auto check_type = [&](const at::Tensor& tensor, const char* name) {
    TORCH_CHECK_TYPE(tensor.scalar_type() == x.type && tensor.device() == x.device, "linear: expected ", name, " of ",
                     x.type, " on ", x.device, " like x, received ", tensor.scalar_type(), " on ", tensor.device());
  };
  // Under half precision the adapter may stay float32: training moves it by steps that half precision would lose.
  const bool half = x.type == at::kHalf || x.type == at::kBFloat16;
  const auto check_adapter = [&](const at::Tensor& tensor, const char* name) {
    if (!(half && tensor.scalar_type() == at::kFloat && tensor.device() == x.device)) check_type(tensor, name);
  };
  LinearSegments result;
  result.in = x.in;
  for (size_t i = 0; i < weight.size(); ++i) {
    LinearSegment part;
    part.weight = weight[i];
    TORCH_CHECK_VALUE(part.weight.size(1) == result.in, "linear: expected weight ", i, " [out, ", result.in,
                      "] for x [..., ", result.in, "], received ", part.weight.sizes());
    check_type(part.weight, "weight");
    part.out = part.weight.size(0);
    if (!bias.empty()) {
      part.bias = bias[i];
      check_strided("linear", "bias", part.bias);
      TORCH_CHECK_VALUE(part.bias.dim() == 1 && part.bias.size(0) == part.out, "linear: expected bias ", i, " [",
                        part.out, "], received ", part.bias.sizes());
      check_type(part.bias, "bias");
    }
    if (!lora_A.empty()) {
      const Optional a = lora_A.get(i), b = lora_B.get(i);
      TORCH_CHECK_VALUE(a.has_value() == b.has_value(), "linear: segment ", i, " has lora_", a.has_value() ? "A" : "B",
                        " but not lora_", a.has_value() ? "B" : "A");
      if (a.has_value()) {
        check_strided("linear", "lora_A", *a);
        check_strided("linear", "lora_B", *b);
        TORCH_CHECK_VALUE(a->dim() == 2 && a->size(0) > 0 && a->size(1) == result.in, "linear: expected lora_A ", i,
                          " [R, ", result.in, "] of at least one row, received ", a->sizes());
        TORCH_CHECK_VALUE(b->dim() == 2 && b->size(0) == part.out && b->size(1) == a->size(0),
                          "linear: expected lora_B ", i, " [", part.out, ", ", a->size(0), "], received ", b->sizes());
        check_adapter(*a, "lora_A");
        check_adapter(*b, "lora_B");
        part.lora_A = *a;
        part.lora_B = *b;
        part.scaling = scaling[i];
        part.rank = a->size(0);
      }
    }
    part.index = static_cast<int64_t>(i);
    part.offset = result.out;
    part.rank_offset = result.rank;
    TORCH_CHECK_VALUE(!__builtin_add_overflow(result.out, part.out, &result.out),
                      "linear: the weights have more rows than there are numbers");
    result.rank += part.rank;
    result.parts.push_back(std::move(part));
  }
  return result;
}

}  // namespace

LinearSegments linear_segments(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                               const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                               at::ArrayRef<double> scaling) {
  check_linear_lists(weight, bias, lora_A, lora_B, scaling);
  const Checks checks("linear", "x", x);
  TORCH_CHECK_VALUE(x.dim() >= 1 && x.size(-1) > 0, "linear: expected x [..., in], received ", x.sizes());
  return lay_out({x.size(-1), x.scalar_type(), x.device()}, weight, bias, lora_A, lora_B, scaling);
}

LinearSegments linear_segments(at::TensorList weight, const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                               at::ArrayRef<double> scaling) {
  check_linear_lists(weight, {}, lora_A, lora_B, scaling);
  const at::Tensor& first = weight[0];
  TORCH_CHECK_VALUE(first.size(1) > 0, "linear: expected weight 0 [out, in], received ", first.sizes());
  return lay_out({first.size(1), first.scalar_type(), first.device()}, weight, {}, lora_A, lora_B, scaling);
}

}  // namespace torch_lora
