#pragma once
// The adapters of every segment of lora::linear as two matrices in x's type: A above A, and s_i B_i on the diagonal,
// after the weights where one product does everything. T: x's type; A: the type of all arithmetic.
#include "cuda/low_rank_parts.h"

namespace torch_lora::cuda {

// One segment; P is the type of its adapter.
template <class T, class P>
struct BlocksPart {
  const T* weight;                   // [out, in]; used when joined
  const P* a;                        // [R, in], or null
  const P* b;                        // [out, R], or null
  int64_t weight_row, a_row, b_row;  // strides
  int64_t out, offset, rank, rank_offset;
  double scaling;
};

template <class T, class P>
struct BlocksArguments {
  BlocksPart<T, P> parts[kMostParts];
  int count;
  int64_t in, out, pad;
  bool joined;  // columns [out, in + pad], the weights before B; else [out, pad]
  T* rows;      // [pad, in], contiguous
  T* columns;
};

// V neighbours of a row of `columns`, from column on.
template <class A, int V, class T, class P>
TORCH_LORA_DEVICE Vector<T, V> block_columns(const BlocksArguments<T, P>& a, int64_t row, int64_t column) {
  int i = 0;
  while (row >= a.parts[i].offset + a.parts[i].out) ++i;
  const BlocksPart<T, P>& part = a.parts[i];
  const int64_t own = row - part.offset, weights = a.joined ? a.in : 0;
  if (column < weights) return load<V>(part.weight + own * part.weight_row + column);
  Vector<T, V> result;
  TORCH_LORA_UNROLL
  for (int v = 0; v < V; ++v) {
    const int64_t rank = column + v - weights - part.rank_offset;
    const bool inside = rank >= 0 && rank < part.rank;
    result.values[v] = inside ? T(A(part.b[own * part.b_row + rank]) * A(part.scaling)) : T(0.0f);
  }
  return result;
}

template <class T, class P>
TORCH_LORA_DEVICE T block_row(const BlocksArguments<T, P>& a, int64_t rank, int64_t column) {
  for (int i = 0; i < a.count; ++i) {
    const BlocksPart<T, P>& part = a.parts[i];
    const int64_t own = rank - part.rank_offset;
    if (own >= 0 && own < part.rank) return T(part.a[own * part.a_row + column]);
  }
  return T(0.0f);
}

// One of `steps` threads of the whole grid, the `first`. V > 1: a multiple of V in every width, all of it aligned.
template <class A, int V, class T, class P>
TORCH_LORA_DEVICE void blocks(const BlocksArguments<T, P>& a, int64_t first, int64_t steps) {
  const int64_t width = (a.joined ? a.in : 0) + a.pad;
  for (int64_t e = first * V; e < a.out * width; e += steps * V) {
    store(a.columns + e, block_columns<A, V>(a, e / width, e % width));
  }
  for (int64_t e = first; e < a.pad * a.in; e += steps) a.rows[e] = block_row(a, e / a.in, e % a.in);
}

}  // namespace torch_lora::cuda
