#include "program/recompute.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "ops/capture_turn.h"
#include "program/failure.h"
#include "program/operator_call.h"

namespace torch_lora {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const std::atomic<bool> kNeverCancelled{false};

// What autograd's node holds a program by.
struct Body final : torch::CustomClassHolder {
  explicit Body(std::shared_ptr<const Program> program) : program(std::move(program)) {}
  std::shared_ptr<const Program> program;
};

// The state of a random generator, under its lock.
at::Tensor stateOf(at::Generator generator) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

void setState(at::Generator generator, const at::Tensor& state) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

// The generators that operators on these tensors draw from: the processor's, and their device's.
std::vector<at::Generator> generatorsOf(at::TensorList inputs) {
  std::vector<at::Generator> generators{at::globalContext().defaultGenerator(at::kCPU)};
  for (const at::Tensor& input : inputs) {
    if (!input.is_cuda()) continue;
    generators.push_back(at::globalContext().defaultGenerator(input.device()));
    break;
  }
  return generators;
}

// Sets the generators to earlier states, and back when it goes.
class Rewound {
 public:
  Rewound(std::vector<at::Generator> generators, at::TensorList states) : generators_(std::move(generators)) {
    for (const at::Generator& generator : generators_) now_.push_back(stateOf(generator));
    for (size_t i = 0; i < generators_.size(); ++i) setState(generators_[i], states[i]);
  }
  ~Rewound() {
    for (size_t i = 0; i < generators_.size(); ++i) setState(generators_[i], now_[i]);
  }
  Rewound(const Rewound&) = delete;
  Rewound& operator=(const Rewound&) = delete;

 private:
  std::vector<at::Generator> generators_;
  std::vector<at::Tensor> now_;
};

at::Tensor runBody(const Program& body, at::TensorList inputs) {
  return body.run(std::vector<c10::IValue>(inputs.begin(), inputs.end()), kNeverCancelled).at(0).toTensor();
}

class Recompute : public torch::autograd::Function<Recompute> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const c10::intrusive_ptr<Body>& body, at::TensorList inputs) {
    std::vector<at::Tensor> states;
    for (const at::Generator& generator : generatorsOf(inputs)) states.push_back(stateOf(generator));
    ctx->saved_data["body"] = c10::IValue::make_capsule(body);
    ctx->saved_data["states"] = states;
    ctx->save_for_backward(inputs.vec());
    return runBody(*body->program, inputs);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto body = c10::static_intrusive_pointer_cast<Body>(ctx->saved_data["body"].toCapsule());
    std::vector<at::Tensor> inputs;
    c10::List<at::Tensor> wanted;
    for (const at::Tensor& saved : ctx->get_saved_variables()) {
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
      if (saved.requires_grad()) wanted.push_back(inputs.back());
    }
    const c10::AutoGradMode recording(true);
    at::Tensor output;
    const CoveredTurn covered;  // by the instruction that runs backward
    {
      const Rewound rewound(generatorsOf(inputs), ctx->saved_data["states"].toTensorVector());
      output = runBody(*body->program, inputs);
    }
    static const c10::OperatorHandle op = c10::Dispatcher::singleton().findSchemaOrThrow("aten::_backward", "");
    torch::jit::Stack stack{output, std::move(wanted), grads[0], c10::IValue(), false};
    callOperator(op, stack);
    variable_list result{at::Tensor()};  // the body has no gradient
    for (const at::Tensor& input : inputs) result.push_back(input.grad());
    return result;
  }
};

}  // namespace

Instruction recomputed(std::vector<Instruction> instructions, Slot output) {
  Instruction result;
  result.kind = Instruction::Kind::Recompute;
  result.outputs = {output};
  std::unordered_map<Slot, Slot> numbers;  // of the part's values in a program of its own: inputs first
  const auto number = [&](Slot slot) { numbers.emplace(slot, static_cast<Slot>(numbers.size())); };
  std::unordered_set<Slot> written;
  for (const Instruction& instruction : instructions) {
    result.mutates = result.mutates || instruction.mutates;
    for (Slot slot : slotsRead(instruction)) {
      if (written.contains(slot) || numbers.contains(slot)) continue;
      number(slot);
      result.slots.push_back(slot);
    }
    written.insert(instruction.outputs.begin(), instruction.outputs.end());
  }
  if (!written.contains(output))
    throw Failure("INVALID_ARGUMENT", "Malformed program: a recomputed part computes nothing.");
  for (Slot slot : written) {
    if (slot != kNone) number(slot);
  }
  const auto renumber = [&](Slot& slot) {
    if (slot != kNone) slot = numbers.at(slot);
  };
  for (Instruction& instruction : instructions) {
    for (Argument& argument : instruction.arguments) {
      renumber(argument.slot);
      for (Slot& slot : argument.slots) renumber(slot);
    }
    renumber(instruction.slot);
    for (Slot& slot : instruction.slots) renumber(slot);
    for (Slot& slot : instruction.outputs) renumber(slot);
  }
  result.body =
      std::make_shared<const Program>(numbers.size(), result.slots.size(), std::vector<std::pair<Slot, c10::IValue>>(),
                                      std::move(instructions), std::vector<Slot>{numbers.at(output)});
  return result;
}

at::Tensor recompute(std::shared_ptr<const Program> body, std::vector<c10::IValue> inputs) {
  if (!c10::GradMode::is_enabled()) return body->run(std::move(inputs), kNeverCancelled).at(0).toTensor();
  std::vector<at::Tensor> tensors;
  tensors.reserve(inputs.size());
  for (const c10::IValue& input : inputs) tensors.push_back(input.toTensor());
  inputs.clear();
  return Recompute::apply(c10::make_intrusive<Body>(std::move(body)), at::TensorList(tensors));
}

}  // namespace torch_lora
