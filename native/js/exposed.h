#pragma once
#include <napi.h>

namespace torch_lora {

// What each file of this folder adds to the addon's exports.
void exposeOperators(Napi::Object exports);
void exposeTensors(Napi::Object exports);
void exposePrograms(Napi::Object exports);
void exposeFiles(Napi::Object exports);
void exposeSystem(Napi::Object exports);
void exposeTrace(Napi::Object exports);

}  // namespace torch_lora
