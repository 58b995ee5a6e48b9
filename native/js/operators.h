#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>

namespace torch_lora {

// The operator behind the number that findOp() gave. Numbers are the same in every environment.
const c10::OperatorHandle& operatorAt(const Napi::Value& number);

}  // namespace torch_lora
