#pragma once
// What low_rank_kernels.cu offers to the operators: launches on a stream, no ATen.
#include <cuda_runtime_api.h>

#include "cuda/low_rank_gradients.h"
#include "cuda/low_rank_update.h"

namespace torch_lora::cuda {

// Whether low_rank_update holds so many ranks in shared memory, of numbers of so many bytes.
bool update_fits(int64_t rank, size_t element, size_t math);

// T is float, double, __half or __nv_bfloat16; P is T, or float under half precision; A is float, or double with
// double. `strip` is chosen here.
template <class T, class P, class A>
void low_rank_update(UpdateArguments<T, P> arguments, bool backward, const Dropout<A>& dropout, cudaStream_t stream);

template <class T, class P, class A>
void adapter_gradients(const AdapterGradients<T, P>& arguments, const Dropout<A>& dropout, cudaStream_t stream);

}  // namespace torch_lora::cuda
