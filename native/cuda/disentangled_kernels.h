#pragma once
// What disentangled_kernels.cu offers to the operator: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/disentangled_tiles.h"

namespace torch_lora::cuda {

// T is float, double, __half or __nv_bfloat16; A is float, or double with double. `longest` bounds every sequence.
template <class T, class A>
void disentangled_forward(const tiles::Arguments<T, A>& arguments, int sequences, int longest, cudaStream_t stream);

template <class T, class A>
void disentangled_backward(const tiles::Arguments<T, A>& arguments, int sequences, int longest, cudaStream_t stream);

}  // namespace torch_lora::cuda
