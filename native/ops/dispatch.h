#pragma once
// Calls one of our own operators through the dispatcher, so that autograd, FakeTensor tracing and the
// backend kernel are all chosen by PyTorch and never by us.
#include <ATen/core/dispatch/Dispatcher.h>

namespace torch_lora {

template <class Signature>
c10::TypedOperatorHandle<Signature> find_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").template typed<Signature>();
}

}  // namespace torch_lora
