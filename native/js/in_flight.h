#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

#include "js/addon_data.h"

namespace torch_lora {

// Whether an operator may change where its argument's memory lies, its shape, or what it is part of, rather than its
// values: resize_, set_, transpose_, every `out`.
bool movesArgument(const c10::OperatorHandle& op, size_t argument);

// What a run was given, without keeping it alive: its memory may go, and be another's, before the run is settled.
class Held {
 public:
  explicit Held(const at::Tensor& tensor);
  // The same tensor, or another on the same memory.
  bool shares(const at::Tensor& tensor) const;

 private:
  const c10::TensorImpl* tensor_;
  const c10::StorageImpl* storage_;  // or null
};

// Runs are submitted and go on, on another thread, while JavaScript does. Throws Failure "INVALID_ARGUMENT" that names
// `what` where one that is not settled holds a tensor of `value`, which is a tensor, a list of them, or neither.
void requireNotInFlight(const AddonData& data, const c10::IValue& value, const std::string& what);

// The same for the gradient of a tensor, which only runs that differentiate read.
void requireGradientNotInFlight(const AddonData& data, const at::Tensor& tensor, const std::string& what);

}  // namespace torch_lora
