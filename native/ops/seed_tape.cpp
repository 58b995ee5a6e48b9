#include "ops/seed_tape.h"

#include "ops/pch.h"

namespace torch_lora {
namespace {

thread_local SeedTape* active = nullptr;

at::Tensor draw() { return at::empty({}, at::kLong).random_(); }

}  // namespace

void SeedTape::lay() { seeds_ = at::zeros({count_}, at::TensorOptions(at::kLong).device(device_)); }

void SeedTape::refill() {
  if (count_ == 0) return;
  // Pinned where it goes to CUDA: libtorch keeps such memory until the copy has been made, and nobody waits for it.
  const at::Tensor drawn = at::empty({count_}, at::TensorOptions(at::kLong).pinned_memory(seeds_.is_cuda())).random_();
  seeds_.copy_(drawn, /*non_blocking=*/true);
}

at::Tensor SeedTape::next() {
  if (!seeds_.defined()) {
    ++count_;
    return draw();
  }
  TORCH_CHECK(next_ < count_, "draw_seed: a graph takes more seeds than the run before it, which took ", count_);
  return seeds_.select(0, next_++);
}

TapedSeeds::TapedSeeds(SeedTape& tape) : before_(active) {
  tape.next_ = 0;
  active = &tape;
}

TapedSeeds::~TapedSeeds() { active = before_; }

at::Tensor next_seed() { return active == nullptr ? draw() : active->next(); }

}  // namespace torch_lora
