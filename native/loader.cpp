// The addon that node-gyp-build finds. It links to Node only, so it loads on any machine; `open` then brings in
// libtorch's libraries by absolute path and after them the core, whose own references to libtorch are thereby
// satisfied by soname. That is why nobody has to set LD_LIBRARY_PATH, and why this cannot be process.dlopen:
// that opens addons only.
#include "glibc_2_28.h"

#include <dlfcn.h>
#include <napi.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace {

using CoreInit = napi_value (*)(napi_env, napi_value);

// dlopen is idempotent and counts references; nothing here is ever closed, because a library with live threads
// and registered operators cannot be unloaded. RTLD_LOCAL keeps libtorch's many symbols (MKL, oneDNN, protobuf)
// out of the way of other addons in the process: the core and lora_ops name libtorch as a dependency themselves.
void* openLibrary(Napi::Env env, const std::string& path) {
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    Napi::Error error = Napi::Error::New(env, reason == nullptr ? "dlopen failed: " + path : reason);
    error.Set("library", Napi::String::New(env, path));
    throw error;
  }
  return handle;
}

// libgomp reads its settings once, as it is opened. Its threads spin for milliseconds at every barrier before they
// sleep: in a service, or beside any other busy process, they then burn the very cores the work needs (measured on
// two shared cores: a training step took over three times as long). A spin of tens of microseconds still bridges
// the gap from one operator to the next. What the user has set stands.
class ShortSpin {
 public:
  ShortSpin() : set_(getenv("GOMP_SPINCOUNT") == nullptr && getenv("OMP_WAIT_POLICY") == nullptr) {
    if (set_) setenv("GOMP_SPINCOUNT", "3000", 1);
  }
  // Not for child processes.
  ~ShortSpin() {
    if (set_) unsetenv("GOMP_SPINCOUNT");
  }

 private:
  bool set_;
};

// open({ libraries: string[], core: string }): the native API. A second call in the same environment gives the
// same object: the core keeps its tables in the environment's instance data, which can be set only once.
Napi::Value open(const Napi::CallbackInfo& info, Napi::ObjectReference& opened) {
  const Napi::Env env = info.Env();
  if (!opened.IsEmpty()) return opened.Value();
  if (info.Length() != 1 || !info[0].IsObject()) {
    throw Napi::TypeError::New(env, "open: expected { libraries: string[], core: string }");
  }
  const Napi::Object options = info[0].As<Napi::Object>();
  if (!options.Get("libraries").IsArray() || !options.Get("core").IsString()) {
    throw Napi::TypeError::New(env, "open: expected { libraries: string[], core: string }");
  }
  const ShortSpin shortSpin;
  const Napi::Array libraries = options.Get("libraries").As<Napi::Array>();
  for (uint32_t i = 0; i < libraries.Length(); ++i) {
    openLibrary(env, libraries.Get(i).ToString().Utf8Value());
  }
  const std::string path = options.Get("core").As<Napi::String>().Utf8Value();
  void* const core = openLibrary(env, path);
  const auto init = reinterpret_cast<CoreInit>(dlsym(core, "torch_lora_core_init"));
  if (init == nullptr) {
    throw Napi::Error::New(env, path + " has no torch_lora_core_init: it is not the core of this addon");
  }
  const napi_value native = init(env, Napi::Object::New(env));
  if (env.IsExceptionPending()) throw env.GetAndClearPendingException();
  opened = Napi::Persistent(Napi::Value(env, native).As<Napi::Object>());
  return opened.Value();
}

// openLibrary(path): one more of ours, after `open`: it registers what it has as it is opened.
Napi::Value openOne(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) throw Napi::TypeError::New(env, "openLibrary: expected a path");
  openLibrary(env, info[0].As<Napi::String>().Utf8Value());
  return env.Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const auto opened = std::make_shared<Napi::ObjectReference>();
  exports.Set("open", Napi::Function::New(
                          env, [opened](const Napi::CallbackInfo& info) { return open(info, *opened); }, "open"));
  exports.Set("openLibrary", Napi::Function::New(env, openOne, "openLibrary"));
  return exports;
}

NODE_API_MODULE(torch_lora, init)

}  // namespace
