#pragma once
// Captures and what they do not bear of other threads take turns: random operators and replays, since until
// libtorch 2.12 a generator that takes part in a capture refuses every other draw, and a draw in between would be one
// of the graph's; and giving back the allocator's cache, which asserts that no capture is under way.
namespace torch_lora {

// While it lives no capture begins; waits for one under way. On the thread that captures, and within another, it is
// nothing. Visible to the core too.
class [[gnu::visibility("default")]] RandomTurn {
 public:
  RandomTurn();
  ~RandomTurn();
  RandomTurn(const RandomTurn&) = delete;
  RandomTurn& operator=(const RandomTurn&) = delete;
};

// Work that runs on another thread for one that holds a RandomTurn: it must not wait for a turn of its own.
class [[gnu::visibility("default")]] CoveredTurn {
 public:
  CoveredTurn();
  ~CoveredTurn();
  CoveredTurn(const CoveredTurn&) = delete;
  CoveredTurn& operator=(const CoveredTurn&) = delete;
};

// While it lives no other thread draws or captures. Within another of this thread it is nothing; never within a
// RandomTurn.
class [[gnu::visibility("default")]] CaptureTurn {
 public:
  CaptureTurn();
  ~CaptureTurn();
  CaptureTurn(const CaptureTurn&) = delete;
  CaptureTurn& operator=(const CaptureTurn&) = delete;
};

}  // namespace torch_lora
