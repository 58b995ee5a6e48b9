// Launches of low_rank_blocks.h, of low_rank_gradients.h and of the tiles of low_rank_tiles.h.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <type_traits>

#include "cuda/launch.h"
#include "cuda/low_rank_kernels.h"

namespace torch_lora::cuda {
namespace {

constexpr const char* kName = "linear";
constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 1024;
constexpr int kSide = 32;                // of a tile of project
constexpr int kGroups = 32, kLanes = 8;  // of a tile of expand
static_assert(kSide * kSide / 4 == kThreads && kGroups * kLanes == kThreads);

struct FragmentBlock : DeviceBlock {
  // sums += left right, 16 x 16 by 16 x 8, in the fragments of mma.m16n8k16.
  template <class T>
  __device__ void multiply(float (&sums)[4], const T (&left)[8], const T* right) const {
    uint32_t a[4], b[2];
    memcpy(a, left, sizeof(a));
    memcpy(b, right, sizeof(b));
    if constexpr (std::is_same_v<T, __half>) {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
          "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    } else {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
          "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
  }
};

template <class A, int V, class T, class P>
__global__ void __launch_bounds__(kThreads) blocks_kernel(const BlocksArguments<T, P> a) {
  blocks<A, V>(a, int64_t(blockIdx.x) * blockDim.x + threadIdx.x, int64_t(gridDim.x) * blockDim.x);
}

template <class A, class T, class P>
__global__ void __launch_bounds__(kThreads) gradients_kernel(const GradientsArguments<T, P> a) {
  gradients<A>(a, int64_t(blockIdx.x) * blockDim.x + threadIdx.x, int64_t(gridDim.x) * blockDim.x);
}

template <class T, class A>
__global__ void __launch_bounds__(kThreads) project_kernel(const ProjectArguments<T> a, const Dropout<A> dropout) {
  __shared__ A memory[project_memory(kSide)];
  project<kSide>(device_block(), a, dropout, int64_t(blockIdx.x) * kSide, memory);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    fragments_kernel(const ProjectArguments<T> a, const Dropout<float> dropout) {
  __shared__ float memory[kThreads / kWarp * kFragmentTokens * kFragmentRanks];
  project_fragments(FragmentBlock{device_block()}, a, dropout, int64_t(blockIdx.x) * kFragmentTokens, memory);
}

template <class T, class A>
__global__ void __launch_bounds__(kThreads) expand_kernel(const ExpandArguments<T> a, const Dropout<A> dropout) {
  __shared__ __align__(4 * sizeof(A)) A memory[expand_memory(kGroups, kLanes)];
  expand<kGroups, kLanes>(device_block(), a, dropout, int64_t(blockIdx.x) * 4 * kLanes,
                          int64_t(blockIdx.y) * 4 * kGroups, memory);
}

}  // namespace

template <class T, class P, class A>
void low_rank_blocks(const BlocksArguments<T, P>& a, cudaStream_t stream) {
  constexpr int V = kVectorBytes / sizeof(T);
  bool vectors = a.in % V == 0 && a.pad % V == 0 && aligned({a.columns});
  for (int i = 0; a.joined && i < a.count; ++i) {
    vectors &= a.parts[i].weight_row % V == 0 && aligned({a.parts[i].weight});
  }
  const int64_t items = std::max(a.out * ((a.joined ? a.in : 0) + a.pad) / (vectors ? V : 1), a.pad * a.in);
  if (items == 0) return;
  const auto grid = std::min<unsigned>(blocks_for(items, kThreads), kMostBlocks);
  if (vectors) {
    blocks_kernel<A, V><<<grid, kThreads, 0, stream>>>(a);
  } else {
    blocks_kernel<A, 1><<<grid, kThreads, 0, stream>>>(a);
  }
  check_launch(kName, cudaGetLastError());
}

template <class T, class P, class A>
void low_rank_gradients(const GradientsArguments<T, P>& a, cudaStream_t stream) {
  int64_t items = 0;
  for (int i = 0; i < a.count; ++i) {
    const auto& part = a.parts[i];
    items = std::max({items, part.a ? part.rank * a.in : 0, part.b ? part.out * part.rank : 0});
  }
  if (items == 0) return;
  gradients_kernel<A><<<std::min<unsigned>(blocks_for(items, kThreads), kMostBlocks), kThreads, 0, stream>>>(a);
  check_launch(kName, cudaGetLastError());
}

template <class T, class A>
void low_rank_project(const ProjectArguments<T>& a, const Dropout<A>& dropout, cudaStream_t stream) {
  if (a.tokens == 0) return;
  if constexpr (sizeof(T) == 2) {
    if (a.in % kRun == 0 && a.x_row % kRun == 0 && aligned({a.x, a.rows, a.joined})) {
      fragments_kernel<<<blocks_for(a.tokens, kFragmentTokens), kThreads, 0, stream>>>(a, dropout);
      return check_launch(kName, cudaGetLastError());
    }
  }
  project_kernel<<<blocks_for(a.tokens, kSide), kThreads, 0, stream>>>(a, dropout);
  check_launch(kName, cudaGetLastError());
}

template <class T, class A>
void low_rank_expand(const ExpandArguments<T>& a, const Dropout<A>& dropout, cudaStream_t stream) {
  if (a.tokens == 0 || a.out == 0) return;
  const dim3 grid(blocks_for(a.tokens, 4 * kLanes), blocks_for(a.out, 4 * kGroups));
  expand_kernel<<<grid, kThreads, 0, stream>>>(a, dropout);
  check_launch(kName, cudaGetLastError());
}

#define TORCH_LORA_INSTANTIATE_BLOCKS(T, P, A)                                        \
  template void low_rank_blocks<T, P, A>(const BlocksArguments<T, P>&, cudaStream_t); \
  template void low_rank_gradients<T, P, A>(const GradientsArguments<T, P>&, cudaStream_t);
#define TORCH_LORA_INSTANTIATE(T, A)                                                                 \
  template void low_rank_project<T, A>(const ProjectArguments<T>&, const Dropout<A>&, cudaStream_t); \
  template void low_rank_expand<T, A>(const ExpandArguments<T>&, const Dropout<A>&, cudaStream_t);   \
  TORCH_LORA_INSTANTIATE_BLOCKS(T, T, A)
TORCH_LORA_INSTANTIATE(float, float)
TORCH_LORA_INSTANTIATE(double, double)
TORCH_LORA_INSTANTIATE(__half, float)
TORCH_LORA_INSTANTIATE(__nv_bfloat16, float)
TORCH_LORA_INSTANTIATE_BLOCKS(__half, float, float)
TORCH_LORA_INSTANTIATE_BLOCKS(__nv_bfloat16, float, float)
#undef TORCH_LORA_INSTANTIATE
#undef TORCH_LORA_INSTANTIATE_BLOCKS

}  // namespace torch_lora::cuda
