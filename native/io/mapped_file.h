#pragma once

#include <ATen/core/Tensor.h>

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cut_files.h"

namespace torch_lora {

/// A whole file, mapped copy-on-write: what is written to its tensors never reaches the file, and pages that were
/// only read belong to the page cache, shared with every other process that maps the same weights.
/// Tensors share ownership, so the mapping lives exactly as long as the last of them.
class MappedFile {
 public:
  /// Throws c10::Error when the file cannot be opened, is not a regular file or cannot be mapped.
  static std::shared_ptr<MappedFile> open(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  /// Bytes, as the file was when it was mapped. Every access is checked against it.
  int64_t size() const { return size_; }
  uint8_t* data() const { return data_; }
  /// Throws ChangedFileError when the file was cut since: reading past its new end would raise SIGBUS. A file that was
  /// deleted or replaced by another (as atomic writers do) keeps its contents under the mapping.
  void checkNotShrunk() const;
  /// Throws ChangedFileError when a read of the mapping has met the end of a file that was cut. Of a mapping with
  /// bytes.
  void checkNotCut() const;
  /// Throws ChangedFileError when the file was cut or written to since it was mapped. Deleted or replaced is well.
  void checkUnchanged() const;
  /// Reads `length` bytes from `offset` on into `target` without mapping a page. Throws c10::Error where the file
  /// ends before.
  void read(int64_t offset, void* target, size_t length) const;

  /// The file under a tensor's elements as they were loaded, and the offset of the first; null for a tensor
  /// elsewhere, and for one that was written to in place: its pages are no longer the file's. Valid while the tensor
  /// is.
  static std::pair<const MappedFile*, int64_t> under(const at::Tensor& tensor);
  /// The path of the file that a tensor's storage was mapped from, written to since or not; "a file" where it is gone.
  static std::string at(const at::Tensor& tensor);

 private:
  MappedFile(std::string path, int fd, const struct statx& status, uint8_t* data);

  std::string path_;
  int fd_;
  std::pair<uint32_t, uint32_t> device_;
  uint64_t inode_;
  statx_timestamp written_;
  int64_t size_;
  uint8_t* data_;
  std::optional<GuardedMapping> guard_;
};

/// The tensor whose elements lie in `file` from `byteOffset` on, `byteLength` bytes from the first element's first
/// byte to the last element's last. A view of the mapping; a contiguous copy where the offset is not a multiple of
/// the element size, as a safetensors header of odd length makes it.
/// Throws c10::Error when any element would lie outside those bytes or the file, or when the file was cut.
at::Tensor tensorFromMappedFile(std::shared_ptr<MappedFile> file, int64_t byteOffset, int64_t byteLength,
                                at::ScalarType dtype, at::IntArrayRef sizes, at::IntArrayRef strides);

/// Gives the whole pages under a mapped tensor back to the system, for weights that were copied elsewhere (repacked,
/// moved to a GPU, converted). Later reads bring them in from the file again; does nothing to memory that is not a
/// private file mapping made here, nor to a tensor that was written to in place.
void dropPages(const at::Tensor& tensor);

}  // namespace torch_lora
