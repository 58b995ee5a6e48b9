#pragma once
// Seeds for work that is captured once and replayed: a graph's launches are fixed, so a seed that changes from run to
// run must lie in memory, where the kernels read it.
#include <ATen/core/Tensor.h>

namespace torch_lora {

// The seeds of one graph, on its device. A first run counts them; what is captured takes them from memory. Visible to
// the core too.
class [[gnu::visibility("default")]] SeedTape {
 public:
  explicit SeedTape(at::Device device) : device_(device) {}

  // Ends the counting: from here on `next` gives places of the tape.
  void lay();
  // Draws all seeds, from the default generator of the CPU and in the order in which draw_seed would have drawn them: a
  // run follows from its seed whether it is replayed or not.
  void refill();

 private:
  friend class TapedSeeds;
  friend at::Tensor next_seed();
  at::Tensor next();

  at::Device device_;
  at::Tensor seeds_;  // [count] int64; undefined while they are counted
  int64_t count_ = 0;
  int64_t next_ = 0;
};

// Makes draw_seed of this thread take from a tape, from its start on, while this lives.
class [[gnu::visibility("default")]] TapedSeeds {
 public:
  explicit TapedSeeds(SeedTape & tape);
  ~TapedSeeds();
  TapedSeeds(const TapedSeeds&) = delete;
  TapedSeeds& operator=(const TapedSeeds&) = delete;

 private:
  SeedTape* before_;
};

// An int64 scalar: from the tape that this thread takes from, on its device, or drawn on the CPU where there is none.
at::Tensor next_seed();

}  // namespace torch_lora
