// The GPU's attention on tensor cores as threads of the processor run it, for test_fragment_attention.py.
#include "attention_call.h"
#include "cuda/fragment_attention.h"
#include "host_block.h"

namespace {

using namespace torch_lora;

template <int R>
void in_squares(const AttentionCall& call, const tiles::Vectors& fours) {
  auto a = arguments_of(call);
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  const bool bands = a.pos_key || a.pos_query;
  std::vector<Line> memory(tiles::Square<R, double, double>::bytes(bands) / sizeof(Line) + 1);
  unsigned char* const shared = memory.data()->bytes;
  const auto each = [&](const auto& body) {
    each_place(a, call.sequences, R, [&](const tiles::Place& at) {
      run_fragments<double>(R / 16, [&](const FragmentBlock<double>& block) { body(block, at); });
    });
  };
  each([&](const auto& block, const tiles::Place& at) { tiles::fragment_forward<R>(block, a, at, fours, shared); });
  int64_t longest = 0;
  for (int64_t b = 0; b < call.sequences; ++b) {
    longest = std::max<int64_t>(longest, a.cu_seqlens[b + 1] - a.cu_seqlens[b]);
  }
  if (longest <= R) {
    return each(
        [&](const auto& block, const tiles::Place& at) { tiles::whole_backward<R>(block, a, at, fours, shared); });
  }
  row_products(a, call.delta);
  each([&](const auto& block, const tiles::Place& at) { tiles::queries_backward<R>(block, a, at, fours, shared); });
  each([&](const auto& block, const tiles::Place& at) { tiles::keys_backward<R>(block, a, at, fours, shared); });
}

}  // namespace

// In squares of `rows` rows; `vectors` says whether rows of qkv and of gradients are read four elements at a time.
extern "C" void run_fragments_of(const AttentionCall& call, int rows, bool vectors) {
  (rows == 16 ? in_squares<16> : rows == 32 ? in_squares<32> : in_squares<64>)(call, {vectors, vectors});
}
