#pragma once
// The arguments of lora::linear in one place: the autograd node, the kernels and the reference share them.
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace torch_lora {

using OptionalTensors = c10::List<std::optional<at::Tensor>>;

// One of the weights that a fused projection concatenates (query, key, value): [T, in] -> [T, out].
struct LinearSegment {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined
  at::Tensor lora_A;  // [R, in], or undefined when this segment has no adapter
  at::Tensor lora_B;  // [out, R]
  double scaling = 0.0;
  int64_t out = 0;     // rows of weight
  int64_t offset = 0;  // first column of this segment in y
  int64_t rank = 0;    // 0 without an adapter
  int64_t rank_offset = 0;  // first column of this segment in the skinny products
};

struct LinearSegments {
  std::vector<LinearSegment> parts;
  int64_t in = 0;
  int64_t out = 0;   // sum of parts
  int64_t rank = 0;  // sum of parts
};

// Checks every shape and raises ValueError saying what was expected and received.
LinearSegments linear_segments(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                               const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                               at::ArrayRef<double> scaling);

// Which gradients a backward pass must form, in the order of lora::_linear_backward's result.
struct LinearNeeds {
  bool x = false;
  std::vector<bool> weight, bias, lora_A, lora_B;  // one entry a segment
};

// (y [T, out], skinny product drop(x) A^T [T, R]); x is [T, in].
std::tuple<at::Tensor, at::Tensor> linear_forward_composed(const LinearSegments& segments, const at::Tensor& x,
                                                           double dropout_p, const std::optional<at::Tensor>& seed);

}  // namespace torch_lora
