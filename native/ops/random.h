#pragma once
// Counter-based random bits: element (row, column) of a mask is a pure function of (seed, row, column).
// So a dropout mask is never stored: backward regenerates it, and neither the number of threads nor the
// order of the work can change a result.
//
// A row's key is splitmix64 of seed and row (Steele, Lea, Flood, OOPSLA 2014); the column is mixed into it by a
// 32-bit finaliser with the "lowbias32" constants (C. Wellons, hash-prospector), the second half of the key
// entering between its rounds so that rows with related keys do not share shifted sequences.
#include <cstdint>

#if defined(__CUDACC__)
#define TORCH_LORA_INLINE __host__ __device__ inline
#elif defined(__GNUC__)
#define TORCH_LORA_INLINE inline __attribute__((always_inline))
#else
#define TORCH_LORA_INLINE inline
#endif

namespace torch_lora {

struct RowKey {
  uint32_t first;
  uint32_t second;
};

TORCH_LORA_INLINE RowKey row_key(uint64_t seed, uint64_t row) {
  uint64_t z = seed + (row + 1) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z = z ^ (z >> 31);
  return {static_cast<uint32_t>(z), static_cast<uint32_t>(z >> 32)};
}

// Written for a scalar uint32_t and for SIMD vectors of it alike.
template <class U>
TORCH_LORA_INLINE U random_bits(RowKey key, U column) {
  U x = column + key.first;
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = (x ^ (x >> 15)) + key.second;
  x = x * 0x846CA68Bu;
  return x ^ (x >> 16);
}

// A seed as a kernel takes it: a value, or the place in device memory where it lies. A captured CUDA graph finds a new
// seed there at each replay, so nothing but the kernel may read it.
struct Seed {
  uint64_t value;
  const int64_t* place;  // or null

  TORCH_LORA_INLINE uint64_t get() const { return place == nullptr ? value : static_cast<uint64_t>(*place); }
};

// An element is dropped when its bits are below this bound: probability p to within 2^-32.
inline uint32_t drop_bound(double p) {
  const double bound = p * 4294967296.0;
  return bound >= 4294967295.0 ? 4294967295u : static_cast<uint32_t>(bound);
}

// What a kept element is multiplied by; nothing is kept at p = 1.
inline double keep_scale(double p) { return p < 1.0 ? 1.0 / (1.0 - p) : 0.0; }

}  // namespace torch_lora
