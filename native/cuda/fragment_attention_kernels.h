#pragma once
// What fragment_attention_kernels.cu offers to the operators: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/fragment_attention.h"

namespace torch_lora::cuda {

// Of shared memory, by a block, for half and bfloat16.
int64_t fragment_attention_bytes(int longest, bool bands);

// T is __half or __nv_bfloat16. `longest` bounds every sequence.
template <class T>
void fragment_attention_forward(const tiles::Arguments<T, float>& arguments, int sequences, int longest,
                                const tiles::Vectors& vectors, cudaStream_t stream);

// With arguments.delta where `longest` is more than kMostRows.
template <class T>
void fragment_attention_backward(const tiles::Arguments<T, float>& arguments, int sequences, int longest,
                                 const tiles::Vectors& vectors, cudaStream_t stream);

}  // namespace torch_lora::cuda
