#include "program/failure.h"

#include <c10/util/Exception.h>

#include <new>

namespace torch_lora {

namespace {

bool saysOutOfMemory(const std::string& message) {
  return message.find("can't allocate memory") != std::string::npos ||
         message.find("out of memory") != std::string::npos;
}

}  // namespace

Failure failureInFlight() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const c10::OutOfMemoryError& error) {
    return Failure("OUT_OF_MEMORY", error.what_without_backtrace());
  } catch (const c10::DistError& error) {
    return Failure("DISTRIBUTED", error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    return Failure(saysOutOfMemory(message) ? "OUT_OF_MEMORY" : "NATIVE", message);
  } catch (const std::bad_alloc&) {
    return Failure("OUT_OF_MEMORY", "The process has no memory left.");
  } catch (const std::exception& error) {
    return Failure("NATIVE", error.what());
  } catch (...) {
    return Failure("NATIVE", "Unknown native exception.");
  }
}

}  // namespace torch_lora
