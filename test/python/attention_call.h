#pragma once
// What the tests of attention's kernels on the processor pass to them: see AttentionCall of test_disentangled.py.
#include "cuda/disentangled_tiles.h"

extern "C" {
// qkv [T, 3, N, D], tables [P, N, D] or null, gradients likewise, all contiguous; row_of_distance points at distance 0;
// dkey and dquery are null where they are not asked for.
struct AttentionCall {
  const double *qkv, *pos_key, *pos_query;
  const int32_t *row_of_distance, *cu_seqlens;
  int64_t sequences, tokens, heads, head_size;
  double scale, p;
  int64_t seed;
  double *out, *logsumexp;
  const double* dout;
  double *delta, *dqkv, *dkey, *dquery;
};
}

struct HostRow {
  int thread = 0, threads = 1;
  double sum(double value) const { return value; }
};

// All but `delta`, which not every kernel is given. Points into `call`.
inline torch_lora::tiles::Arguments<double, double> arguments_of(const AttentionCall& call) {
  const int64_t row = call.heads * call.head_size;
  torch_lora::tiles::Arguments<double, double> a{};
  a.qkv = call.qkv;
  a.token_stride = 3 * row;
  a.part_stride = row;
  a.head_stride = call.head_size;
  a.pos_key = call.pos_key;
  a.pos_query = call.pos_query;
  a.key_row_stride = a.query_row_stride = row;
  a.key_head_stride = a.query_head_stride = call.head_size;
  a.row_of_distance = call.row_of_distance;
  a.cu_seqlens = call.cu_seqlens;
  a.tokens = call.tokens;
  a.heads = static_cast<int>(call.heads);
  a.head_size = static_cast<int>(call.head_size);
  a.scale = call.scale;
  a.dropout = {call.p > 0, {0, &call.seed}, torch_lora::drop_bound(call.p), torch_lora::keep_scale(call.p)};
  a.out = call.out;
  a.logsumexp = call.logsumexp;
  a.dout = call.dout;
  a.dout_token_stride = row;
  a.dout_head_stride = call.head_size;
  a.dqkv = call.dqkv;
  a.dkey = call.dkey;
  a.dquery = call.dquery;
  return a;
}

// The row product that kernels read as `delta`, for every token and head.
inline void row_products(torch_lora::tiles::Arguments<double, double>& a, double* delta) {
  for (int64_t row = 0; row < a.tokens * a.heads; ++row) {
    torch_lora::tiles::row_product(HostRow(), a, row / a.heads, static_cast<int>(row % a.heads), delta);
  }
  a.delta = delta;
}

// body(Place) for every sequence, head and stretch of `rows` queries.
template <class Body>
void each_place(const torch_lora::tiles::Arguments<double, double>& a, int64_t sequences, int rows, const Body& body) {
  for (int64_t b = 0; b < sequences; ++b) {
    const int64_t start = a.cu_seqlens[b];
    const int length = static_cast<int>(a.cu_seqlens[b + 1] - start);
    for (int head = 0; head < a.heads; ++head) {
      for (int first = 0; first < length; first += rows) body(torch_lora::tiles::Place{start, length, head, first});
    }
  }
}
