#include "program/graphed.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace torch_lora {

namespace {

// Graphs of a program at most. Batches of one size take about ten, of many sizes a few dozen (lib/data/buckets.ts).
constexpr size_t kMostGraphs = 64;

const std::atomic<bool> kNeverCancelled{false};

bool copiesToCpu(const Instruction& instruction) {
  return instruction.kind == Instruction::Kind::Operator && !instruction.collective &&
         std::ranges::any_of(instruction.arguments, [](const Argument& argument) {
           return argument.constant.isDevice() && argument.constant.toDevice().is_cpu();
         });
}

// What no graph holds: a copy to the CPU, and an exchange with other processes, which has a timeout and may fail.
bool endsGraph(const Instruction& instruction) { return instruction.collective || copiesToCpu(instruction); }

// A number that is read on the CPU while launches are made, and so cannot change under a graph.
bool isConstant(const at::Tensor& input) { return input.is_cpu() && input.dim() == 0 && !input.is_floating_point(); }

// Why a program can never be captured; empty where it can.
std::string obstacle(const Program& program, c10::Device device) {
  for (const Instruction& instruction : program.instructions()) {
    if (instruction.kind == Instruction::Kind::Recompute) {
      return "recomputation (gradient checkpointing) sets random generators back, which a graph cannot";
    }
  }
  for (const auto& [slot, value] : program.captured()) {
    if (value.toTensor().device() != device) {
      return "it reads a tensor on " + value.toTensor().device().str() + ", whose values a graph would not see change";
    }
  }
  return "";
}

}  // namespace

GraphedProgram::GraphedProgram(std::shared_ptr<const Program> program, c10::Device device)
    : program_(std::move(program)), device_(device), maker_(graphs_on(device)) {
  if (!maker_) throw Failure("UNSUPPORTED", "Nothing here makes graphs on " + device.str() + ".");
  const auto& instructions = program_->instructions();
  tail_ = static_cast<size_t>(std::ranges::find_if(instructions, endsGraph) - instructions.begin());
  copiesLast_ = std::all_of(instructions.begin() + static_cast<ptrdiff_t>(tail_), instructions.end(), copiesToCpu);
  unhurried_ = program_;
  if (copiesLast_) program_ = program_->copyingWithoutWaiting(tail_);
  for (const auto& [slot, value] : program_->captured()) {
    if (value.toTensor().requires_grad()) leaves_.push_back(value.toTensor());
  }
  report_.refusal = obstacle(*program_, device_);
}

GraphedProgram::Pending GraphedProgram::run(std::vector<c10::IValue> inputs, const std::atomic<bool>& cancelled) {
  const bool foreign =
      std::ranges::any_of(inputs, [](const c10::IValue& input) { return input.toTensor().requires_grad(); });
  const bool refused = !report().refusal.empty();
  if (inputs.size() != program_->inputCount() || foreign || refused) {
    for (c10::IValue& input : inputs) {
      if (!isConstant(input.toTensor())) input = input.toTensor().to(device_);
    }
    return {unhurried_->run(std::move(inputs), cancelled), {}};
  }
  std::vector<c10::IValue> slots;
  Entry& entry = entryOf(inputs);
  // Copies from and to pinned memory are made outside of the stream that is captured: when such memory is freed, by any
  // thread, libtorch marks with an event how far each stream that has used it has come, and one that falls into a
  // capture ends that.
  {
    const c10::NoGradGuard noGrad;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const at::Tensor& input = inputs[i].toTensor();
      if (!isConstant(input)) entry.inputs[i].toTensor().copy_(input, /*non_blocking=*/true);
    }
  }
  maker_->on_stream([&] {
    if (entry.met && !entry.graph) capture(entry);
    if (entry.graph) {
      if (cancelled.load(std::memory_order_relaxed)) throw Failure("ABORTED", "The run was aborted.");
      entry.seeds.refill();
      entry.graph->replay();
      slots = entry.slots;
      const std::lock_guard lock(mutex_);
      ++report_.replays;
    } else {
      entry.seeds = SeedTape(device_);
      const TapedSeeds counted(entry.seeds);
      slots = program_->slotsFor(entry.inputs);
      program_->execute(slots, 0, tail_, cancelled);
      entry.met = true;
    }
  });
  Pending pending{finish(slots), {}};
  if (copiesLast_) pending.wait = maker_->mark();
  if (!report().refusal.empty()) entries_.clear();  // their memory is of no use any more
  return pending;
}

std::vector<c10::IValue> GraphedProgram::finish(std::vector<c10::IValue>& slots) {
  program_->execute(slots, tail_, program_->instructions().size(), kNeverCancelled);
  std::vector<c10::IValue> results = program_->resultsIn(slots);
  for (c10::IValue& result : results) {
    if (result.isTensor() && result.toTensor().device() == device_) result = result.toTensor().clone();
  }
  return results;
}

GraphedProgram::Report GraphedProgram::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

// Shapes and types of inputs, values of constants, the mode of recording, and where gradients lie: a step that adds to
// them is another graph than one that finds none.
GraphedProgram::Key GraphedProgram::keyOf(const std::vector<c10::IValue>& inputs) const {
  Key key{c10::GradMode::is_enabled()};
  for (const c10::IValue& value : inputs) {
    const at::Tensor& input = value.toTensor();
    key.push_back(static_cast<int64_t>(input.scalar_type()));
    key.push_back(isConstant(input) ? -1 : input.dim());
    if (isConstant(input)) key.push_back(input.item<int64_t>());
    key.insert(key.end(), input.sizes().begin(), input.sizes().end());
  }
  for (const at::Tensor& gradient : gradients()) {
    key.push_back(gradient.defined() ? reinterpret_cast<int64_t>(gradient.const_data_ptr()) : 0);
  }
  return key;
}

GraphedProgram::Entry& GraphedProgram::entryOf(const std::vector<c10::IValue>& inputs) {
  Key key = keyOf(inputs);
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front();
  }
  if (entries_.size() == kMostGraphs) entries_.pop_back();
  Entry& entry = entries_.emplace_front(std::move(key), device_);
  for (const c10::IValue& value : inputs) {
    const at::Tensor& input = value.toTensor();
    entry.inputs.emplace_back(
        isConstant(input) ? input : at::empty(input.sizes(), input.options().device(device_).pinned_memory(false)));
  }
  return entry;
}

void GraphedProgram::capture(Entry& entry) {
  std::optional<Failure> failure = tryCapture(entry);
  if (failure && failure->code == "OUT_OF_MEMORY") {
    // What the run before it has left in the allocator's cache is of no use to a capture, and may be all there is.
    maker_->free_memory();
    failure = tryCapture(entry);
  }
  if (failure) return refuse(failure->what());
  const std::lock_guard lock(mutex_);
  ++report_.captures;
}

std::optional<Failure> GraphedProgram::tryCapture(Entry& entry) {
  const std::vector<at::Tensor> before = gradients();
  std::optional<Failure> failure;
  try {
    entry.seeds.lay();
    entry.graph = maker_->capture([this, &entry] {
      const TapedSeeds taped(entry.seeds);
      entry.slots = program_->slotsFor(entry.inputs);
      program_->execute(entry.slots, 0, tail_, kNeverCancelled);
    });
  } catch (...) {
    failure = failureInFlight();
  }
  const std::vector<at::Tensor> after = gradients();
  const auto same = [](const at::Tensor& a, const at::Tensor& b) { return a.is_same(b); };
  if (!std::equal(before.begin(), before.end(), after.begin(), same)) {
    // The launches were only recorded: put back what the capture itself has changed.
    for (size_t i = 0; i < leaves_.size(); ++i) leaves_[i].mutable_grad() = before[i];
    if (!failure) failure = Failure("UNSUPPORTED", "it does not leave gradients where it found them");
  }
  if (failure) {
    entry.graph.reset();
    entry.slots.clear();
  }
  return failure;
}

void GraphedProgram::refuse(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  report_.refusal = reason;
}

std::vector<at::Tensor> GraphedProgram::gradients() const {
  std::vector<at::Tensor> found;
  for (const at::Tensor& leaf : leaves_) found.push_back(leaf.grad());
  return found;
}

}  // namespace torch_lora
