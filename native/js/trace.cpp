#include "ops/trace.h"

#include "js/exposed.h"
#include "js/guard.h"

namespace torch_lora {

namespace {

// startTrace()
Napi::Value startTrace(const Napi::CallbackInfo& info) {
  start_trace();
  return info.Env().Undefined();
}

// takeTrace() -> [{ name, thread, begin, duration }], in microseconds
Napi::Value takeTrace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<TraceEvent> events = take_trace();
  Napi::Array array = Napi::Array::New(env, events.size());
  for (uint32_t i = 0; i < events.size(); ++i) {
    const Napi::HandleScope scope(env);
    const TraceEvent& event = events[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", event.name);
    object.Set("thread", static_cast<double>(event.thread));
    object.Set("begin", static_cast<double>(event.begin) / 1000.0);
    object.Set("duration", static_cast<double>(event.end - event.begin) / 1000.0);
    array.Set(i, object);
  }
  return array;
}

}  // namespace

void exposeTrace(Napi::Object exports) {
  expose<startTrace>(exports, "startTrace");
  expose<takeTrace>(exports, "takeTrace");
}

}  // namespace torch_lora
