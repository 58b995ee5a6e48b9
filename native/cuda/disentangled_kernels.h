#pragma once
// What disentangled_kernels.cu offers to the operator: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/disentangled_tiles.h"

namespace torch_lora::cuda {

// T is float, double, __half or __nv_bfloat16; A is float, or double with double. `longest` bounds every sequence.
template <class T, class A>
void disentangled_forward(const tiles::Arguments<T, A>& arguments, int sequences, int longest, cudaStream_t stream);

// delta [T, N], which backward takes, of its dout and the forward pass's out.
template <class T, class A>
void disentangled_delta(const tiles::Arguments<T, A>& arguments, A* delta, cudaStream_t stream);

template <class T, class A>
void disentangled_backward(const tiles::Arguments<T, A>& arguments, int sequences, int longest, cudaStream_t stream);

// Of shared memory, by a block.
inline int64_t disentangled_bytes(int head_size, bool in_double) {
  return in_double ? tiles::Shared<double>::elements(head_size) * int64_t(sizeof(double))
                   : tiles::Shared<float>::elements(head_size) * int64_t(sizeof(float));
}

}  // namespace torch_lora::cuda
