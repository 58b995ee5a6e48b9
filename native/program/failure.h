#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace torch_lora {

// An error on its way to JavaScript. `code` is one of TorchLoraErrorCode (lib/errors.ts).
struct Failure : std::runtime_error {
  Failure(std::string code, const std::string& message) : std::runtime_error(message), code(std::move(code)) {}
  // Copied where it would be moved: a runtime_error's move came with GLIBCXX_3.4.26 (native/glibc_2_28.h).
  Failure(const Failure&) = default;
  Failure& operator=(const Failure&) = default;

  std::string code;
  std::string op;                            // "aten::matmul", where an operator failed
  std::vector<std::vector<int64_t>> shapes;  // the shapes of its tensor arguments
};

// Translates the exception in flight (std::current_exception) to a Failure: out of memory and libtorch's own
// errors keep their first line, without the C++ stack.
Failure failureInFlight();

}  // namespace torch_lora
