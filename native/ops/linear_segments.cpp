// Checks the arguments of lora::linear and lays out its segments.
#include "ops/pch.h"

#include "ops/linear.h"

namespace torch_lora {

using Optional = std::optional<at::Tensor>;

LinearSegments linear_segments(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                               const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                               at::ArrayRef<double> scaling) {
  const size_t count = weight.size();
  TORCH_CHECK_VALUE(count > 0, "linear: expected at least one weight, received an empty list");
  TORCH_CHECK_VALUE(x.dim() >= 1, "linear: expected x [..., in], received a scalar");
  TORCH_CHECK_VALUE(bias.empty() || bias.size() == count, "linear: expected no bias or one a weight (", count,
                    "), received ", bias.size());
  TORCH_CHECK_VALUE(
      lora_A.size() == lora_B.size() && lora_A.size() == scaling.size() && (lora_A.empty() || lora_A.size() == count),
      "linear: expected lora_A, lora_B and scaling to be all empty or to have one entry a weight (", count,
      "), received ", lora_A.size(), ", ", lora_B.size(), " and ", scaling.size());
  const auto check_type = [&](const at::Tensor& tensor, const char* name) {
    TORCH_CHECK_TYPE(tensor.scalar_type() == x.scalar_type() && tensor.device() == x.device(), "linear: expected ",
                     name, " of ", x.scalar_type(), " on ", x.device(), " like x, received ", tensor.scalar_type(),
                     " on ", tensor.device());
  };
  // Under half precision the adapter may stay float32: training moves it by steps that half precision would lose.
  const bool half = x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16;
  const auto check_adapter = [&](const at::Tensor& tensor, const char* name) {
    if (!(half && tensor.scalar_type() == at::kFloat && tensor.device() == x.device())) check_type(tensor, name);
  };
  LinearSegments result;
  result.in = x.size(-1);
  for (size_t i = 0; i < count; ++i) {
    LinearSegment part;
    part.weight = weight[i];
    TORCH_CHECK_VALUE(part.weight.dim() == 2 && part.weight.size(1) == result.in, "linear: expected weight ", i,
                      " [out, ", result.in, "] for x ", x.sizes(), ", received ", part.weight.sizes());
    check_type(part.weight, "weight");
    part.out = part.weight.size(0);
    if (!bias.empty()) {
      part.bias = bias[i];
      TORCH_CHECK_VALUE(part.bias.dim() == 1 && part.bias.size(0) == part.out, "linear: expected bias ", i, " [",
                        part.out, "], received ", part.bias.sizes());
      check_type(part.bias, "bias");
    }
    if (!lora_A.empty()) {
      const Optional a = lora_A.get(i), b = lora_B.get(i);
      TORCH_CHECK_VALUE(a.has_value() == b.has_value(), "linear: segment ", i, " has lora_", a.has_value() ? "A" : "B",
                        " but not lora_", a.has_value() ? "B" : "A");
      if (a.has_value()) {
        TORCH_CHECK_VALUE(a->dim() == 2 && a->size(1) == result.in, "linear: expected lora_A ", i, " [R, ", result.in,
                          "], received ", a->sizes());
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
    result.out += part.out;
    result.rank += part.rank;
    result.parts.push_back(std::move(part));
  }
  return result;
}

}  // namespace torch_lora
