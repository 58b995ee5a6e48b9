// The tiles of disentangled attention as kernels: a block for each sequence, head and tile of rows. Sequences shorter
// than the longest leave their last blocks without work, so no launch waits for their lengths.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/disentangled_kernels.h"
#include "cuda/launch.h"

namespace torch_lora::cuda {
namespace {

constexpr const char* kName = "disentangled_attention";
constexpr int kThreads = tiles::kTile * tiles::kTile;

template <class T, class A, class Body>
__device__ void run_block(const tiles::Arguments<T, A>& a, Body body) {
  extern __shared__ __align__(16) unsigned char memory[];
  const int64_t start = a.cu_seqlens[blockIdx.z];
  const int length = static_cast<int>(a.cu_seqlens[blockIdx.z + 1] - start);
  const int first = static_cast<int>(blockIdx.x) * tiles::kTile;
  if (first >= length) return;
  const tiles::Place at{start, length, static_cast<int>(blockIdx.y), first};
  body(device_block(), at, reinterpret_cast<A*>(memory));
}

template <class T, class A>
__global__ void __launch_bounds__(kThreads) forward_kernel(const tiles::Arguments<T, A> a) {
  run_block(a,
            [&](const DeviceBlock& block, const tiles::Place& at, A* memory) { tiles::forward(block, a, at, memory); });
}

template <class T, class A>
__global__ void __launch_bounds__(kThreads) backward_queries_kernel(const tiles::Arguments<T, A> a) {
  run_block(a, [&](const DeviceBlock& block, const tiles::Place& at, A* memory) {
    tiles::backward_queries(block, a, at, memory);
  });
}

template <class T, class A>
__global__ void __launch_bounds__(kThreads) backward_keys_kernel(const tiles::Arguments<T, A> a) {
  run_block(a, [&](const DeviceBlock& block, const tiles::Place& at, A* memory) {
    tiles::backward_keys(block, a, at, memory);
  });
}

template <class A>
struct WarpRow {
  int thread, threads;
  __device__ A sum(A value) const {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    return value;
  }
};

// A warp a token and head.
template <class T, class A>
__global__ void __launch_bounds__(kThreads) delta_kernel(const tiles::Arguments<T, A> a, A* delta) {
  const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / kWarp;
  if (row >= a.tokens * a.heads) return;
  tiles::row_product(WarpRow<A>{static_cast<int>(threadIdx.x % kWarp), kWarp}, a, row / a.heads,
                     static_cast<int>(row % a.heads), delta);
}

template <class T, class A>
void launch(void (*kernel)(tiles::Arguments<T, A>), const tiles::Arguments<T, A>& a, int sequences, int longest,
            cudaStream_t stream) {
  const dim3 grid((longest + tiles::kTile - 1) / tiles::kTile, a.heads, sequences);
  if (grid.x == 0 || sequences == 0 || a.heads == 0) return;
  const auto bytes = static_cast<int>(tiles::Shared<A>::elements(a.head_size) * sizeof(A));
  check_launch(kName, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  kernel<<<grid, kThreads, bytes, stream>>>(a);
  check_launch(kName, cudaGetLastError());
}

}  // namespace

template <class T, class A>
void disentangled_forward(const tiles::Arguments<T, A>& a, int sequences, int longest, cudaStream_t stream) {
  launch(forward_kernel<T, A>, a, sequences, longest, stream);
}

template <class T, class A>
void disentangled_delta(const tiles::Arguments<T, A>& a, A* delta, cudaStream_t stream) {
  if (a.tokens == 0 || a.heads == 0) return;
  delta_kernel<<<blocks_for(a.tokens * a.heads, kThreads / kWarp), kThreads, 0, stream>>>(a, delta);
  check_launch(kName, cudaGetLastError());
}

template <class T, class A>
void disentangled_backward(const tiles::Arguments<T, A>& a, int sequences, int longest, cudaStream_t stream) {
  launch(backward_queries_kernel<T, A>, a, sequences, longest, stream);
  launch(backward_keys_kernel<T, A>, a, sequences, longest, stream);
}

#define TORCH_LORA_INSTANTIATE(T, A)                                                               \
  template void disentangled_forward<T, A>(const tiles::Arguments<T, A>&, int, int, cudaStream_t); \
  template void disentangled_delta<T, A>(const tiles::Arguments<T, A>&, A*, cudaStream_t);         \
  template void disentangled_backward<T, A>(const tiles::Arguments<T, A>&, int, int, cudaStream_t);
TORCH_LORA_INSTANTIATE(float, float)
TORCH_LORA_INSTANTIATE(double, double)
TORCH_LORA_INSTANTIATE(__half, float)
TORCH_LORA_INSTANTIATE(__nv_bfloat16, float)
#undef TORCH_LORA_INSTANTIATE

}  // namespace torch_lora::cuda
