#pragma once
// What the bodies of kernels know of tensor cores: block.multiply(sums, left, right) is mma.m16n8k16, sums += left
// right for 16 x 16 by 16 x 8, of which each of a warp's threads holds a fragment. Lane 4 g + t holds
//   of left   rows g and g + 8:    left[0..1] and left[4..5] of the first, left[2..3] and left[6..7] of the second
//   of right  column g:            right[0..3]
//   of sums   rows g and g + 8, columns 2 t and 2 t + 1
// Which of the sixteen steps of depth a thread's four are is free as long as both operands agree: here step 4 t + v is
// element v of right, left[fragment_place(v)] and, eight rows below, left[fragment_place(v) + 2].
// block.sum_of_four and block.largest_of_four are over the threads of one g, which share rows of sums.
#include "cuda/device.h"

namespace torch_lora::cuda {

constexpr int kDepth = 16;  // of a product
constexpr int kRun = 4;     // steps of depth of a thread

TORCH_LORA_DEVICE constexpr int fragment_place(int v) { return v < 2 ? v : v + 2; }

// A thread's place in its warp.
struct Lane {
  int group, run;  // its rows are group and group + 8; its steps of depth are from run * kRun on
  TORCH_LORA_DEVICE explicit Lane(int thread) : group(thread % kWarp / 4), run(thread % 4) {}
};

// `count` neighbours as T, zeros where there are fewer; `vector`: they lie where a thread may load all at once.
template <int V, class T, class P>
TORCH_LORA_DEVICE void load_as(T (&to)[V], const P* from, int64_t count, bool vector) {
  if (vector && count >= V) {
    const auto values = load<V>(from);
    TORCH_LORA_UNROLL
    for (int v = 0; v < V; ++v) to[v] = T(values.values[v]);
    return;
  }
  TORCH_LORA_UNROLL
  for (int v = 0; v < V; ++v) to[v] = v < count ? T(from[v]) : T(0.0f);
}

}  // namespace torch_lora::cuda
