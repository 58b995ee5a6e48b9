// Attention on tensor cores as kernels: a block a sequence, head and square's side, of the rows that the longest needs.
// Sequences shorter than the longest leave their last blocks without work, so no launch waits for their lengths.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/device_fragments.h"
#include "cuda/fragment_attention_kernels.h"
#include "cuda/launch.h"

namespace torch_lora::cuda {
namespace {

constexpr const char* kName = "attention";

template <int R, class T, class Body>
__device__ void run_block(const tiles::Arguments<T, float>& a, const Body& body) {
  extern __shared__ __align__(16) unsigned char memory[];
  const int64_t start = a.cu_seqlens[blockIdx.x];
  const int length = static_cast<int>(a.cu_seqlens[blockIdx.x + 1] - start);
  const int first = static_cast<int>(blockIdx.z) * R;
  if (first >= length) return;
  body(FragmentBlock{device_block()}, tiles::Place{start, length, static_cast<int>(blockIdx.y), first}, memory);
}

template <int R, class T>
__global__ void __launch_bounds__(2 * R)
    fragment_forward_kernel(const tiles::Arguments<T, float> a, const tiles::Vectors vectors) {
  run_block<R>(a, [&](const FragmentBlock& block, const tiles::Place& at, unsigned char* memory) {
    tiles::fragment_forward<R>(block, a, at, vectors, memory);
  });
}

template <int R, class T>
__global__ void __launch_bounds__(2 * R)
    whole_backward_kernel(const tiles::Arguments<T, float> a, const tiles::Vectors vectors) {
  run_block<R>(a, [&](const FragmentBlock& block, const tiles::Place& at, unsigned char* memory) {
    tiles::whole_backward<R>(block, a, at, vectors, memory);
  });
}

template <int R, class T>
__global__ void __launch_bounds__(2 * R)
    fragment_queries_kernel(const tiles::Arguments<T, float> a, const tiles::Vectors vectors) {
  run_block<R>(a, [&](const FragmentBlock& block, const tiles::Place& at, unsigned char* memory) {
    tiles::queries_backward<R>(block, a, at, vectors, memory);
  });
}

template <int R, class T>
__global__ void __launch_bounds__(2 * R)
    fragment_keys_kernel(const tiles::Arguments<T, float> a, const tiles::Vectors vectors) {
  run_block<R>(a, [&](const FragmentBlock& block, const tiles::Place& at, unsigned char* memory) {
    tiles::keys_backward<R>(block, a, at, vectors, memory);
  });
}

template <int R, class T>
void launch(void (*kernel)(tiles::Arguments<T, float>, tiles::Vectors), const tiles::Arguments<T, float>& a,
            int sequences, int longest, const tiles::Vectors& vectors, cudaStream_t stream) {
  if (sequences == 0 || a.heads == 0 || longest == 0) return;
  const auto bytes = static_cast<int>(tiles::Square<R, T, float>::bytes(a.pos_key || a.pos_query));
  check_launch(kName, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  const dim3 grid(static_cast<unsigned>(sequences), static_cast<unsigned>(a.heads), blocks_for(longest, R));
  kernel<<<grid, 2 * R, bytes, stream>>>(a, vectors);
  check_launch(kName, cudaGetLastError());
}

// body(std::integral_constant<int, R>) for the rows that so many tokens need.
template <class Body>
auto with_rows(int longest, const Body& body) {
  if (longest <= 16) return body(std::integral_constant<int, 16>{});
  if (longest <= 32) return body(std::integral_constant<int, 32>{});
  return body(std::integral_constant<int, tiles::kMostRows>{});
}

}  // namespace

int64_t fragment_attention_bytes(int longest, bool bands) {
  return with_rows(longest, [&](auto rows) { return tiles::Square<rows(), __half, float>::bytes(bands); });
}

template <class T>
void fragment_attention_forward(const tiles::Arguments<T, float>& a, int sequences, int longest,
                                const tiles::Vectors& vectors, cudaStream_t stream) {
  with_rows(longest, [&](auto rows) {
    launch<rows()>(fragment_forward_kernel<rows(), T>, a, sequences, longest, vectors, stream);
  });
}

template <class T>
void fragment_attention_backward(const tiles::Arguments<T, float>& a, int sequences, int longest,
                                 const tiles::Vectors& vectors, cudaStream_t stream) {
  if (longest > tiles::kMostRows) {
    launch<tiles::kMostRows>(fragment_queries_kernel<tiles::kMostRows, T>, a, sequences, longest, vectors, stream);
    launch<tiles::kMostRows>(fragment_keys_kernel<tiles::kMostRows, T>, a, sequences, longest, vectors, stream);
    return;
  }
  with_rows(longest, [&](auto rows) {
    launch<rows()>(whole_backward_kernel<rows(), T>, a, sequences, longest, vectors, stream);
  });
}

#define TORCH_LORA_INSTANTIATE(T)                                                                                  \
  template void fragment_attention_forward<T>(const tiles::Arguments<T, float>&, int, int, const tiles::Vectors&,  \
                                              cudaStream_t);                                                       \
  template void fragment_attention_backward<T>(const tiles::Arguments<T, float>&, int, int, const tiles::Vectors&, \
                                               cudaStream_t);
TORCH_LORA_INSTANTIATE(__half)
TORCH_LORA_INSTANTIATE(__nv_bfloat16)
#undef TORCH_LORA_INSTANTIATE

}  // namespace torch_lora::cuda
