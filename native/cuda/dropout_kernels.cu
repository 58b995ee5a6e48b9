// A thread a vector of a row, then of the next: a row's key is formed once for it.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>

#include "cuda/dropout_kernels.h"
#include "cuda/launch.h"

namespace torch_lora::cuda {
namespace {

constexpr int kThreads = 128;        // as many vectors of eight as a row of 1024
constexpr int64_t kMostRows = 4096;  // of blocks

template <int V, class T, class A>
__global__ void __launch_bounds__(kThreads)
    dropout_kernel(const T* x, T* y, int64_t rows, int64_t columns, int64_t first_row, const Dropout<A> dropout) {
  const int64_t column = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * V;
  if (column >= columns) return;
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    const RowKey key = dropout.row(first_row + row);
    Vector<T, V> values;
    if (x != nullptr) values = load<V>(x + row * columns + column);
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) {
      values.values[v] = T(dropout.apply(key, column + v, x == nullptr ? A(1) : A(values.values[v])));
    }
    store(y + row * columns + column, values);
  }
}

}  // namespace

template <class T, class A>
void dropout(const T* x, T* y, int64_t rows, int64_t columns, int64_t first_row, const Dropout<A>& dropout,
             cudaStream_t stream) {
  if (rows == 0 || columns == 0) return;
  constexpr int V = kVectorBytes / sizeof(T);
  const bool vectors = columns % V == 0 && aligned({x, y});
  const dim3 blocks(blocks_for(columns, kThreads * (vectors ? V : 1)),
                    static_cast<unsigned>(std::min(kMostRows, rows)));
  const auto kernel = vectors ? dropout_kernel<V, T, A> : dropout_kernel<1, T, A>;
  kernel<<<blocks, kThreads, 0, stream>>>(x, y, rows, columns, first_row, dropout);
  check_launch("dropout", cudaGetLastError());
}

#define TORCH_LORA_INSTANTIATE(T, A) \
  template void dropout<T, A>(const T*, T*, int64_t, int64_t, int64_t, const Dropout<A>&, cudaStream_t);
TORCH_LORA_INSTANTIATE(float, float)
TORCH_LORA_INSTANTIATE(double, double)
TORCH_LORA_INSTANTIATE(__half, float)
TORCH_LORA_INSTANTIATE(__nv_bfloat16, float)
#undef TORCH_LORA_INSTANTIATE

}  // namespace torch_lora::cuda
