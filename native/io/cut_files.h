#pragma once
// What happens when a file is cut short while its weights are mapped. A read past its new end raises SIGBUS, which ends
// the process. Here such a read finds zeros instead, the mapping is remembered as cut, and the operator that read
// there, like every later one on that mapping, throws.

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace torch_lora {

/// A file is no longer what was mapped.
class ChangedFileError : public c10::Error {
 public:
  explicit ChangedFileError(std::string message) : Error({__func__, __FILE__, __LINE__}, std::move(message)) {}
};

/// A mapping that the handler of SIGBUS knows. Made before the first read, destroyed before the mapping goes.
class GuardedMapping {
 public:
  GuardedMapping(const void* data, size_t bytes);
  ~GuardedMapping();
  GuardedMapping(const GuardedMapping&) = delete;
  GuardedMapping& operator=(const GuardedMapping&) = delete;
  /// Throws ChangedFileError that names `file` where this mapping was found cut: what was read of it may be zeros.
  void checkNotCut(const std::string& file) const;

 private:
  struct Range* range_;
};

/// How often a mapping was found cut, in this process; one number, cheap to compare before and after some work.
uint64_t cutsSoFar();

/// Throws ChangedFileError where the elements of `tensor` lie in a file that was found cut. Free while none was.
void checkNotCut(const at::Tensor& tensor);

/// For work that began when cutsSoFar() was `before`: throws ChangedFileError where any file was found cut
/// meanwhile, since what was read of it were zeros.
void checkNotCutSince(uint64_t before);

}  // namespace torch_lora
