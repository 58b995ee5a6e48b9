// Launches of low_rank_update.h and low_rank_gradients.h.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>

#include "cuda/device_fragments.h"
#include "cuda/launch.h"
#include "cuda/low_rank_kernels.h"

namespace torch_lora::cuda {
namespace {

constexpr const char* kName = "linear";
constexpr int kWarps = 8;
constexpr int64_t kMostBytes = 48 << 10;  // of shared memory that a launch may have without asking
constexpr int64_t kBlocks = 264;          // two for each of an H100's multiprocessors

template <class A>
constexpr int kGradientWarps = sizeof(A) == 4 ? 16 : 8;

template <bool Backward, class T, class P, class A>
__global__ void __launch_bounds__(kWarps* kWarp)
    update_kernel(const UpdateArguments<T, P> a, const Dropout<A> dropout) {
  extern __shared__ __align__(16) unsigned char memory[];
  low_rank_update<Backward, A>(FragmentBlock{device_block()}, a, dropout, int64_t(blockIdx.x) * kTokens,
                               int64_t(blockIdx.y) * a.strip, memory);
}

template <class T, class P, class A>
__global__ void __launch_bounds__(kGradientWarps<A>* kWarp)
    gradients_kernel(const AdapterGradients<T, P> a, const Dropout<A> dropout) {
  __shared__ A memory[gradients_memory(kGradientWarps<A>)];
  const FragmentBlock block{device_block()};
  const int i = static_cast<int>(blockIdx.y);
  const int64_t first = int64_t(blockIdx.z / 2) * kStripRanks;
  if (blockIdx.z % 2 == 0) {
    adapter_gradients<true>(block, a, dropout, i, blockIdx.x, first, memory);
  } else {
    adapter_gradients<false>(block, a, dropout, i, blockIdx.x, first, memory);
  }
}

}  // namespace

bool update_fits(int64_t rank, size_t element, size_t math) {
  const int64_t shares = int64_t(kWarps) * kTokens * kRanksAtOnce * static_cast<int64_t>(math);
  return rank <= (kMostBytes - shares) / (kTokens * static_cast<int64_t>(element)) / kDepth * kDepth;
}

template <class T, class P, class A>
void low_rank_update(UpdateArguments<T, P> a, bool backward, const Dropout<A>& dropout, cudaStream_t stream) {
  if (a.tokens == 0) return;
  const int64_t columns = a.y == nullptr ? 0 : backward ? a.parts.in : a.parts.out;
  const int64_t rows = blocks_for(a.tokens, kTokens);
  // Strips as wide as leaves every multiprocessor something to do: each forms low anew.
  constexpr int64_t kLeast = kWarps * kColumns;
  const int64_t strips = std::clamp((kBlocks + rows - 1) / rows, int64_t{1}, std::max<int64_t>(columns / kLeast, 1));
  a.strip = std::max((columns + strips * kLeast - 1) / (strips * kLeast), int64_t{1}) * kLeast;
  const dim3 grid(static_cast<unsigned>(rows), std::max(blocks_for(columns, a.strip), 1u));
  const auto bytes = static_cast<size_t>(update_bytes<T, A>(kWarps, a.parts.rank));
  const auto kernel = backward ? update_kernel<true, T, P, A> : update_kernel<false, T, P, A>;
  kernel<<<grid, kWarps * kWarp, bytes, stream>>>(a, dropout);
  check_launch(kName, cudaGetLastError());
}

template <class T, class P, class A>
void adapter_gradients(const AdapterGradients<T, P>& a, const Dropout<A>& dropout, cudaStream_t stream) {
  int64_t columns = 0, rank = 0;
  for (int i = 0; i < a.parts.count; ++i) {
    if (a.a[i] != nullptr) columns = std::max(columns, a.parts.in);
    if (a.b[i] != nullptr) columns = std::max(columns, a.parts.part[i].out);
    if (a.a[i] != nullptr || a.b[i] != nullptr) rank = std::max(rank, a.parts.part[i].rank);
  }
  if (columns == 0 || rank == 0) return;
  const dim3 grid(blocks_for(columns, kStripColumns), static_cast<unsigned>(a.parts.count),
                  2 * blocks_for(rank, kStripRanks));
  gradients_kernel<T, P, A><<<grid, kGradientWarps<A> * kWarp, 0, stream>>>(a, dropout);
  check_launch(kName, cudaGetLastError());
}

#define TORCH_LORA_INSTANTIATE(T, P, A)                                                                 \
  template void low_rank_update<T, P, A>(UpdateArguments<T, P>, bool, const Dropout<A>&, cudaStream_t); \
  template void adapter_gradients<T, P, A>(const AdapterGradients<T, P>&, const Dropout<A>&, cudaStream_t);
TORCH_LORA_INSTANTIATE(float, float, float)
TORCH_LORA_INSTANTIATE(double, double, double)
TORCH_LORA_INSTANTIATE(__half, __half, float)
TORCH_LORA_INSTANTIATE(__half, float, float)
TORCH_LORA_INSTANTIATE(__nv_bfloat16, __nv_bfloat16, float)
TORCH_LORA_INSTANTIATE(__nv_bfloat16, float, float)
#undef TORCH_LORA_INSTANTIATE

}  // namespace torch_lora::cuda
