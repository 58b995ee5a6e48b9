// The GPU's attention of short sequences as threads of the processor run it, for test_short_attention.py.
#include "cuda/short_attention.h"
#include "host_block.h"

namespace {

using namespace torch_lora;

template <int R>
void in_rows(const tiles::Arguments<double, double>& a, int sequences, bool vectors) {
  const bool bands = a.pos_key || a.pos_query;
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  std::vector<Line> memory(tiles::ShortShared<R, double, double>::bytes(bands) / sizeof(Line) + 1);
  unsigned char* const shared = memory.data()->bytes;
  const auto each = [&](const auto& body) {
    for (int b = 0; b < sequences; ++b) {
      const int64_t start = a.cu_seqlens[b];
      const int length = static_cast<int>(a.cu_seqlens[b + 1] - start);
      for (int head = 0; head < a.heads && length > 0; ++head) {
        run_fragments<double>(R / 16, [&](const FragmentBlock<double>& block) {
          body(block, tiles::Place{start, length, head, 0});
        });
      }
    }
  };
  each([&](const auto& block, const tiles::Place& at) { tiles::short_forward<R>(block, a, at, vectors, shared); });
  each([&](const auto& block, const tiles::Place& at) {
    tiles::short_backward<R>(block, a, at, vectors, vectors, shared);
  });
}

}  // namespace

// qkv [T, 3, N, D], tables [P, N, D] or null, gradients likewise, all contiguous; row_of_distance points at distance 0;
// dkey and dquery are null where they are not asked for.
extern "C" void run_short(int rows, const double* qkv, const double* pos_key, const double* pos_query,
                          const int32_t* row_of_distance, const int32_t* cu_seqlens, int sequences, int64_t tokens,
                          int heads, int head_size, double scale, double p, int64_t seed, bool vectors, double* out,
                          double* logsumexp, const double* dout, double* dqkv, double* dkey, double* dquery) {
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
  (rows == 16 ? in_rows<16> : rows == 32 ? in_rows<32> : in_rows<64>)(a, sequences, vectors);
}
