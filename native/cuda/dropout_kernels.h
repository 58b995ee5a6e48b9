#pragma once
// Dropout by the counter-based bits of ops/random.h, on CUDA: no mask is stored, and the CPU drops the same elements.
#include <cuda_runtime_api.h>

#include <cstdint>

#include "ops/random.h"

namespace torch_lora::cuda {

struct DropoutArguments {
  int64_t rows, columns;  // of a contiguous matrix
  Seed seed;
  uint32_t bound;         // drop_bound(p)
  double scale;           // keep_scale(p)
};

// y = x * mask, or the mask itself when x is null. T is an element type, A the type of its arithmetic.
template <class T, class A>
void dropout(const T* x, T* y, const DropoutArguments& arguments, cudaStream_t stream);

}  // namespace torch_lora::cuda
