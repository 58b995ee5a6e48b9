#pragma once
// What layer_norm_kernels.cu offers to the operator: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/layer_norm_rows.h"

namespace torch_lora::cuda {

// T is float, double, __half or __nv_bfloat16; A is float, or double with double.
template <class T, class A>
void norm_forward(const NormForward<T, A>& arguments, cudaStream_t stream);

template <class T, class A>
void norm_backward(const NormBackward<T, A>& arguments, cudaStream_t stream);

template <class T, class A>
void norm_parameters(const NormParameters<T, A>& arguments, cudaStream_t stream);

}  // namespace torch_lora::cuda
