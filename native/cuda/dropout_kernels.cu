// A thread an element, grid-stride; a row's key costs a few multiplications and is formed anew for each.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/dropout_kernels.h"

namespace torch_lora::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 4096;

template <class T, class A>
__global__ void __launch_bounds__(kThreads) dropout_kernel(const T* x, T* y, const DropoutArguments a) {
  const int64_t count = a.rows * a.columns;
  const uint64_t seed = a.seed.get();
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const int64_t row = i / a.columns;
    const RowKey key = row_key(seed, static_cast<uint64_t>(row));
    const bool kept = random_bits(key, static_cast<uint32_t>(i - row * a.columns)) >= a.bound;
    const A value = x == nullptr ? A(1) : static_cast<A>(x[i]);
    y[i] = static_cast<T>(kept ? value * static_cast<A>(a.scale) : A(0));
  }
}

}  // namespace

template <class T, class A>
void dropout(const T* x, T* y, const DropoutArguments& a, cudaStream_t stream) {
  const int64_t count = a.rows * a.columns;
  if (count == 0) return;
  const auto blocks = static_cast<unsigned>(std::min(kMostBlocks, (count + kThreads - 1) / kThreads));
  dropout_kernel<T, A><<<blocks, kThreads, 0, stream>>>(x, y, a);
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) throw std::runtime_error(std::string("dropout on CUDA: ") + cudaGetErrorString(status));
}

template void dropout<float, float>(const float*, float*, const DropoutArguments&, cudaStream_t);
template void dropout<double, double>(const double*, double*, const DropoutArguments&, cudaStream_t);
template void dropout<__half, float>(const __half*, __half*, const DropoutArguments&, cudaStream_t);
template void dropout<__nv_bfloat16, float>(const __nv_bfloat16*, __nv_bfloat16*, const DropoutArguments&, cudaStream_t);

}  // namespace torch_lora::cuda
