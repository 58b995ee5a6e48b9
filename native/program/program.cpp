#include "program/program.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "ops/capture_turn.h"
#include "program/recompute.h"
#include "program/failure.h"
#include "program/operator_call.h"

namespace torch_lora {

namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Failure("INVALID_ARGUMENT", "Malformed program: " + message);
}

c10::IValue load(const Argument& argument, const std::vector<c10::IValue>& slots) {
  switch (argument.source) {
    case Argument::Source::Constant:
      return argument.constant;
    case Argument::Source::Slot:
      return slots[argument.slot];
    case Argument::Source::SlotList:
      break;
  }
  if (argument.optionalElements) {
    c10::List<std::optional<at::Tensor>> list;
    list.reserve(argument.slots.size());
    for (Slot slot : argument.slots) {
      list.push_back(slot == kNone ? std::optional<at::Tensor>() : slots[slot].toTensor());
    }
    return list;
  }
  c10::List<at::Tensor> list;
  list.reserve(argument.slots.size());
  for (Slot slot : argument.slots) list.push_back(slots[slot].toTensor());
  return list;
}

void call(const Instruction& instruction, std::vector<c10::IValue>& slots) {
  torch::jit::Stack stack;
  stack.reserve(instruction.arguments.size());
  for (const Argument& argument : instruction.arguments) stack.push_back(load(argument, slots));
  // Free before the call, so that the operator holds the last reference to what dies with it.
  for (Slot slot : instruction.released) slots[slot] = c10::IValue();
  callOperator(*instruction.op, stack);
  for (size_t i = 0; i < instruction.outputs.size(); ++i) {
    if (instruction.outputs[i] != kNone) slots[instruction.outputs[i]] = std::move(stack[i]);
  }
}

void backward(const at::Tensor& loss) {
  static const c10::OperatorHandle op = c10::Dispatcher::singleton().findSchemaOrThrow("aten::_backward", "");
  torch::jit::Stack stack{loss, c10::List<at::Tensor>(), c10::IValue(), c10::IValue(), false};
  callOperator(op, stack);
}

}  // namespace

std::vector<Slot> slotsRead(const Instruction& instruction) {
  std::vector<Slot> slots = instruction.slots;
  if (instruction.slot != kNone) slots.push_back(instruction.slot);
  for (const Argument& argument : instruction.arguments) {
    if (argument.source == Argument::Source::Slot) slots.push_back(argument.slot);
    for (Slot slot : argument.slots) {
      if (slot != kNone) slots.push_back(slot);
    }
  }
  return slots;
}

Program::Program(size_t slotCount, size_t inputCount, std::vector<std::pair<Slot, c10::IValue>> captured,
                 std::vector<Instruction> instructions, std::vector<Slot> outputs)
    : collective_(std::ranges::any_of(instructions, &Instruction::collective)),
      slotCount_(slotCount),
      inputCount_(inputCount),
      captured_(std::move(captured)),
      instructions_(std::move(instructions)),
      outputs_(std::move(outputs)) {
  std::vector<bool> written(slotCount_, false);
  const auto inRange = [&](Slot slot) { return slot >= 0 && static_cast<size_t>(slot) < slotCount_; };
  require(inputCount_ <= slotCount_, "more inputs than slots");
  for (size_t i = 0; i < inputCount_; ++i) written[i] = true;
  for (const auto& [slot, value] : captured_) {
    require(inRange(slot) && !written[slot], "a captured tensor's slot is taken");
    written[slot] = true;
  }
  for (const Instruction& instruction : instructions_) {
    for (Slot slot : slotsRead(instruction))
      require(inRange(slot) && written[slot], "a slot is read before it is written");
    for (Slot slot : instruction.outputs) {
      if (slot == kNone) continue;
      require(inRange(slot) && !written[slot], "a slot is written twice");
      written[slot] = true;
    }
  }
  for (Slot slot : outputs_) require(inRange(slot) && written[slot], "an output is never written");
  findLastUses();
}

void Program::findLastUses() {
  std::unordered_set<Slot> alive(outputs_.begin(), outputs_.end());
  for (const auto& captured : captured_) alive.insert(captured.first);
  for (auto instruction = instructions_.rbegin(); instruction != instructions_.rend(); ++instruction) {
    for (Slot slot : slotsRead(*instruction)) {
      if (alive.insert(slot).second) instruction->released.push_back(slot);
    }
    // A result that nothing reads need not be kept at all.
    for (Slot& slot : instruction->outputs) {
      if (slot != kNone && !alive.contains(slot)) slot = kNone;
    }
  }
}

std::vector<c10::IValue> Program::run(std::vector<c10::IValue> inputs, const std::atomic<bool>& cancelled) const {
  std::vector<c10::IValue> slots = slotsFor(std::move(inputs));
  execute(slots, 0, instructions_.size(), cancelled);
  return resultsIn(slots);
}

std::vector<c10::IValue> Program::slotsFor(std::vector<c10::IValue> inputs) const {
  if (inputs.size() != inputCount_) {
    throw Failure("INVALID_ARGUMENT", "The program takes " + std::to_string(inputCount_) + " tensors, received " +
                                          std::to_string(inputs.size()) + ".");
  }
  std::vector<c10::IValue> slots(slotCount_);
  std::move(inputs.begin(), inputs.end(), slots.begin());
  for (const auto& [slot, value] : captured_) slots[slot] = value;
  return slots;
}

namespace {

// Tells the group that this process ends a program which other processes count on: what is queued behind it exchanges
// nothing any more.
void breakOff() {
  const auto op = c10::Dispatcher::singleton().findSchema({"lora_c10d::break_off", ""});
  if (!op) return;
  torch::jit::Stack stack;
  op->callBoxed(stack);
}

}  // namespace

void Program::execute(std::vector<c10::IValue>& slots, size_t first, size_t end,
                      const std::atomic<bool>& cancelled) const {
  size_t at = first;
  try {
    executeFrom(at, slots, end, cancelled);
  } catch (...) {
    // What a collective throws, the others hear of by themselves.
    if (collective_ && !instructions_[at].collective) breakOff();
    throw;
  }
}

void Program::executeFrom(size_t& at, std::vector<c10::IValue>& slots, size_t end,
                          const std::atomic<bool>& cancelled) const {
  const size_t first = at;
  const c10::AutoGradMode gradMode(c10::GradMode::is_enabled());  // whatever instructions set, it is as before after
  for (size_t i = 0; i < first; ++i) {
    if (instructions_[i].kind == Instruction::Kind::GradMode) c10::GradMode::set_enabled(instructions_[i].gradMode);
  }
  bool mutated = false;
  for (; at < end; ++at) {
    const Instruction& instruction = instructions_[at];
    if (!mutated && !collective_ && cancelled.load(std::memory_order_relaxed)) {
      throw Failure("ABORTED", "The run was aborted.");
    }
    mutated = mutated || instruction.mutates;
    switch (instruction.kind) {
      case Instruction::Kind::Operator:
        call(instruction, slots);
        continue;
      case Instruction::Kind::Backward: {
        // Autograd owns what it needs of the graph: drop the slots that die here first.
        const at::Tensor loss = slots[instruction.slot].toTensor();
        for (Slot slot : instruction.released) slots[slot] = c10::IValue();
        c10::AutoGradMode engineMode(true);
        std::optional<RandomTurn> turn;  // parts that are run again draw again, on the engine's threads
        if (loss.is_cuda()) turn.emplace();
        backward(loss);
        continue;
      }
      case Instruction::Kind::Gradient: {
        const at::Tensor gradient = slots[instruction.slot].toTensor().grad();
        if (!gradient.defined()) {
          throw Failure("NATIVE", "A tensor of shape " + c10::str(slots[instruction.slot].toTensor().sizes()) +
                                      " has no gradient: backward() did not reach it.");
        }
        if (instruction.outputs[0] != kNone) slots[instruction.outputs[0]] = gradient;
        break;
      }
      case Instruction::Kind::ClearGrad:
        for (Slot slot : instruction.slots) slots[slot].toTensor().mutable_grad() = at::Tensor();
        break;
      case Instruction::Kind::GradMode:
        c10::GradMode::set_enabled(instruction.gradMode);
        break;
      case Instruction::Kind::Recompute: {
        std::vector<c10::IValue> arguments;
        for (Slot slot : instruction.slots) arguments.push_back(slots[slot]);
        for (Slot slot : instruction.released) slots[slot] = c10::IValue();
        std::optional<RandomTurn> turn;
        if (drawsOnCuda(arguments)) turn.emplace();
        at::Tensor result = recompute(instruction.body, std::move(arguments));
        if (instruction.outputs[0] != kNone) slots[instruction.outputs[0]] = std::move(result);
        continue;
      }
    }
    for (Slot slot : instruction.released) slots[slot] = c10::IValue();
  }
}

std::shared_ptr<const Program> Program::copyingWithoutWaiting(size_t first) const {
  auto copy = std::make_shared<Program>(*this);
  for (size_t i = first; i < copy->instructions_.size(); ++i) {
    Instruction& instruction = copy->instructions_[i];
    if (instruction.kind != Instruction::Kind::Operator) continue;
    const auto& schema = instruction.op->schema().arguments();
    for (size_t k = 0; k < schema.size(); ++k) {
      if (schema[k].name() == "non_blocking") instruction.arguments[k].constant = true;
    }
  }
  return copy;
}

std::vector<c10::IValue> Program::resultsIn(const std::vector<c10::IValue>& slots) const {
  std::vector<c10::IValue> results;
  results.reserve(outputs_.size());
  for (Slot slot : outputs_) results.push_back(slots[slot]);
  return results;
}

}  // namespace torch_lora
