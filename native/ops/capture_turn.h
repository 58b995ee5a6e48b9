#pragma once
// Captures and random operators of one process take turns: until libtorch 2.12 a generator that takes part in a capture
// refuses every draw of another thread, and a draw in between would be one of the graph's.
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

// While it lives no other thread draws or captures.
class [[gnu::visibility("default")]] CaptureTurn {
 public:
  CaptureTurn();
  ~CaptureTurn();
  CaptureTurn(const CaptureTurn&) = delete;
  CaptureTurn& operator=(const CaptureTurn&) = delete;
};

}  // namespace torch_lora
