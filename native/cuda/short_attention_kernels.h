#pragma once
// What short_attention_kernels.cu offers to the operators: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/short_attention.h"

namespace torch_lora::cuda {

constexpr int kShortSequence = 64;  // the most tokens of a sequence

// Of shared memory, by a block, for half and bfloat16.
int64_t short_attention_bytes(int longest, bool bands);

// T is __half or __nv_bfloat16. `longest` bounds every sequence; `vector`: whether four neighbours of any row of qkv
// and of the tables, `vector_dout` of dout, may be loaded at once.
template <class T>
void short_attention_forward(const tiles::Arguments<T, float>& arguments, int sequences, int longest, bool vector,
                             cudaStream_t stream);

template <class T>
void short_attention_backward(const tiles::Arguments<T, float>& arguments, int sequences, int longest, bool vector,
                              bool vector_dout, cudaStream_t stream);

}  // namespace torch_lora::cuda
