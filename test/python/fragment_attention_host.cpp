// The GPU's attention on tensor cores as threads of the processor run it, for test_fragment_attention.py.
#include "cuda/fragment_attention.h"
#include "host_block.h"

namespace {

using namespace torch_lora;

struct HostRow {
  int thread = 0, threads = 1;
  double sum(double value) const { return value; }
};

template <int R>
void in_squares(tiles::Arguments<double, double> a, int sequences, bool vectors, double* delta) {
  const bool bands = a.pos_key || a.pos_query;
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  std::vector<Line> memory(tiles::Square<R, double, double>::bytes(bands) / sizeof(Line) + 1);
  unsigned char* const shared = memory.data()->bytes;
  int longest = 0;
  const auto each = [&](const auto& body) {
    for (int b = 0; b < sequences; ++b) {
      const int64_t start = a.cu_seqlens[b];
      const int length = static_cast<int>(a.cu_seqlens[b + 1] - start);
      longest = std::max(longest, length);
      for (int head = 0; head < a.heads; ++head) {
        for (int first = 0; first < length; first += R) {
          run_fragments<double>(R / 16, [&](const FragmentBlock<double>& block) {
            body(block, tiles::Place{start, length, head, first});
          });
        }
      }
    }
  };
  const tiles::Vectors fours{vectors, vectors};
  each([&](const auto& block, const tiles::Place& at) { tiles::fragment_forward<R>(block, a, at, fours, shared); });
  if (longest <= R) {
    return each(
        [&](const auto& block, const tiles::Place& at) { tiles::whole_backward<R>(block, a, at, fours, shared); });
  }
  for (int64_t row = 0; row < a.tokens * a.heads; ++row) {
    tiles::row_product(HostRow(), a, row / a.heads, static_cast<int>(row % a.heads), delta);
  }
  a.delta = delta;
  each([&](const auto& block, const tiles::Place& at) { tiles::queries_backward<R>(block, a, at, fours, shared); });
  each([&](const auto& block, const tiles::Place& at) { tiles::keys_backward<R>(block, a, at, fours, shared); });
}

}  // namespace

// qkv [T, 3, N, D], tables [P, N, D] or null, gradients likewise, all contiguous; row_of_distance points at distance 0;
// dkey and dquery are null where they are not asked for.
extern "C" void run_fragments_of(int rows, const double* qkv, const double* pos_key, const double* pos_query,
                                 const int32_t* row_of_distance, const int32_t* cu_seqlens, int sequences,
                                 int64_t tokens, int heads, int head_size, double scale, double p, int64_t seed,
                                 bool vectors, double* out, double* logsumexp, const double* dout, double* delta,
                                 double* dqkv, double* dkey, double* dquery) {
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
  a.dqkv = dqkv;
  a.dkey = dkey;
  a.dquery = dquery;
  (rows == 16 ? in_squares<16> : rows == 32 ? in_squares<32> : in_squares<64>)(a, sequences, vectors, delta);
}
