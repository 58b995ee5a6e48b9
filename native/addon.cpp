#include <napi.h>

#include "js/addon_data.h"
#include "js/exposed.h"
#include "program/cpu_allocator.h"

// Called by the loader (native/loader.cpp) once an environment, after libtorch was opened.
extern "C" __attribute__((visibility("default"))) napi_value torch_lora_core_init(napi_env rawEnv,
                                                                                  napi_value rawExports) {
  const Napi::Env env(rawEnv);
  Napi::Object exports(rawEnv, rawExports);
  torch_lora::installCpuAllocator();
  env.SetInstanceData(new torch_lora::AddonData(env));
  torch_lora::exposeOperators(exports);
  torch_lora::exposeTensors(exports);
  torch_lora::exposePrograms(exports);
  torch_lora::exposeFiles(exports);
  torch_lora::exposeSystem(exports);
  torch_lora::exposeTrace(exports);
  return exports;
}
