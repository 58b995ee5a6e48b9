// A warp a row where its registers hold the row, four rows a block; else as many warps as hold it, a row a block.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/launch.h"
#include "cuda/layer_norm_kernels.h"

namespace torch_lora::cuda {
namespace {

constexpr const char* kName = "dropout_add_layer_norm";
constexpr int kMostThreads = 256;  // leaves each the registers for what it holds
constexpr int kRowsOfBlock = 4;    // with a warp a row
constexpr int kHeldBytes = 128;    // of a row, in a thread's registers

// The threads of one row: blockDim.x of them, whole warps.
template <class A>
struct DeviceRow {
  int thread, threads;

  __device__ A sum(A value) const {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    if (threads == kWarp) return value;
    __shared__ A warps[kMostThreads / kWarp];
    __syncthreads();  // the sum before this one has been read
    if (thread % kWarp == 0) warps[thread / kWarp] = value;
    __syncthreads();
    A total = 0;
    for (int warp = 0; warp < threads / kWarp; ++warp) total += warps[warp];
    return total;
  }
};

template <int V, int K, class T, class A>
__global__ void __launch_bounds__(kMostThreads) forward_kernel(const NormForward<T, A> a) {
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= a.rows) return;
  norm_forward<V, K>(DeviceRow<A>{static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)}, a, row);
}

template <int V, int K, class T, class A>
__global__ void __launch_bounds__(kMostThreads) backward_kernel(const NormBackward<T, A> a) {
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (row >= a.rows) return;
  norm_backward<V, K>(DeviceRow<A>{static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)}, a, row);
}

template <class T, class A>
__global__ void __launch_bounds__(kStrip* kStripLanes) parameters_kernel(const NormParameters<T, A> a) {
  __shared__ A memory[2 * kStrip * kStripLanes];
  norm_parameters(device_block(), a, blockIdx.x, blockIdx.y, memory);
}

// `held` by rows that fit into registers in vectors of V, K a thread; `any` by all others.
template <int V, int K, class Arguments>
void launch(void (*held)(Arguments), void (*any)(Arguments), const Arguments& a, bool vectors, cudaStream_t stream) {
  if (a.rows == 0 || a.hidden == 0) return;
  const int64_t warps = (a.hidden + kWarp * V * K - 1) / (kWarp * V * K);
  const bool fits = vectors && a.hidden % V == 0 && warps * kWarp <= kMostThreads;
  const unsigned rows = fits && warps == 1 ? kRowsOfBlock : 1;
  const dim3 threads(fits ? static_cast<unsigned>(warps * kWarp) : kMostThreads, rows);
  (fits ? held : any)<<<static_cast<unsigned>((a.rows + rows - 1) / rows), threads, 0, stream>>>(a);
  check_launch(kName, cudaGetLastError());
}

}  // namespace

template <class T, class A>
void norm_forward(const NormForward<T, A>& a, cudaStream_t stream) {
  constexpr int V = kVectorBytes / sizeof(T), K = kHeldBytes / (V * sizeof(A));
  launch<V, K>(forward_kernel<V, K, T, A>, forward_kernel<1, 0, T, A>, a,
               aligned({a.x, a.residual, a.weight, a.bias, a.y, a.normalized}), stream);
}

template <class T, class A>
void norm_backward(const NormBackward<T, A>& a, cudaStream_t stream) {
  constexpr int V = kVectorBytes / sizeof(T), K = kHeldBytes / (V * sizeof(A));
  launch<V, K>(backward_kernel<V, K, T, A>, backward_kernel<1, 0, T, A>, a,
               aligned({a.dy, a.normalized, a.weight, a.dx, a.dresidual}), stream);
}

template <class T, class A>
void norm_parameters(const NormParameters<T, A>& a, cudaStream_t stream) {
  if (a.rows == 0 || a.hidden == 0) return;
  const dim3 blocks(static_cast<unsigned>((a.hidden + kStrip - 1) / kStrip),
                    static_cast<unsigned>((a.rows + a.rows_of_part - 1) / a.rows_of_part));
  parameters_kernel<T, A><<<blocks, kStrip * kStripLanes, 0, stream>>>(a);
  check_launch(kName, cudaGetLastError());
}

#define TORCH_LORA_INSTANTIATE(T, A)                                          \
  template void norm_forward<T, A>(const NormForward<T, A>&, cudaStream_t);   \
  template void norm_backward<T, A>(const NormBackward<T, A>&, cudaStream_t); \
  template void norm_parameters<T, A>(const NormParameters<T, A>&, cudaStream_t);
TORCH_LORA_INSTANTIATE(float, float)
TORCH_LORA_INSTANTIATE(double, double)
TORCH_LORA_INSTANTIATE(__half, float)
TORCH_LORA_INSTANTIATE(__nv_bfloat16, float)
#undef TORCH_LORA_INSTANTIATE

}  // namespace torch_lora::cuda
