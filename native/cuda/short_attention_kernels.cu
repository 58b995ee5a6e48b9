// Attention of short sequences as kernels: a block a sequence and head, by the rows that the longest needs.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/device_fragments.h"
#include "cuda/launch.h"
#include "cuda/short_attention_kernels.h"

namespace torch_lora::cuda {
namespace {

constexpr const char* kName = "attention";

template <class T>
__device__ tiles::Place place_of(const tiles::Arguments<T, float>& a) {
  const int64_t start = a.cu_seqlens[blockIdx.x];
  return {start, static_cast<int>(a.cu_seqlens[blockIdx.x + 1] - start), static_cast<int>(blockIdx.y), 0};
}

template <int R, class T>
__global__ void __launch_bounds__(2 * R) forward_kernel(const tiles::Arguments<T, float> a, bool vector) {
  extern __shared__ __align__(16) unsigned char memory[];
  const tiles::Place at = place_of(a);
  if (at.length > 0) tiles::short_forward<R>(FragmentBlock{device_block()}, a, at, vector, memory);
}

template <int R, class T>
__global__ void __launch_bounds__(2 * R)
    backward_kernel(const tiles::Arguments<T, float> a, bool vector, bool vector_dout) {
  extern __shared__ __align__(16) unsigned char memory[];
  const tiles::Place at = place_of(a);
  if (at.length > 0) tiles::short_backward<R>(FragmentBlock{device_block()}, a, at, vector, vector_dout, memory);
}

template <int R, class T, class... Vectors>
void launch(void (*kernel)(tiles::Arguments<T, float>, Vectors...), const tiles::Arguments<T, float>& a, int sequences,
            cudaStream_t stream, Vectors... vectors) {
  if (sequences == 0 || a.heads == 0) return;
  const auto bytes = static_cast<int>(tiles::ShortShared<R, T, float>::bytes(a.pos_key || a.pos_query));
  check_launch(kName, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  const dim3 grid(static_cast<unsigned>(sequences), static_cast<unsigned>(a.heads));
  kernel<<<grid, 2 * R, bytes, stream>>>(a, vectors...);
  check_launch(kName, cudaGetLastError());
}

// body(std::integral_constant<int, R>) for the rows that so many tokens need.
template <class Body>
auto with_rows(int longest, const Body& body) {
  if (longest <= 16) return body(std::integral_constant<int, 16>{});
  if (longest <= 32) return body(std::integral_constant<int, 32>{});
  return body(std::integral_constant<int, kShortSequence>{});
}

}  // namespace

int64_t short_attention_bytes(int longest, bool bands) {
  return with_rows(longest, [&](auto rows) { return tiles::ShortShared<rows(), __half, float>::bytes(bands); });
}

template <class T>
void short_attention_forward(const tiles::Arguments<T, float>& a, int sequences, int longest, bool vector,
                             cudaStream_t stream) {
  with_rows(longest, [&](auto rows) { launch<rows()>(forward_kernel<rows(), T>, a, sequences, stream, vector); });
}

template <class T>
void short_attention_backward(const tiles::Arguments<T, float>& a, int sequences, int longest, bool vector,
                              bool vector_dout, cudaStream_t stream) {
  with_rows(longest,
            [&](auto rows) { launch<rows()>(backward_kernel<rows(), T>, a, sequences, stream, vector, vector_dout); });
}

#define TORCH_LORA_INSTANTIATE(T)                                                                            \
  template void short_attention_forward<T>(const tiles::Arguments<T, float>&, int, int, bool, cudaStream_t); \
  template void short_attention_backward<T>(const tiles::Arguments<T, float>&, int, int, bool, bool, cudaStream_t);
TORCH_LORA_INSTANTIATE(__half)
TORCH_LORA_INSTANTIATE(__nv_bfloat16)
#undef TORCH_LORA_INSTANTIATE

}  // namespace torch_lora::cuda
