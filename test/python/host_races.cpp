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
    run_update(2, as, bs, kOut, kRank, scaling, kIn, backward ? dy : x, kTokens, 8, true, backward, backward, kP, kSeed,
               low, backward ? x : dy);
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

// One sequence of one head, with tables of positions and dropout.
struct Attention {
  Numbers<double> qkv, table, out, logsumexp, delta, dqkv, dkey, dquery;
  std::vector<int32_t> row_of_distance;
  int32_t bounds[2] = {};
  AttentionCall call{};

  Attention(int tokens, int size)
      : qkv(tokens * 3 * size),
        table(2 * tokens * size),
        out(tokens * size),
        logsumexp(tokens),
        delta(tokens),
        dqkv(tokens * 3 * size),
        dkey(2 * tokens * size),
        dquery(2 * tokens * size),
        row_of_distance(2 * tokens) {
    for (int i = 0; i < 2 * tokens; ++i) row_of_distance[i] = i;
    bounds[1] = tokens;
    call.qkv = qkv;
    call.pos_key = call.pos_query = table;
    call.row_of_distance = row_of_distance.data() + tokens;
    call.cu_seqlens = bounds;
    call.sequences = call.heads = 1;
    call.tokens = tokens;
    call.head_size = size;
    call.scale = 0.25;
    call.p = kP;
    call.seed = kSeed;
    call.dout = call.out = out;
    call.logsumexp = logsumexp;
    call.delta = delta;
    call.dqkv = dqkv;
    call.dkey = dkey;
    call.dquery = dquery;
  }
};

struct TileBlock : HostBlock<double> {
  void add(double* sum, double value) const { std::atomic_ref<double>(*sum).fetch_add(value); }
};

void disentangled() {
  constexpr int kTokens = 20, kSize = 8, kThreads = 8;
  Attention attention(kTokens, kSize);
  auto a = arguments_of(attention.call);
  a.delta = attention.delta;
  Numbers<double> memory(tiles::Shared<double>::elements(kSize));
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
  Attention attention(40, 32);
  for (const int rows : {16, 32, 64}) run_fragments_of(attention.call, rows, true);  // several squares each way, and one
}

}  // namespace

int main() {
  low_rank();
  layer_norm();
  disentangled();
  fragment_attention();
  std::puts("no race");
}
