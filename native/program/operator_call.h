#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace torch_lora {

// Calls `op` on `stack` through the dispatcher: arguments in schema order are replaced by the results.
// A failure carries the operator's name and the shapes of its tensor arguments.
void callOperator(const c10::OperatorHandle& op, torch::jit::Stack& stack);

}  // namespace torch_lora
