// The GPU's kernels for lora::linear's adapters as threads of the processor run them, for test_low_rank_tiles.py.
#include <algorithm>

#include "cuda/low_rank_gradients.h"
#include "cuda/low_rank_update.h"
#include "host_block.h"

namespace {

using namespace torch_lora;

constexpr int kWarps = 2;

template <class A>
cuda::Dropout<A> dropout_of(double p, const int64_t& seed) {
  return {p > 0, {0, &seed}, drop_bound(p), static_cast<A>(keep_scale(p))};
}

// Pointers a segment, null where there is no adapter; everything contiguous.
cuda::LowRankParts<double> parts_of(int count, const double* const* lora_A, const double* const* lora_B,
                                    const int64_t* out, const int64_t* rank, const double* scaling, int64_t in) {
  cuda::LowRankParts<double> parts{};
  for (int i = 0; i < count; ++i) {
    parts.part[i] = {lora_A[i], lora_B[i], in, rank[i], out[i], parts.out, rank[i], parts.rank, scaling[i]};
    parts.out += out[i];
    parts.rank += rank[i];
  }
  parts.count = count;
  parts.in = in;
  return parts;
}

}  // namespace

// `y` may be null.
extern "C" void run_update(int count, const double* const* lora_A, const double* const* lora_B, const int64_t* out,
                           const int64_t* rank, const double* scaling, int64_t in, const double* x, int64_t tokens,
                           int64_t strip, bool vectors, bool backward, bool fresh, double p, int64_t seed, double* low,
                           double* y) {
  cuda::UpdateArguments<double, double> a{};
  a.parts = parts_of(count, lora_A, lora_B, out, rank, scaling, in);
  a.x = x;
  a.x_row = backward ? a.parts.out : in;
  a.tokens = tokens;
  a.low = low;
  a.y = y;
  a.strip = strip;
  a.fresh = fresh;
  a.vector_x = a.vector_a = vectors;
  const int64_t columns = y == nullptr ? 1 : backward ? in : a.parts.out;
  std::vector<double> memory(cuda::update_bytes<double, double>(kWarps, a.parts.rank) / sizeof(double));
  const auto bytes = reinterpret_cast<unsigned char*>(memory.data());
  for (int64_t first = 0; first < tokens; first += cuda::kTokens) {
    for (int64_t begin = 0; begin < columns; begin += strip) {
      run_fragments<double>(kWarps, [&](const FragmentBlock<double>& block) {
        const auto dropout = dropout_of<double>(p, seed);
        backward ? cuda::low_rank_update<true, double>(block, a, dropout, first, begin, bytes)
                 : cuda::low_rank_update<false, double>(block, a, dropout, first, begin, bytes);
      });
    }
  }
}

// Pointers a segment, null where a gradient is not asked for.
extern "C" void run_gradients(int count, double* const* dA, double* const* dB, const int64_t* out, const int64_t* rank,
                              const double* scaling, int64_t in, const double* x, const double* low, const double* dy,
                              const double* skinny, int64_t tokens, bool vectors, double p, int64_t seed) {
  cuda::AdapterGradients<double, double> a{};
  a.parts = parts_of(count, dA, dB, out, rank, scaling, in);
  std::copy_n(dA, count, a.a);
  std::copy_n(dB, count, a.b);
  a.tokens = tokens;
  a.x = x;
  a.x_row = in;
  a.dy = dy;
  a.dy_row = a.parts.out;
  a.low = low;
  a.skinny = skinny;
  a.vector_x = a.vector_dy = vectors;
  std::vector<double> memory(cuda::gradients_memory(kWarps));
  for (int i = 0; i < count; ++i) {
    for (int64_t first = 0; first < rank[i]; first += cuda::kStripRanks) {
      for (int64_t strip = 0; strip * cuda::kStripColumns < std::max(in, out[i]); ++strip) {
        for (const bool of_A : {true, false}) {
          run_fragments<double>(kWarps, [&](const FragmentBlock<double>& block) {
            const auto dropout = dropout_of<double>(p, seed);
            of_A ? cuda::adapter_gradients<true>(block, a, dropout, i, strip, first, memory.data())
                 : cuda::adapter_gradients<false>(block, a, dropout, i, strip, first, memory.data());
          });
        }
      }
    }
  }
}
