#include "program/operator_call.h"

#include <ATen/ATen.h>

#include <optional>

#include "io/cut_files.h"
#include "ops/capture_turn.h"
#include "program/failure.h"

namespace torch_lora {

namespace {

std::vector<std::vector<int64_t>> tensorShapes(const torch::jit::Stack& stack) {
  std::vector<std::vector<int64_t>> shapes;
  for (const c10::IValue& value : stack) {
    forEachTensor(value, [&](const at::Tensor& tensor) {
      if (tensor.defined()) shapes.push_back(tensor.sizes().vec());
    });
  }
  return shapes;
}

}  // namespace

bool drawsOnCuda(const std::vector<c10::IValue>& arguments) {
  bool found = false;
  for (const c10::IValue& value : arguments) {
    found |= value.isDevice() && value.toDevice().is_cuda();
    forEachTensor(value, [&](const at::Tensor& tensor) { found |= tensor.defined() && tensor.is_cuda(); });
  }
  return found;
}

void callOperator(const c10::OperatorHandle& op, torch::jit::Stack& stack) {
  std::optional<RandomTurn> turn;
  if (op.hasTag(at::Tag::nondeterministic_seeded) && drawsOnCuda(stack)) turn.emplace();
  try {
    const uint64_t cuts = cutsSoFar();
    if (cuts > 0) {
      for (const c10::IValue& value : stack) forEachTensor(value, checkNotCut);
    }
    op.callBoxed(stack);
    checkNotCutSince(cuts);
  } catch (...) {
    Failure failure = failureInFlight();
    failure.op = toString(op.operator_name());
    // The stack is whatever the failing kernel left of its arguments: good enough to explain.
    failure.shapes = tensorShapes(stack);
    throw failure;
  }
}

}  // namespace torch_lora
