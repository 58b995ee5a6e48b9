// The GPU's tiles of disentangled attention as one thread of the processor runs them, for test_disentangled_tiles.py.
#include <memory>

#include "cuda/disentangled_tiles.h"

namespace {

using namespace torch_lora;

struct HostBlock {
  int thread = 0, threads = 1;
  void sync() const {}
  void add(double* sum, double value) const { *sum += value; }
};

struct HostRow {
  int thread = 0, threads = 1;
  double sum(double value) const { return value; }
};

template <class Body>
void each_place(const tiles::Arguments<double, double>& a, int sequences, Body body) {
  for (int b = 0; b < sequences; ++b) {
    const int64_t start = a.cu_seqlens[b];
    const int length = static_cast<int>(a.cu_seqlens[b + 1] - start);
    for (int head = 0; head < a.heads; ++head) {
      for (int first = 0; first < length; first += tiles::kTile) {
        body(tiles::Place{start, length, head, first});
      }
    }
  }
}

}  // namespace

// qkv [T, 3, N, D], tables [P, N, D] or null, gradients likewise, all contiguous; row_of_distance points at distance 0.
extern "C" void run_tiles(const double* qkv, const double* pos_key, const double* pos_query,
                          const int32_t* row_of_distance, const int32_t* cu_seqlens, int sequences, int64_t tokens,
                          int heads, int head_size, double scale, double p, int64_t seed, double* out,
                          double* logsumexp, const double* dout, double* delta, double* dqkv, double* dkey,
                          double* dquery) {
  const int64_t row = int64_t(heads) * head_size;
  tiles::Arguments<double, double> a{};
  a.qkv = qkv;
  a.token_stride = 3 * row;
  a.part_stride = row;
  a.head_stride = head_size;
  a.pos_key = pos_key;
  a.pos_query = pos_query;
  a.key_row_stride = a.query_row_stride = row;
  a.key_head_stride = a.query_head_stride = head_size;
  a.row_of_distance = row_of_distance;
  a.cu_seqlens = cu_seqlens;
  a.tokens = tokens;
  a.heads = heads;
  a.head_size = head_size;
  a.scale = scale;
  a.dropout = {p > 0, {0, &seed}, drop_bound(p), keep_scale(p)};
  a.out = out;
  a.logsumexp = logsumexp;
  a.dout = dout;
  a.dout_token_stride = row;
  a.dout_head_stride = head_size;
  a.delta = delta;
  a.dqkv = dqkv;
  a.dkey = dkey;
  a.dquery = dquery;
  const auto memory = std::make_unique<double[]>(tiles::Shared<double>::elements(head_size));
  const HostBlock block;
  each_place(a, sequences, [&](const tiles::Place& at) { tiles::forward(block, a, at, memory.get()); });
  for (int64_t r = 0; r < tokens * heads; ++r) {
    tiles::row_product(HostRow(), a, r / heads, static_cast<int>(r % heads), delta);
  }
  each_place(a, sequences, [&](const tiles::Place& at) { tiles::backward_queries(block, a, at, memory.get()); });
  each_place(a, sequences, [&](const tiles::Place& at) { tiles::backward_keys(block, a, at, memory.get()); });
}
