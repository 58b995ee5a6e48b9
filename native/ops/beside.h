#pragma once
// Two pieces of work of which neither reads what the other writes.
#include <c10/core/Device.h>

#include <functional>

namespace torch_lora {

using Work = std::function<void()>;
using BesideFunction = void (*)(const Work& aside, const Work& work);

// What the current stream is given next finds both done. On the streams of CUDA graphs they overlap; elsewhere `aside`
// comes first.
void beside(c10::Device device, const Work& aside, const Work& work);

// How a type of device does it: native/cuda registers CUDA's.
[[gnu::visibility("default")]] void register_beside(c10::DeviceType type, BesideFunction function);

}  // namespace torch_lora
