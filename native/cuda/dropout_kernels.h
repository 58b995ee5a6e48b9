#pragma once
// Dropout by the counter-based bits of ops/random.h, on CUDA: no mask is stored, and the CPU drops the same elements.
#include <cuda_runtime_api.h>

#include "cuda/device.h"

namespace torch_lora::cuda {

// y = x * mask, or the mask itself when x is null. T is an element type, A the type of its arithmetic.
// Both are [rows, columns], contiguous; row 0 takes row `first_row` of the mask.
template <class T, class A>
void dropout(const T* x, T* y, int64_t rows, int64_t columns, int64_t first_row, const Dropout<A>& dropout,
             cudaStream_t stream);

}  // namespace torch_lora::cuda
