#pragma once
// What low_rank_kernels.cu offers to the operators: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/low_rank_blocks.h"
#include "cuda/low_rank_gradients.h"
#include "cuda/low_rank_tiles.h"

namespace torch_lora::cuda {

// T is float, double, __half or __nv_bfloat16; A is float, or double with double; P, the adapter's type, is T or A.
template <class T, class P, class A>
void low_rank_blocks(const BlocksArguments<T, P>& arguments, cudaStream_t stream);

template <class T, class P, class A>
void low_rank_gradients(const GradientsArguments<T, P>& arguments, cudaStream_t stream);

template <class T, class A>
void low_rank_project(const ProjectArguments<T>& arguments, const Dropout<A>& dropout, cudaStream_t stream);

template <class T, class A>
void low_rank_expand(const ExpandArguments<T>& arguments, const Dropout<A>& dropout, cudaStream_t stream);

}  // namespace torch_lora::cuda
