#pragma once
#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ops/device_graph.h"
#include "ops/seed_tape.h"
#include "program/failure.h"
#include "program/program.h"

namespace torch_lora {

// A program whose work on a device is captured as graphs, by the shapes of its inputs, and replayed with one launch.
//
// A shape is run as ever when it is first met, captured when it comes back, and replayed from then on. Inputs are
// copied into buffers of the graph; a whole number on the CPU (the bound of the lengths) sizes launches, so it belongs
// to the shape. What copies to the CPU at the program's end or waits for other processes, with all that follows, is
// left out of the graph and runs after it; where it is copies alone, they are left under way, and the device goes on to
// the next run meanwhile. Results are copies, since the next replay writes where they were. Shapes without a place go
// by least recent use.
//
// Where a capture fails, the program runs as ever from then on, and the report says why.
class GraphedProgram {
 public:
  struct Report {
    int64_t captures = 0;
    int64_t replays = 0;
    std::string refusal;  // why nothing is captured any more; empty while all is well
  };

  // Throws Failure "UNSUPPORTED" where nothing makes graphs on the device.
  GraphedProgram(std::shared_ptr<const Program> program, c10::Device device);

  // What a run has given the device, perhaps not done yet: nobody may read the results before wait().
  struct Pending {
    std::vector<c10::IValue> results;
    std::function<void()> wait;  // empty where all is done
  };

  // Program::run. For one thread at a time.
  Pending run(std::vector<c10::IValue> inputs, const std::atomic<bool>& cancelled);

  Report report() const;

 private:
  // What a graph depends on besides the program.
  using Key = std::vector<int64_t>;
  struct Entry {
    Entry(Key key, c10::Device device) : key(std::move(key)), seeds(device) {}
    Key key;
    std::vector<c10::IValue> inputs;  // the graph's own buffers
    SeedTape seeds;
    bool met = false;                // has been run once
    std::vector<c10::IValue> slots;  // what is left of a run when the graph ends, in the graph's memory
    std::unique_ptr<DeviceGraph> graph;
  };

  Key keyOf(const std::vector<c10::IValue>& inputs) const;
  Entry& entryOf(const std::vector<c10::IValue>& inputs);
  // Runs what is left out of graphs.
  std::vector<c10::IValue> finish(std::vector<c10::IValue>& slots);
  void capture(Entry& entry);
  std::optional<Failure> tryCapture(Entry& entry);
  void refuse(const std::string& reason);
  std::vector<at::Tensor> gradients() const;

  std::shared_ptr<const Program> program_;
  c10::Device device_;
  size_t tail_;                               // the first instruction that is left out of graphs
  bool copiesLast_;                           // whether all from there on copy to the CPU
  std::shared_ptr<const Program> unhurried_;  // the program that waits for its copies, where program_ does not
  std::vector<at::Tensor> leaves_;            // captured tensors that gather gradients
  std::unique_ptr<GraphMaker> maker_;         // after it the entries, which go first
  std::list<Entry> entries_;                  // most recently used first
  mutable std::mutex mutex_;                  // of the report
  Report report_;
};

}  // namespace torch_lora
