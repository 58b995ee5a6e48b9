// The bodies of the CUDA kernels on threads of the processor, once each, for ThreadSanitizer to watch: it tells where a
// thread reads what another wrote with no barrier between. Values are the other tests' business.
#include <atomic>
#include <cstdio>

#include "cuda/disentangled_tiles.h"
#include "layer_norm_rows_host.cpp"
#include "low_rank_tiles_host.cpp"

namespace {

template <class T>
struct Numbers : std::vector<T> {
  explicit Numbers(size_t count) : std::vector<T>(count) {
    for (size_t i = 0; i < count; ++i) (*this)[i] = T(i % 7) / 4 - T(1);
  }
  operator T*() { return this->data(); }
};

constexpr double kP = 0.3;
constexpr int64_t kSeed = 5;

void low_rank() {
  Numbers<double> x(11 * 13), rows(11 * 13), low(11 * 11), joined(11 * 24);
  const int64_t few[] = {5, 11}, many[] = {9, 40}, more[] = {30, 80};  // the ends of two segments' ranks
  run_project(x, rows, 11, 13, 11, 2, few, kP, kSeed, low, joined);
  Numbers<float> wide(19 * 72), above(80 * 72), narrow(19 * 80), both(19 * 152);
  run_project_fragments(wide, above, 19, 72, 80, 2, more, kP, kSeed, narrow, both);
  Numbers<double> left(9 * 40), matrix(40 * 20), y(9 * 20);
  run_expand(left, matrix, 20, 1, nullptr, 9, 20, 40, 2, many, kP, kSeed, y);
}

void layer_norm() {
  Numbers<double> x(3 * 64), weight(64), y(3 * 64), normalized(3 * 64), rstd(3), dx(3 * 64), dresidual(3 * 64);
  for (const bool held : {true, false}) {
    run_rows(x, x, weight, weight, 3, 64, 1e-3, kP, kSeed, held, 8, y, normalized, rstd, x, dx, dresidual);
  }
  Numbers<double> dweight(2 * 64), dbias(2 * 64);
  run_parameters(x, normalized, 3, 64, 2, dweight, dbias);
}

struct TileBlock : HostBlock<double> {
  void add(double* sum, double value) const { std::atomic_ref<double>(*sum).fetch_add(value); }
};

void disentangled() {
  constexpr int kTokens = 20, kSize = 8, kThreads = 8;
  Numbers<double> qkv(kTokens * 3 * kSize), table(2 * kTokens * kSize), out(kTokens * kSize), logsumexp(kTokens),
      delta(kTokens), dqkv(kTokens * 3 * kSize), dkey(2 * kTokens * kSize), dquery(2 * kTokens * kSize),
      memory(tiles::Shared<double>::elements(kSize));
  std::vector<int32_t> row_of_distance(2 * kTokens);
  for (int i = 0; i < 2 * kTokens; ++i) row_of_distance[i] = i;
  const int32_t bounds[] = {0, kTokens};
  tiles::Arguments<double, double> a{};
  a.qkv = qkv;
  a.token_stride = 3 * kSize;
  a.part_stride = a.head_stride = a.key_head_stride = a.query_head_stride = kSize;
  a.pos_key = a.pos_query = table;
  a.key_row_stride = a.query_row_stride = kSize;
  a.row_of_distance = row_of_distance.data() + kTokens;
  a.cu_seqlens = bounds;
  a.tokens = kTokens;
  a.heads = 1;
  a.head_size = kSize;
  a.scale = 0.25;
  a.dropout = dropout_of<double>(kP, kSeed);
  a.out = out;
  a.logsumexp = logsumexp;
  a.dout = out;
  a.dout_token_stride = a.dout_head_stride = kSize;
  a.delta = delta;
  a.dqkv = dqkv;
  a.dkey = dkey;
  a.dquery = dquery;
  for (int first = 0; first < kTokens; first += tiles::kTile) {
    const tiles::Place at{0, kTokens, 0, first};
    const auto run = [&](auto body) {
      run_block<double>(kThreads, [&](const HostBlock<double>& block) { body(TileBlock{block}); });
    };
    run([&](const TileBlock& block) { tiles::forward(block, a, at, memory.data()); });
    run([&](const TileBlock& block) { tiles::backward_queries(block, a, at, memory.data()); });
    run([&](const TileBlock& block) { tiles::backward_keys(block, a, at, memory.data()); });
  }
}

}  // namespace

int main() {
  low_rank();
  layer_norm();
  disentangled();
  std::puts("no race");
}
