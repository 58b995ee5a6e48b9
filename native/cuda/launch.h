#pragma once
// What the files of kernels share: the block as their bodies see it, and the checks around a launch.
#include <cuda_runtime_api.h>

#include <initializer_list>
#include <stdexcept>
#include <string>

#include "cuda/device.h"

namespace torch_lora::cuda {

struct DeviceBlock {
  int thread, threads;
  __device__ void sync() const { __syncthreads(); }
  template <class A>
  __device__ void add(A* sum, A value) const {
    atomicAdd(sum, value);
  }
};

inline __device__ DeviceBlock device_block() { return {static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)}; }

inline bool aligned(std::initializer_list<const void*> pointers) {
  for (const void* pointer : pointers) {
    if (reinterpret_cast<uintptr_t>(pointer) % kVectorBytes != 0) return false;
  }
  return true;
}

inline unsigned blocks_for(int64_t items, int64_t of_block) {
  return static_cast<unsigned>((items + of_block - 1) / of_block);
}

inline void check_launch(const char* op, cudaError_t status) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // else PyTorch's next check would find it
  throw std::runtime_error(std::string(op) + " on CUDA: " + cudaGetErrorString(status));
}

}  // namespace torch_lora::cuda
