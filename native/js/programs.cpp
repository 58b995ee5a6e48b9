#include "program/program.h"

#include <ATen/ATen.h>

#include "js/convert.h"
#include "js/exposed.h"
#include "js/guard.h"
#include "js/in_flight.h"
#include "js/jobs.h"
#include "js/operators.h"
#include "program/recompute.h"

namespace torch_lora {

namespace {

Slot toSlot(const Napi::Value& value) {
  if (!value.IsNumber()) throw Failure("INVALID_ARGUMENT", "Malformed program: a slot must be a number.");
  return value.As<Napi::Number>().Int32Value();
}

std::vector<Slot> toSlots(const Napi::Value& value) {
  std::vector<Slot> slots;
  if (!value.IsArray()) return slots;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    slots.push_back(item.IsNull() || item.IsUndefined() ? kNone : toSlot(item));
  }
  return slots;
}

// Where `slots`, an argument is a tensor's slot number, a list of slot numbers and null, or { slot } for a slot that
// holds a whole list; else it is a constant.
Argument toArgument(const AddonData& data, const c10::Argument& schema, const Napi::Value& value, bool slots) {
  Argument argument;
  if (!slots) {
    argument.constant = toIValue(data, schema, value, false);
    return argument;
  }
  const c10::TypePtr type = withoutOptional(schema.real_type());
  if (type->kind() == c10::TypeKind::TensorType && value.IsNumber()) {
    argument.source = Argument::Source::Slot;
    argument.slot = toSlot(value);
    return argument;
  }
  if (type->kind() == c10::TypeKind::ListType) {
    const c10::TypePtr& element = type->castRaw<c10::ListType>()->getElementType();
    if (withoutOptional(element)->kind() == c10::TypeKind::TensorType) {
      if (value.IsArray()) {
        argument.source = Argument::Source::SlotList;
        argument.slots = toSlots(value);
        argument.optionalElements = element->kind() == c10::TypeKind::OptionalType;
        if (!argument.optionalElements && std::ranges::find(argument.slots, kNone) != argument.slots.end()) {
          throw Failure("INVALID_ARGUMENT",
                        "Argument '" + schema.name() + "' holds null; every element must be a tensor.");
        }
        return argument;
      }
      if (value.IsObject()) {
        argument.source = Argument::Source::Slot;
        argument.slot = toSlot(value.As<Napi::Object>().Get("slot"));
        return argument;
      }
    }
  }
  throw Failure("INVALID_ARGUMENT", "Argument '" + schema.name() + "' must be of type " + schema.real_type()->str() +
                                        ", received " + (value.IsNumber() ? "a tensor." : "a list of tensors."));
}

bool mutatesCaptured(const Instruction& instruction, const std::vector<bool>& captured) {
  const auto& schema = instruction.op->schema().arguments();
  for (size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].alias_info() == nullptr || !schema[i].alias_info()->isWrite()) continue;
    const Argument& argument = instruction.arguments[i];
    if (argument.slot != kNone && captured.at(argument.slot)) return true;
    for (Slot slot : argument.slots) {
      if (slot != kNone && captured.at(slot)) return true;
    }
  }
  return false;
}

// Ours and libtorch's own.
bool isCollective(const c10::OperatorHandle& op) {
  const std::string& name = op.operator_name().name;
  return name.starts_with("lora_c10d::") || name.starts_with("c10d::") || name.starts_with("_c10d_functional::");
}

std::vector<Instruction> toInstructions(const AddonData& data, const Napi::Array& list,
                                        const std::vector<bool>& captured);

Instruction toInstruction(const AddonData& data, const Napi::Object& object, const std::vector<bool>& captured) {
  Instruction instruction;
  const std::string kind = object.Get("kind").As<Napi::String>().Utf8Value();
  instruction.outputs = toSlots(object.Get("outputs"));
  if (object.Get("slot").IsNumber()) instruction.slot = toSlot(object.Get("slot"));
  instruction.slots = toSlots(object.Get("slots"));
  if (kind == "op") {
    instruction.op = operatorAt(object.Get("op"));
    const auto& schema = instruction.op->schema().arguments();
    const auto given = object.Get("arguments").As<Napi::Array>();
    if (given.Length() > schema.size()) throw tooManyArguments(*instruction.op, given.Length());
    const TensorArguments tensors(object.Get("tensors"));
    for (uint32_t i = 0; i < schema.size(); ++i) {
      const Napi::Value value = i < given.Length() ? given.Get(i) : object.Env().Undefined();
      instruction.arguments.push_back(toArgument(data, schema[i], value, tensors.holds(i)));
    }
    instruction.mutates = mutatesCaptured(instruction, captured);
    instruction.collective = isCollective(*instruction.op);
  } else if (kind == "backward") {
    instruction.kind = Instruction::Kind::Backward;
    instruction.mutates = true;
  } else if (kind == "gradient") {
    instruction.kind = Instruction::Kind::Gradient;
  } else if (kind == "clearGrad") {
    instruction.kind = Instruction::Kind::ClearGrad;
    instruction.mutates = true;
  } else if (kind == "gradMode") {
    instruction.kind = Instruction::Kind::GradMode;
    instruction.gradMode = object.Get("enabled").As<Napi::Boolean>();
  } else if (kind == "recompute") {
    if (instruction.outputs.size() != 1)
      throw Failure("INVALID_ARGUMENT", "Malformed program: a recomputed part gives one tensor.");
    return recomputed(toInstructions(data, object.Get("instructions").As<Napi::Array>(), captured),
                      instruction.outputs[0]);
  } else {
    throw Failure("INVALID_ARGUMENT", "Malformed program: unknown instruction '" + kind + "'.");
  }
  return instruction;
}

std::vector<Instruction> toInstructions(const AddonData& data, const Napi::Array& list,
                                        const std::vector<bool>& captured) {
  std::vector<Instruction> instructions;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::HandleScope scope(list.Env());
    instructions.push_back(toInstruction(data, list.Get(i).As<Napi::Object>(), captured));
  }
  return instructions;
}

// A run may not move what lives outside of it: JavaScript may be reading there. `outside` says which slots hold such
// memory at first; views of it, and gradients of it, are outside too. Returns which slots do in the end.
std::vector<bool> refuseMoves(const std::vector<Instruction>& instructions, std::vector<bool> outside) {
  const auto isOutside = [&](Slot slot) { return slot != kNone && outside.at(slot); };
  for (const Instruction& instruction : instructions) {
    if (instruction.kind == Instruction::Kind::Recompute) {
      const Program& body = *instruction.body;
      std::vector<bool> given(body.slotCount(), false);
      std::transform(instruction.slots.begin(), instruction.slots.end(), given.begin(), isOutside);
      const std::vector<bool> within = refuseMoves(body.instructions(), std::move(given));
      if (instruction.outputs[0] != kNone) outside.at(instruction.outputs[0]) = within.at(body.outputs()[0]);
      continue;
    }
    bool alias = instruction.kind == Instruction::Kind::Gradient && isOutside(instruction.slot);
    for (size_t i = 0; i < instruction.arguments.size(); ++i) {
      const Argument& argument = instruction.arguments[i];
      if (!isOutside(argument.slot) && !std::ranges::any_of(argument.slots, isOutside)) continue;
      if (movesArgument(*instruction.op, i))
        throw Failure("INVALID_ARGUMENT", toString(instruction.op->operator_name()) +
                                              " cannot be recorded for a tensor that the program is given or captures: "
                                              "call it before, or on a tensor made within.");
      alias = alias || instruction.op->schema().arguments()[i].alias_info() != nullptr;
    }
    if (!alias) continue;
    for (const Slot slot : instruction.outputs) {
      if (slot != kNone) outside.at(slot) = true;
    }
  }
  return outside;
}

// createProgram({ slots, inputs, captured: [[slot, tensor]], instructions, outputs, graphs?: device }) -> program
Napi::Value createProgram(const Napi::CallbackInfo& info) {
  AddonData& data = AddonData::of(info.Env());
  const auto object = info[0].As<Napi::Object>();
  const auto slotCount = static_cast<size_t>(object.Get("slots").As<Napi::Number>().Int64Value());
  const auto inputCount = static_cast<size_t>(object.Get("inputs").As<Napi::Number>().Int64Value());

  std::vector<std::pair<Slot, c10::IValue>> captured;
  std::vector<bool> isCaptured(slotCount, false);
  const auto capturedList = object.Get("captured").As<Napi::Array>();
  for (uint32_t i = 0; i < capturedList.Length(); ++i) {
    const auto entry = capturedList.Get(i).As<Napi::Array>();
    const Slot slot = toSlot(entry.Get(0u));
    captured.emplace_back(slot, data.tensors.at(entry.Get(1u)));
    isCaptured.at(slot) = true;
  }
  auto instructions = toInstructions(data, object.Get("instructions").As<Napi::Array>(), isCaptured);
  std::vector<bool> outside = isCaptured;
  std::fill_n(outside.begin(), std::min(inputCount, slotCount), true);
  refuseMoves(instructions, std::move(outside));
  auto program = std::make_shared<const Program>(slotCount, inputCount, std::move(captured), std::move(instructions),
                                                 toSlots(object.Get("outputs")));
  std::shared_ptr<GraphedProgram> graphed;
  if (object.Get("graphs").IsString()) {
    graphed =
        std::make_shared<GraphedProgram>(program, at::Device(object.Get("graphs").As<Napi::String>().Utf8Value()));
  }
  return Napi::Number::New(info.Env(), data.programs.add({std::move(program), std::move(graphed)}));
}

// graphReport(program) -> { captures, replays, refusal }; zeros and '' for a program without graphs
Napi::Value graphReport(const Napi::CallbackInfo& info) {
  const auto& graphed = AddonData::of(info.Env()).programs.at(info[0]).graphed;
  const GraphedProgram::Report report = graphed ? graphed->report() : GraphedProgram::Report();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("captures", static_cast<double>(report.captures));
  object.Set("replays", static_cast<double>(report.replays));
  object.Set("refusal", report.refusal);
  return object;
}

class RunJob final : public PromiseJob {
 public:
  RunJob(Napi::Env env, Runnable runnable, std::vector<c10::IValue> inputs)
      : PromiseJob(env), runnable_(std::move(runnable)), inputs_(std::move(inputs)), program_(runnable_.program) {
    binding = runnable_.program->collective();
    for (const c10::IValue& input : inputs_) given_.emplace_back(input.toTensor());
  }

  bool holds(const at::Tensor& tensor) const override {
    if (std::ranges::any_of(given_, [&](const Held& held) { return held.shares(tensor); })) return true;
    const auto program = program_.lock();
    return program && std::ranges::any_of(program->captured(), [&](const auto& captured) {
             // Of a gradient only which tensor it is may be asked: the run may be replacing it.
             const at::Tensor& own = captured.second.toTensor();
             return Held(own).shares(tensor) || own.unsafeGetTensorImpl()->grad().is_same(tensor);
           });
  }
  bool differentiates() const override {
    const auto program = program_.lock();
    return program && std::ranges::any_of(program->instructions(), [](const Instruction& instruction) {
             return instruction.kind == Instruction::Kind::Backward ||
                    instruction.kind == Instruction::Kind::Gradient || instruction.kind == Instruction::Kind::ClearGrad;
           });
  }

 protected:
  void work() override {
    const auto& [program, graphed] = runnable_;
    if (graphed) {
      GraphedProgram::Pending pending = graphed->run(std::move(inputs_), cancelled);
      results_ = std::move(pending.results);
      rest = std::move(pending.wait);
    } else {
      results_ = program->run(std::move(inputs_), cancelled);
    }
    runnable_ = {};  // a program disposed of while it ran goes here, off the event loop's thread
  }
  Napi::Value result(Napi::Env env) override {
    Napi::Array array = Napi::Array::New(env, results_.size());
    for (uint32_t i = 0; i < results_.size(); ++i) array.Set(i, toJs(env, AddonData::of(env), results_[i]));
    return array;
  }

 private:
  Runnable runnable_;
  std::vector<c10::IValue> inputs_;
  std::vector<c10::IValue> results_;
  // For holds(), while the executor's thread lets go of the program and the inputs.
  const std::weak_ptr<const Program> program_;
  std::vector<Held> given_;
};

// run(program, tensors, maxQueue) -> { promise of results, job }
Napi::Value run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  AddonData& data = AddonData::of(env);
  const Runnable& program = data.programs.at(info[0]);
  const auto given = info[1].As<Napi::Array>();
  std::vector<c10::IValue> inputs;
  for (uint32_t i = 0; i < given.Length(); ++i) inputs.emplace_back(data.tensors.at(given.Get(i)));
  const auto maxQueue = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value());
  return submit(env, std::make_unique<RunJob>(env, program, std::move(inputs)), maxQueue);
}

// cancel(job) -> whether it was waiting or running
Napi::Value cancel(const Napi::CallbackInfo& info) {
  const auto number = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  return Napi::Boolean::New(info.Env(), AddonData::of(info.Env()).executor->cancel(number));
}

// Takes a program's graphs apart, each of which waits for the device.
class ReleaseJob final : public PromiseJob {
 public:
  ReleaseJob(Napi::Env env, Runnable runnable) : PromiseJob(env), runnable_(std::move(runnable)) {}

 protected:
  void work() override { runnable_ = {}; }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  Runnable runnable_;
};

// releaseProgram(program); runs that hold it finish. One with graphs goes on the executor's thread.
Napi::Value releaseProgram(const Napi::CallbackInfo& info) {
  AddonData& data = AddonData::of(info.Env());
  std::optional<Runnable> program = data.programs.take(info[0].As<Napi::Number>().Int64Value());
  if (program && program->graphed)
    submit(info.Env(), std::make_unique<ReleaseJob>(info.Env(), std::move(*program)), SIZE_MAX);
  return info.Env().Undefined();
}

}  // namespace

void exposePrograms(Napi::Object exports) {
  expose<createProgram>(exports, "createProgram");
  expose<run>(exports, "run");
  expose<cancel>(exports, "cancel");
  expose<graphReport>(exports, "graphReport");
  expose<releaseProgram>(exports, "releaseProgram");
}

}  // namespace torch_lora
