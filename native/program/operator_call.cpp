#include "program/operator_call.h"

#include <ATen/ATen.h>

#include <optional>

#include "ops/capture_turn.h"
#include "program/failure.h"

namespace torch_lora {

namespace {

std::vector<std::vector<int64_t>> tensorShapes(const torch::jit::Stack& stack) {
  std::vector<std::vector<int64_t>> shapes;
  const auto add = [&](const at::Tensor& tensor) {
    if (tensor.defined()) shapes.push_back(tensor.sizes().vec());
  };
  for (const auto& value : stack) {
    if (value.isTensor()) add(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) add(tensor);
    }
  }
  return shapes;
}

}  // namespace

void callOperator(const c10::OperatorHandle& op, torch::jit::Stack& stack) {
  std::optional<RandomTurn> turn;
  if (op.hasTag(at::Tag::nondeterministic_seeded)) turn.emplace();
  try {
    op.callBoxed(stack);
  } catch (...) {
    Failure failure = failureInFlight();
    failure.op = toString(op.operator_name());
    // The stack is whatever the failing kernel left of its arguments: good enough to explain.
    failure.shapes = tensorShapes(stack);
    throw failure;
  }
}

}  // namespace torch_lora
