#pragma once
// What the bodies of the kernels share. They are written for one thread of a block, so that the processor can run the
// very code of the GPU in the tests: `block.thread` of `block.threads`, `block.sync()` where one thread reads what
// another wrote, and no CUDA names.
#include <cstdint>

#include "ops/random.h"

#if defined(__CUDACC__)
#define TORCH_LORA_DEVICE __host__ __device__
#define TORCH_LORA_UNROLL _Pragma("unroll")
#else
#define TORCH_LORA_DEVICE
#define TORCH_LORA_UNROLL
#endif

namespace torch_lora::cuda {

constexpr int kWarp = 32;
constexpr int kVectorBytes = 16;  // the widest load of a thread

// V neighbours in memory, loaded and stored at once.
template <class T, int V>
struct alignas(sizeof(T) * V) Vector {
  T values[V];
};

template <int V, class T>
TORCH_LORA_DEVICE Vector<T, V> load(const T* from) {
  return *reinterpret_cast<const Vector<T, V>*>(from);
}

template <int V, class T>
TORCH_LORA_DEVICE void store(T* to, const Vector<T, V>& vector) {
  *reinterpret_cast<Vector<T, V>*>(to) = vector;
}

// The mask of ops/random.h; A is the type of arithmetic.
template <class A>
struct Dropout {
  bool active;
  Seed seed;
  uint32_t bound;  // drop_bound(p)
  A scale;         // keep_scale(p)

  TORCH_LORA_DEVICE RowKey row(int64_t row) const {
    return active ? row_key(seed.get(), static_cast<uint64_t>(row)) : RowKey{};
  }
  TORCH_LORA_DEVICE bool keeps(RowKey row, int64_t column) const {
    return !active || random_bits(row, static_cast<uint32_t>(column)) >= bound;
  }
  TORCH_LORA_DEVICE A apply(RowKey row, int64_t column, A value) const {
    if (!active) return value;
    return keeps(row, column) ? value * scale : A(0);
  }
};

}  // namespace torch_lora::cuda
