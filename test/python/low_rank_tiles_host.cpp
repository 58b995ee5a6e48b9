// The GPU's tiles of lora::linear's skinny products as threads of the processor run them, for test_low_rank_tiles.py.
#include <algorithm>

#include "cuda/low_rank_blocks.h"
#include "cuda/low_rank_gradients.h"
#include "cuda/low_rank_tiles.h"
#include "host_block.h"

namespace {

using namespace torch_lora;

constexpr int kSide = 8;
constexpr int kGroups = 4, kLanes = 2;

// A tensor core: the threads of a warp put their fragments of mma.m16n8k16 side by side, and each forms its four sums
// from the matrices that these are by PTX's definition.
struct Fragments {
  float left[32][8], right[32][4];
  std::barrier<> barrier{32};
};

struct FragmentBlock : HostBlock<float> {
  Fragments* warps;

  void multiply(float (&sums)[4], const float (&left)[8], const float* right) const {
    Fragments& warp = warps[thread / 32];
    const int lane = thread % 32;
    std::copy_n(left, 8, warp.left[lane]);
    std::copy_n(right, 4, warp.right[lane]);
    warp.barrier.arrive_and_wait();
    const auto a = [&](int row, int k) {  // 16 x 16: rows g and g + 8, columns 2t, 2t + 1, 2t + 8, 2t + 9
      return warp.left[row % 8 * 4 + k % 8 / 2][k / 8 * 4 + row / 8 * 2 + k % 2];
    };
    const auto b = [&](int k, int column) {  // 16 x 8: rows 2t, 2t + 1, 2t + 8, 2t + 9 of column g
      return warp.right[column * 4 + k % 8 / 2][k / 8 * 2 + k % 2];
    };
    for (int q = 0; q < 4; ++q) {  // 16 x 8: rows g and g + 8, columns 2t and 2t + 1
      const int row = lane / 4 + q / 2 * 8, column = lane % 4 * 2 + q % 2;
      for (int k = 0; k < 16; ++k) sums[q] += a(row, k) * b(k, column);
    }
    warp.barrier.arrive_and_wait();
  }
};

template <class A>
cuda::Dropout<A> dropout_of(double p, const int64_t& seed) {
  return {p > 0, {0, &seed}, drop_bound(p), static_cast<A>(keep_scale(p))};
}

cuda::RankParts parts_of(int count, const int64_t* ends) {
  cuda::RankParts parts{count, {}};
  std::copy_n(ends, count, parts.ends);
  return parts;
}

}  // namespace

// Everything contiguous; `joined` may be null.
extern "C" void run_project(const double* x, const double* rows, int64_t tokens, int64_t in, int64_t pad, int parts,
                            const int64_t* ends, double p, int64_t seed, double* low, double* joined) {
  const cuda::ProjectArguments<double> a{x, in, rows, low, joined, tokens, in, pad, parts_of(parts, ends)};
  std::vector<double> memory(cuda::project_memory(kSide));
  for (int64_t first = 0; first < tokens; first += kSide) {
    run_block<double>(kSide * kSide / 4, [&](const HostBlock<double>& block) {
      cuda::project<kSide>(block, a, dropout_of<double>(p, seed), first, memory.data());
    });
  }
}

extern "C" void run_project_fragments(const float* x, const float* rows, int64_t tokens, int64_t in, int64_t pad,
                                      int parts, const int64_t* ends, double p, int64_t seed, float* low,
                                      float* joined) {
  constexpr int kWarps = 2;
  const cuda::ProjectArguments<float> a{x, in, rows, low, joined, tokens, in, pad, parts_of(parts, ends)};
  std::vector<float> memory(kWarps * cuda::kFragmentTokens * cuda::kFragmentRanks);
  for (int64_t first = 0; first < tokens; first += cuda::kFragmentTokens) {
    Fragments warps[kWarps];
    run_block<float>(kWarps * cuda::kWarp, [&](const HostBlock<float>& block) {
      cuda::project_fragments(FragmentBlock{block, warps}, a, dropout_of<float>(p, seed), first, memory.data());
    });
  }
}

// `bias` may be null.
extern "C" void run_expand(const double* low, const double* matrix, int64_t rank_stride, int64_t column_stride,
                           const double* bias, int64_t tokens, int64_t out, int64_t pad, int parts, const int64_t* ends,
                           double p, int64_t seed, double* y) {
  const cuda::ExpandArguments<double> a{low, matrix, rank_stride, column_stride, bias,
                                        y,   tokens, out,         pad,           parts_of(parts, ends)};
  struct alignas(4 * sizeof(double)) Memory {
    double numbers[cuda::expand_memory(kGroups, kLanes)];
  } memory;
  for (int64_t first = 0; first < tokens; first += 4 * kLanes) {
    for (int64_t column = 0; column < out; column += 4 * kGroups) {
      run_block<double>(kGroups * kLanes, [&](const HostBlock<double>& block) {
        cuda::expand<kGroups, kLanes>(block, a, dropout_of<double>(p, seed), first, column, memory.numbers);
      });
    }
  }
}

// Pointers a segment; those of lora_A and lora_B are null where there is no adapter.
extern "C" void run_blocks(int count, const double* const* weight, const float* const* lora_A,
                           const float* const* lora_B, const int64_t* out, const int64_t* rank, const double* scaling,
                           int64_t in, int64_t pad, bool joined, bool vectors, double* rows, double* columns) {
  cuda::BlocksArguments<double, float> a{};
  int64_t ranks = 0;
  for (int i = 0; i < count; ++i) {
    a.parts[i] = {weight[i], lora_A[i], lora_B[i], in, in, rank[i], out[i], a.out, rank[i], ranks, scaling[i]};
    a.out += out[i];
    ranks += rank[i];
  }
  a.count = count;
  a.in = in;
  a.pad = pad;
  a.joined = joined;
  a.rows = rows;
  a.columns = columns;
  constexpr int kThreads = 5;
  run_block<double>(kThreads, [&](const HostBlock<double>& block) {
    vectors ? cuda::blocks<double, 2>(a, block.thread, kThreads) : cuda::blocks<double, 1>(a, block.thread, kThreads);
  });
}

// Pointers a segment, null where a gradient is not asked for; all_b's rows are b_row apart.
extern "C" void run_gradients(int count, double* const* dA, double* const* dB, const int64_t* out, const int64_t* rank,
                              const double* scaling, int64_t in, const float* all_a, const float* all_b,
                              int64_t b_row) {
  cuda::GradientsArguments<float, double> a{};
  int64_t ranks = 0, rows = 0;
  for (int i = 0; i < count; ++i) {
    a.parts[i] = {dA[i], dB[i], out[i], rows, rank[i], ranks, scaling[i]};
    rows += out[i];
    ranks += rank[i];
  }
  a.count = count;
  a.in = in;
  a.all_a = all_a;
  a.all_b = all_b;
  a.b_row = b_row;
  constexpr int kThreads = 5;
  run_block<double>(kThreads, [&](const auto& block) { cuda::gradients<double>(a, block.thread, kThreads); });
}
