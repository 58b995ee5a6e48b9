// The bodies of the CUDA kernels on threads of the processor, once each, for ThreadSanitizer to watch: it tells where a
// thread reads what another wrote with no barrier between. Values are the other tests' business.
#include <atomic>
#include <cstdio>

#include "cuda/disentangled_tiles.h"
#include "layer_norm_rows_host.cpp"
#include "low_rank_tiles_host.cpp"
#include "fragment_attention_host.cpp"

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
  constexpr int64_t kTokens = 19, kIn = 40, kOut[] = {24, 8}, kRank[] = {30, 10};
  Numbers<double> a(40 * kIn), b(24 * 30 + 8 * 10), x(kTokens * kIn), dy(kTokens * 32), low(kTokens * 40);
  const double *const as[] = {a, a + 30 * kIn}, *const bs[] = {b, b + 24 * 30};
  double *const das[] = {a, a + 30 * kIn}, *const dbs[] = {b, b + 24 * 30};
  const double scaling[] = {0.5, 2};
  for (const bool backward : {false, true}) {
    run_update(2, as, bs, kOut, kRank, scaling, kIn, backward ? dy : x, kTokens, 8, true, backward, kP, kSeed, low,
               backward ? x : dy);
  }
  Numbers<double> skinny(kTokens * 40);
  run_gradients(2, das, dbs, kOut, kRank, scaling, kIn, x, low, dy, skinny, kTokens, true, kP, kSeed);
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

void fragment_attention() {
  constexpr int kTokens = 20, kSize = 32;
  Numbers<double> qkv(kTokens * 3 * kSize), table(2 * kTokens * kSize), out(kTokens * kSize), logsumexp(kTokens),
      dqkv(kTokens * 3 * kSize), dkey(2 * kTokens * kSize), dquery(2 * kTokens * kSize);
  std::vector<int32_t> row_of_distance(2 * kTokens);
  for (int i = 0; i < 2 * kTokens; ++i) row_of_distance[i] = i;
  const int32_t bounds[] = {0, kTokens};
  Numbers<double> delta(kTokens);
  for (const int rows : {16, 32}) {  // two squares each way, and one
    run_fragments_of(rows, qkv, table, table, row_of_distance.data() + kTokens, bounds, 1, kTokens, 1, kSize, 0.25, kP,
                     kSeed, true, out, logsumexp, out, delta, dqkv, dkey, dquery);
  }
}

}  // namespace

int main() {
  low_rank();
  layer_norm();
  disentangled();
  fragment_attention();
  std::puts("no race");
}
