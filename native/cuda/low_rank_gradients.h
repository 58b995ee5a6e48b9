#pragma once
// The gradients of the adapters of every segment of lora::linear out of the two products for all of them: cut out,
// scaled and in the adapters' own type. T: the products' type; P: the adapters'; A: the type of all arithmetic.
#include "cuda/low_rank_parts.h"

namespace torch_lora::cuda {

template <class P>
struct GradientsPart {
  P* a;  // [R, in], or null where it is not asked for
  P* b;  // [out, R], or null
  int64_t out, offset, rank, rank_offset;
  double scaling;
};

template <class T, class P>
struct GradientsArguments {
  GradientsPart<P> parts[kMostParts];
  int count;
  int64_t in;
  const T* all_a;  // [pad, in], contiguous, or null
  const T* all_b;  // [out, R], or null
  int64_t b_row;   // stride
};

// One of `steps` threads of the whole grid, the `first`.
template <class A, class T, class P>
TORCH_LORA_DEVICE void gradients(const GradientsArguments<T, P>& a, int64_t first, int64_t steps) {
  for (int i = 0; i < a.count; ++i) {
    const GradientsPart<P>& part = a.parts[i];
    if (part.a != nullptr) {
      const T* const from = a.all_a + part.rank_offset * a.in;
      for (int64_t e = first; e < part.rank * a.in; e += steps) part.a[e] = P(A(from[e]));
    }
    if (part.b != nullptr) {
      const T* const from = a.all_b + part.offset * a.b_row + part.rank_offset;
      for (int64_t e = first; e < part.out * part.rank; e += steps) {
        part.b[e] = P(A(from[e / part.rank * a.b_row + e % part.rank]) * A(part.scaling));
      }
    }
  }
}

}  // namespace torch_lora::cuda
