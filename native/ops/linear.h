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
  at::Tensor lora_A;  // [R, in], or undefined when this segment has no adapter; float32 where x is half, if so given
  at::Tensor lora_B;  // [out, R], like lora_A
  double scaling = 0.0;
  int64_t index = 0;        // among the segments
  int64_t out = 0;          // rows of weight
  int64_t offset = 0;       // first column of this segment in y
  int64_t rank = 0;         // 0 without an adapter
  int64_t rank_offset = 0;  // first column of this segment in the skinny products
};

struct LinearSegments {
  std::vector<LinearSegment> parts;
  int64_t in = 0;
  int64_t out = 0;   // sum of parts
  int64_t rank = 0;  // sum of parts
};

// Checks every argument and raises ValueError or TypeError saying what was expected and received.
LinearSegments linear_segments(const at::Tensor& x, at::TensorList weight, at::TensorList bias,
                               const OptionalTensors& lora_A, const OptionalTensors& lora_B,
                               at::ArrayRef<double> scaling);

// The same for the weights alone: of tokens of the first one's inputs, type and device.
[[gnu::visibility("default")]] LinearSegments linear_segments(at::TensorList weight, const OptionalTensors& lora_A,
                                                              const OptionalTensors& lora_B,
                                                              at::ArrayRef<double> scaling);

// What can be said without sizes, which may be symbolic: how many entries each list has, and that weights are matrices.
void check_linear_lists(at::TensorList weight, at::TensorList bias, const OptionalTensors& lora_A,
                        const OptionalTensors& lora_B, at::ArrayRef<double> scaling);

// Every segment drops elements of its own, as the adapted module that it stands for does in PEFT: one mask
// [segments, T, in], of which segment i begins at this row.
inline int64_t mask_row(const LinearSegment& part, int64_t tokens) { return part.index * tokens; }

// What a backward pass knows, with every tensor as a matrix of tokens.
struct LinearBackward {
  at::Tensor dy;      // [T, out]
  at::Tensor x;       // [T, in], or undefined when no gradient needs it
  at::Tensor skinny;  // [T, R], drop(x) A^T, or undefined
  double dropout_p = 0.0;
  std::optional<at::Tensor> seed;
  at::Tensor packed_t;  // or undefined
  at::Tensor pre_gelu;  // [T, out] when y was gelu of it, or undefined
  // What to form: the gradient of x, then of every W, every b, every A, every B.
  std::vector<bool> needs;
};

struct LinearForward {
  at::Tensor x;  // [T, in]
  double dropout_p = 0.0;
  std::optional<at::Tensor> seed;
  at::Tensor packed;  // or undefined
  bool gelu = false;
  bool training = false;  // keep what backward needs
};

struct LinearOutput {
  at::Tensor y;         // [T, out]
  at::Tensor skinny;    // [T, R]
  at::Tensor pre_gelu;  // [T, out], or [0] unless gelu and training
};

// Any device, any dtype.
LinearOutput linear_forward_composed(const LinearSegments& segments, const LinearForward& call);
std::vector<at::Tensor> linear_backward_composed(const LinearSegments& segments, const LinearBackward& call);

// The kernels of native/ops/cpu, for float, double and bfloat16 tensors on the CPU.
LinearOutput linear_forward_cpu(const LinearSegments& segments, const LinearForward& call);
std::vector<at::Tensor> linear_backward_cpu(const LinearSegments& segments, const LinearBackward& call);
LinearOutput linear_forward_bf16(const LinearSegments& segments, const LinearForward& call);
std::vector<at::Tensor> linear_backward_bf16(const LinearSegments& segments, const LinearBackward& call);

// Rows contiguous: what the kernels take as left operand.
inline at::Tensor rows_contiguous(const at::Tensor& x) { return x.stride(1) == 1 ? x : x.contiguous(); }

}  // namespace torch_lora
