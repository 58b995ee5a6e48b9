#pragma once
// LayerNorm(residual + drop(x)), forward and backward, a row by the threads of one block. Each reads its inputs once
// and writes its outputs once: forward x, residual, y and normalized, backward dy, normalized and what is asked for.
//
// A row is held in registers between the passes over it (mean, variance, output) where it fits, V elements a load and
// K loads a thread. K = 0 takes any row: it reads it anew for each pass, out of the cache.
#include <cmath>

#include "cuda/device.h"

namespace torch_lora::cuda {

// T: the element type in memory; A: the type of all arithmetic.
template <class T, class A>
struct NormForward {
  const T *x, *residual;   // [rows, H]
  const T *weight, *bias;  // [H]
  T *y, *normalized;       // [rows, H]; normalized may be null
  A* rstd;                 // [rows], or null with normalized
  int64_t rows, hidden;
  A eps;
  Dropout<A> dropout;
};

template <class T, class A>
struct NormBackward {
  const T *dy, *normalized;  // [rows, H]
  const A* rstd;             // [rows]
  const T* weight;           // [H]
  T *dx, *dresidual;         // [rows, H]; either may be null
  int64_t rows, hidden;
  Dropout<A> dropout;
};

// Sums over rows for the parameters: a block takes kStrip columns of one part of the rows.
template <class T, class A>
struct NormParameters {
  const T *dy, *normalized;  // [rows, H]
  A *dweight, *dbias;        // [parts, H]; either may be null
  int64_t rows, hidden, rows_of_part;
};

constexpr int kStrip = 32;      // columns of a block
constexpr int kStripLanes = 8;  // threads that share a column

// The vectors of a row that belong to this thread, W numbers for each, made by load(column, numbers).
template <int V, int K, int W, class A, class Block, class Load>
class ThreadsVectors {
 public:
  TORCH_LORA_DEVICE ThreadsVectors(const Block& block, int64_t hidden, const Load& load)
      : block_(block), hidden_(hidden), load_(load) {
    if constexpr (K > 0) {
      each([&](int64_t column, A* numbers) { load_(column, numbers); });
    }
  }

  template <class Body>
  TORCH_LORA_DEVICE void each(const Body& body) {
    if constexpr (K > 0) {
      TORCH_LORA_UNROLL
      for (int k = 0; k < K; ++k) {
        const int64_t column = (int64_t(k) * block_.threads + block_.thread) * V;
        if (column < hidden_) body(column, held_[k]);
      }
    } else {
      for (int64_t column = int64_t(block_.thread) * V; column < hidden_; column += int64_t(block_.threads) * V) {
        load_(column, held_[0]);
        body(column, held_[0]);
      }
    }
  }

 private:
  const Block& block_;
  const int64_t hidden_;
  const Load& load_;
  A held_[K > 0 ? K : 1][W];
};

template <int V, int K, class Block, class T, class A>
TORCH_LORA_DEVICE void norm_forward(const Block& block, const NormForward<T, A>& a, int64_t row) {
  const int64_t first = row * a.hidden;
  const RowKey key = a.dropout.row(row);
  const auto sum_of_branches = [&](int64_t column, A* h) {
    const auto x = load<V>(a.x + first + column), residual = load<V>(a.residual + first + column);
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) h[v] = A(residual.values[v]) + a.dropout.apply(key, column + v, A(x.values[v]));
  };
  ThreadsVectors<V, K, V, A, Block, decltype(sum_of_branches)> vectors(block, a.hidden, sum_of_branches);
  A sum = 0;
  vectors.each([&](int64_t, const A* h) {
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) sum += h[v];
  });
  const A mean = block.sum(sum) / A(a.hidden);
  A squares = 0;
  vectors.each([&](int64_t, const A* h) {
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) squares += (h[v] - mean) * (h[v] - mean);
  });
  const A rstd = A(1) / std::sqrt(block.sum(squares) / A(a.hidden) + a.eps);
  if (a.rstd != nullptr && block.thread == 0) a.rstd[row] = rstd;
  vectors.each([&](int64_t column, const A* h) {
    const auto weight = load<V>(a.weight + column), bias = load<V>(a.bias + column);
    Vector<T, V> y, normalized;
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) {
      const A n = (h[v] - mean) * rstd;
      normalized.values[v] = T(n);
      y.values[v] = T(n * A(weight.values[v]) + A(bias.values[v]));
    }
    store(a.y + first + column, y);
    if (a.normalized != nullptr) store(a.normalized + first + column, normalized);
  });
}

// dh = rstd (g - mean(g) - n mean(g n)) for g = dy * weight; dresidual = dh, dx = dh * mask.
template <int V, int K, class Block, class T, class A>
TORCH_LORA_DEVICE void norm_backward(const Block& block, const NormBackward<T, A>& a, int64_t row) {
  const int64_t first = row * a.hidden;
  const RowKey key = a.dropout.row(row);
  const auto gradient = [&](int64_t column, A* g) {  // V of g, then V of n
    const auto dy = load<V>(a.dy + first + column), normalized = load<V>(a.normalized + first + column),
               weight = load<V>(a.weight + column);
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) {
      g[v] = A(dy.values[v]) * A(weight.values[v]);
      g[V + v] = A(normalized.values[v]);
    }
  };
  ThreadsVectors<V, K, 2 * V, A, Block, decltype(gradient)> vectors(block, a.hidden, gradient);
  A sum = 0, products = 0;
  vectors.each([&](int64_t, const A* g) {
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) {
      sum += g[v];
      products += g[v] * g[V + v];
    }
  });
  const A mean = block.sum(sum) / A(a.hidden), slope = block.sum(products) / A(a.hidden), rstd = a.rstd[row];
  vectors.each([&](int64_t column, const A* g) {
    Vector<T, V> dresidual, dx;
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) {
      const A dh = rstd * (g[v] - mean - g[V + v] * slope);
      dresidual.values[v] = T(dh);
      dx.values[v] = T(a.dropout.apply(key, column + v, dh));
    }
    if (a.dresidual != nullptr) store(a.dresidual + first + column, dresidual);
    if (a.dx != nullptr) store(a.dx + first + column, dx);
  });
}

// kStrip * kStripLanes threads; `memory` holds 2 * kStrip * kStripLanes numbers.
template <class Block, class T, class A>
TORCH_LORA_DEVICE void norm_parameters(const Block& block, const NormParameters<T, A>& a, int64_t strip, int64_t part,
                                       A* memory) {
  const int lane = block.thread / kStrip;
  const int64_t column = strip * kStrip + block.thread % kStrip, begin = part * a.rows_of_part;
  const int64_t end = begin + a.rows_of_part < a.rows ? begin + a.rows_of_part : a.rows;
  A dweight = 0, dbias = 0;
  if (column < a.hidden) {
    for (int64_t row = begin + lane; row < end; row += kStripLanes) {
      const A dy = A(a.dy[row * a.hidden + column]);
      dweight += dy * A(a.normalized[row * a.hidden + column]);
      dbias += dy;
    }
  }
  A* const biases = memory + kStrip * kStripLanes;
  memory[block.thread] = dweight;
  biases[block.thread] = dbias;
  block.sync();
  if (lane > 0 || column >= a.hidden) return;
  for (int other = 1; other < kStripLanes; ++other) {
    dweight += memory[block.thread + other * kStrip];
    dbias += biases[block.thread + other * kStrip];
  }
  if (a.dweight != nullptr) a.dweight[part * a.hidden + column] = dweight;
  if (a.dbias != nullptr) a.dbias[part * a.hidden + column] = dbias;
}

}  // namespace torch_lora::cuda
