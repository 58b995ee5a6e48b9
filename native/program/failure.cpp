#include "program/failure.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>

#include "io/cut_files.h"

namespace torch_lora {

namespace {

bool saysOutOfMemory(const std::string& message) {
  return message.find("can't allocate memory") != std::string::npos ||
         message.find("out of memory") != std::string::npos;
}

// Errors after which CUDA refuses every further call of the process.
bool saysDeviceLost(const std::string& message) {
  if (message.find("CUDA") == std::string::npos) return false;
  constexpr const char* kSticky[] = {
      "device-side assert triggered", "illegal memory access",      "illegal instruction", "misaligned address",
      "invalid program counter",      "unspecified launch failure", "launch timed out",    "hardware stack error",
      "uncorrectable ECC error",      "invalid address space"};
  return std::ranges::any_of(kSticky, [&](const char* words) { return message.find(words) != std::string::npos; });
}

Failure fromMessage(const std::string& message) {
  if (saysDeviceLost(message)) {
    return Failure("DEVICE_LOST",
                   message.substr(0, message.find('\n')) +
                       " The device cannot be used by this process any more: end it and start another. Run it with "
                       "CUDA_LAUNCH_BLOCKING=1 to see which operator it was.");
  }
  return Failure(saysOutOfMemory(message) ? "OUT_OF_MEMORY" : "NATIVE", message);
}

}  // namespace

Failure failureInFlight() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const c10::OutOfMemoryError& error) {
    return Failure("OUT_OF_MEMORY", error.what_without_backtrace());
  } catch (const ChangedFileError& error) {
    return Failure("INVALID_FILE", error.what_without_backtrace());
  } catch (const c10::DistError& error) {
    return Failure("DISTRIBUTED", error.what_without_backtrace());
  } catch (const c10::Error& error) {
    return fromMessage(error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return Failure("OUT_OF_MEMORY", "The process has no memory left.");
  } catch (const std::exception& error) {
    return fromMessage(error.what());
  } catch (...) {
    return Failure("NATIVE", "Unknown native exception.");
  }
}

}  // namespace torch_lora
