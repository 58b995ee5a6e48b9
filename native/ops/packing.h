#pragma once
// Weights laid out as the kernels' panels ahead of time. Worth having for a handful of tokens, where packing a
// weight costs as much as multiplying by it; a training batch gains nothing from it (bench/ops_linear.py).
#include "ops/cpu/kernels.h"
#include "ops/linear.h"

namespace torch_lora {

// Walks the blocks of a tensor made by lora::prepack_linear, one a segment, in order.
template <class T>
class PackedReader {
 public:
  // `packed` may be undefined. Raises ValueError when it was not made for these weights on such a machine.
  PackedReader(const at::Tensor& packed, const LinearSegments& segments, bool transposed);
  // The panels of this segment's weight, or null.
  const T* next(const LinearSegment& part);

 private:
  const T* at_ = nullptr;
  bool transposed_ = false;
};

}  // namespace torch_lora
