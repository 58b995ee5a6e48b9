#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace torch_lora {

using Slot = int32_t;
constexpr Slot kNone = -1;

// Where an operator's argument comes from when a program runs.
struct Argument {
  enum class Source { Constant, Slot, SlotList };
  Source source = Source::Constant;
  c10::IValue constant;           // Constant
  Slot slot = kNone;              // Slot: a tensor or a list of tensors
  std::vector<Slot> slots;        // SlotList: a list put together from tensors; kNone for an absent one
  bool optionalElements = false;  // SlotList for a Tensor?[]
};

class Program;

struct Instruction {
  enum class Kind {
    Operator,   // outputs = op(arguments)
    Backward,   // accumulate d(slot)/d(leaf) into every leaf's gradient
    Gradient,   // outputs[0] = the gradient of the tensor in `slot`
    ClearGrad,  // drop the gradients of the tensors in `slots`
    GradMode,   // record for autograd from here on, or not
    Recompute,  // outputs[0] = body(slots), run again in backward instead of kept
  };
  Kind kind = Kind::Operator;
  std::optional<c10::OperatorHandle> op;
  std::vector<Argument> arguments;
  std::vector<Slot> outputs;
  Slot slot = kNone;
  std::vector<Slot> slots;
  bool gradMode = true;
  std::shared_ptr<const Program> body;
  bool mutates = false;        // changes something that outlives the run
  bool collective = false;     // waits for other processes, as they wait for this one
  std::vector<Slot> released;  // slots that nothing reads after this instruction
};

// Every slot that an instruction reads.
std::vector<Slot> slotsRead(const Instruction& instruction);

// A straight line of operator calls over numbered slots: what compile() recorded. Immutable once built, so
// several runs may hold it. Inputs are the first slots; captured tensors (parameters, buffers) keep theirs.
class Program {
 public:
  Program(size_t slotCount, size_t inputCount, std::vector<std::pair<Slot, c10::IValue>> captured,
          std::vector<Instruction> instructions, std::vector<Slot> outputs);

  // Runs every instruction in order. A slot is freed after its last reader, so that peak memory is that of
  // the live values alone. Runs in the caller's gradient mode and leaves it so. Throws Failure; "ABORTED" once
  // `cancelled` is seen, but never after the first instruction that changes captured state: a training step is done
  // whole or not at all. And never with a collective among the instructions: other processes count on it.
  std::vector<c10::IValue> run(std::vector<c10::IValue> inputs, const std::atomic<bool>& cancelled) const;

  // The parts of run(), for one that does not run every instruction anew (GraphedProgram).
  std::vector<c10::IValue> slotsFor(std::vector<c10::IValue> inputs) const;
  void execute(std::vector<c10::IValue>& slots, size_t first, size_t end, const std::atomic<bool>& cancelled) const;
  std::vector<c10::IValue> resultsIn(const std::vector<c10::IValue>& slots) const;

  // The same, whose copies to the CPU from an instruction on are under way when execute() returns: who runs it waits
  // for the device before anybody reads them.
  std::shared_ptr<const Program> copyingWithoutWaiting(size_t first) const;

  bool collective() const { return collective_; }
  size_t slotCount() const { return slotCount_; }
  size_t inputCount() const { return inputCount_; }
  const std::vector<std::pair<Slot, c10::IValue>>& captured() const { return captured_; }
  const std::vector<Instruction>& instructions() const { return instructions_; }
  const std::vector<Slot>& outputs() const { return outputs_; }

 private:
  void findLastUses();
  void executeFrom(size_t& at, std::vector<c10::IValue>& slots, size_t end, const std::atomic<bool>& cancelled) const;

  bool collective_;
  size_t slotCount_;
  size_t inputCount_;
  std::vector<std::pair<Slot, c10::IValue>> captured_;
  std::vector<Instruction> instructions_;
  std::vector<Slot> outputs_;
};

}  // namespace torch_lora
