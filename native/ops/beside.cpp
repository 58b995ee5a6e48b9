#include "ops/beside.h"

#include <array>
#include <atomic>

namespace torch_lora {
namespace {

std::atomic<BesideFunction>& function_of(c10::DeviceType type) {
  static std::array<std::atomic<BesideFunction>, static_cast<size_t>(c10::COMPILE_TIME_MAX_DEVICE_TYPES)> functions{};
  return functions[static_cast<size_t>(type)];
}

}  // namespace

void beside(c10::Device device, const Work& aside, const Work& work) {
  if (const BesideFunction function = function_of(device.type())) return function(aside, work);
  aside();
  work();
}

void register_beside(c10::DeviceType type, BesideFunction function) { function_of(type) = function; }

}  // namespace torch_lora
