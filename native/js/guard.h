#pragma once
#include <napi.h>

#include "program/failure.h"

namespace torch_lora {

// A JavaScript Error with `code`, `op` and `shapes`; lib/native.ts makes it a TorchLoraError.
inline Napi::Error toError(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.what());
  Napi::Object object = error.Value();
  object.Set("code", failure.code);
  if (!failure.op.empty()) object.Set("op", failure.op);
  if (!failure.shapes.empty()) {
    Napi::Array shapes = Napi::Array::New(env, failure.shapes.size());
    for (uint32_t i = 0; i < failure.shapes.size(); ++i) {
      Napi::Array shape = Napi::Array::New(env, failure.shapes[i].size());
      for (uint32_t d = 0; d < failure.shapes[i].size(); ++d) {
        shape.Set(d, static_cast<double>(failure.shapes[i][d]));
      }
      shapes.Set(i, shape);
    }
    object.Set("shapes", shapes);
  }
  return error;
}

// The one place where C++ exceptions become JavaScript errors: every exported function passes through here.
template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return Function(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw toError(info.Env(), failureInFlight());
  }
}

template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
void expose(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<Function>>(exports.Env(), name));
}

}  // namespace torch_lora
