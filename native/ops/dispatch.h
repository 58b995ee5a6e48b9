#pragma once
// Calls one of our own operators through the dispatcher, so that autograd, FakeTensor tracing and the
// backend kernel are all chosen by PyTorch and never by us.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>

namespace torch_lora {

template <class Signature>
c10::TypedOperatorHandle<Signature> find_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").template typed<Signature>();
}

// The Autograd kernel of the operators that a backward pass is made of: differentiating through them is an error that
// names the operator, never a silent zero.
inline torch::CppFunction no_second_derivative() { return torch::autograd::autogradNotImplementedFallback(); }

}  // namespace torch_lora
