#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>

#include "program/failure.h"

namespace torch_lora {

// The operator behind the number that findOp() gave. Numbers are the same in every environment.
const c10::OperatorHandle& operatorAt(const Napi::Value& number);

// What a call with more arguments than the operator's schema has is refused with.
Failure tooManyArguments(const c10::OperatorHandle& op, size_t given);

}  // namespace torch_lora
