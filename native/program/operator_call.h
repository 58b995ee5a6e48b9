#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace torch_lora {

// The tensor that a value is, or those of a list.
template <class Body>
void forEachTensor(const c10::IValue& value, const Body& body) {
  if (value.isTensor()) body(value.toTensor());
  if (!value.isList()) return;
  for (const c10::IValue& item : value.toListRef()) {
    if (item.isTensor()) body(item.toTensor());
  }
}

// Whether what takes these would draw from a CUDA device's generator: of its tensors, or of the device that it names.
bool drawsOnCuda(const std::vector<c10::IValue>& arguments);

// Calls `op` on `stack` through the dispatcher: arguments in schema order are replaced by the results.
// A failure carries the operator's name and the shapes of its tensor arguments.
void callOperator(const c10::OperatorHandle& op, torch::jit::Stack& stack);

}  // namespace torch_lora
