#pragma once
// A block whose warps have tensor cores for half and bfloat16, see fragments.h; float and double, whose every bit is
// wanted, are multiplied by the warp's threads, which show each other their fragments.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstring>
#include <type_traits>

#include "cuda/fragments.h"
#include "cuda/launch.h"

namespace torch_lora::cuda {

struct FragmentBlock : DeviceBlock {
  template <class T, class A>
  __device__ void multiply(A (&sums)[4], const T (&left)[2 * kRun], const T (&right)[kRun]) const {
    if constexpr (std::is_same_v<T, A>) {
      const Lane lane(thread);
#pragma unroll
      for (int k = 0; k < kDepth; ++k) {
        const int holder = k / kRun, place = fragment_place(k % kRun);
        const A above = __shfl_sync(kAll, left[place], lane.group * 4 + holder);
        const A below = __shfl_sync(kAll, left[place + 2], lane.group * 4 + holder);
        const A first = __shfl_sync(kAll, right[k % kRun], lane.run * 8 + holder);
        const A second = __shfl_sync(kAll, right[k % kRun], lane.run * 8 + 4 + holder);
        sums[0] += above * first;
        sums[1] += above * second;
        sums[2] += below * first;
        sums[3] += below * second;
      }
    } else {
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
  }

  // Over the four threads that share rows of sums.
  template <class A>
  __device__ A sum_of_four(A value) const {
    value += __shfl_xor_sync(kAll, value, 1);
    return value + __shfl_xor_sync(kAll, value, 2);
  }
  template <class A>
  __device__ A largest_of_four(A value) const {
    for (int other = 1; other < 4; other *= 2) {
      const A theirs = __shfl_xor_sync(kAll, value, other);
      value = theirs > value ? theirs : value;
    }
    return value;
  }

 private:
  static constexpr unsigned kAll = 0xFFFFFFFFu;
};

}  // namespace torch_lora::cuda
