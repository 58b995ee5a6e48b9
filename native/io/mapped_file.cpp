#include "mapped_file.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace torch_lora {

namespace {

/// Where our mappings lie: which file is under an address, and that dropPages cannot discard memory of another owner.
struct Registry {
  std::mutex mutex;
  std::map<uintptr_t, const MappedFile*> files;  // by the mapping's first byte
};

Registry& registry() {
  // Never destroyed: tensors may outlive static destruction at exit.
  static auto* instance = new Registry();
  return *instance;
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// Not fstat: its own symbol came with glibc 2.33 (native/glibc_2_28.h).
struct statx statusOf(int fd, const std::string& path) {
  struct statx status {};
  TORCH_CHECK(::statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) == 0, path,
              ": cannot be read: ", std::strerror(errno));
  return status;
}

std::pair<uint32_t, uint32_t> deviceOf(const struct statx& status) {
  return {status.stx_dev_major, status.stx_dev_minor};
}

/// Bytes from the first element's first to the last element's last; throws on overflow and negative strides.
int64_t spanBytes(at::IntArrayRef sizes, at::IntArrayRef strides, int64_t itemSize) {
  bool empty = false;
  int64_t last = 0;
  int64_t count = 1;
  for (size_t dim = 0; dim < sizes.size(); ++dim) {
    TORCH_CHECK(sizes[dim] >= 0 && strides[dim] >= 0, "a mapped tensor needs sizes and strides of at least 0");
    if (sizes[dim] == 0) {
      empty = true;
      continue;
    }
    int64_t extent = 0;
    TORCH_CHECK(!__builtin_mul_overflow(count, sizes[dim], &count) &&
                    !__builtin_mul_overflow(sizes[dim] - 1, strides[dim], &extent) &&
                    !__builtin_add_overflow(last, extent, &last),
                "a mapped tensor's size overflows");
  }
  if (empty) return 0;
  int64_t bytes = 0;
  TORCH_CHECK(!__builtin_add_overflow(last, int64_t{1}, &bytes) && !__builtin_mul_overflow(bytes, itemSize, &bytes),
              "a mapped tensor's size overflows");
  return bytes;
}

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  TORCH_CHECK(fd.get() >= 0, path, ": cannot be opened: ", std::strerror(errno));
  const struct statx status = statusOf(fd.get(), path);
  TORCH_CHECK(S_ISREG(status.stx_mode), path, ": expected a regular file");
  const auto size = static_cast<int64_t>(status.stx_size);
  if (size == 0) return std::shared_ptr<MappedFile>(new MappedFile(path, fd.release(), status, nullptr));
  void* const data =
      ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd.get(), 0);
  TORCH_CHECK(data != MAP_FAILED, path, ": cannot be mapped: ", std::strerror(errno));
  return std::shared_ptr<MappedFile>(new MappedFile(path, fd.release(), status, static_cast<uint8_t*>(data)));
}

MappedFile::MappedFile(std::string path, int fd, const struct statx& status, uint8_t* data)
    : path_(std::move(path)),
      fd_(fd),
      device_(deviceOf(status)),
      inode_(status.stx_ino),
      written_(status.stx_mtime),
      size_(static_cast<int64_t>(status.stx_size)),
      data_(data) {
  if (data_ == nullptr) return;
  guard_.emplace(data_, static_cast<size_t>(size_));
  auto& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.files[reinterpret_cast<uintptr_t>(data_)] = this;
}

MappedFile::~MappedFile() {
  ::close(fd_);
  if (data_ == nullptr) return;
  auto& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.files.erase(reinterpret_cast<uintptr_t>(data_));
  guard_.reset();
  ::munmap(data_, static_cast<size_t>(size_));
}

void MappedFile::checkUnchanged() const {
  const struct statx now = statusOf(fd_, path_);
  if (static_cast<int64_t>(now.stx_size) == size_ && now.stx_mtime.tv_sec == written_.tv_sec &&
      now.stx_mtime.tv_nsec == written_.tv_nsec)
    return;
  throw ChangedFileError(
      path_ +
      ": was written to while a model that lies in it was in use. Load the model again; to put a file in the place of "
      "one in use, write it beside and rename it.");
}

void MappedFile::read(int64_t offset, void* target, size_t length) const {
  auto* out = static_cast<uint8_t*>(target);
  while (length > 0) {
    const ssize_t count = ::pread(fd_, out, length, offset);
    if (count < 0 && errno == EINTR) continue;
    TORCH_CHECK(count >= 0, path_, ": cannot be read: ", std::strerror(errno));
    if (count == 0)
      throw ChangedFileError(path_ + ": was cut while it was read: it ends at byte " + std::to_string(offset));
    out += count;
    offset += count;
    length -= static_cast<size_t>(count);
  }
}

std::string MappedFile::at(const at::Tensor& tensor) {
  const auto address = reinterpret_cast<uintptr_t>(tensor.storage().data());
  auto& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  const auto next = known.files.upper_bound(address);
  if (next == known.files.begin()) return "a file";
  const auto [begin, file] = *std::prev(next);
  return address < begin + static_cast<uintptr_t>(file->size()) ? file->path() : "a file";
}

std::pair<const MappedFile*, int64_t> MappedFile::under(const at::Tensor& tensor) {
  const std::pair<const MappedFile*, int64_t> none{nullptr, 0};
  if (!tensor.defined() || !tensor.device().is_cpu() || tensor.numel() == 0 || tensor.is_inference() ||
      tensor._version() != 0)
    return none;
  const auto address = reinterpret_cast<uintptr_t>(tensor.const_data_ptr());
  auto& known = registry();
  const std::lock_guard<std::mutex> lock(known.mutex);
  const auto next = known.files.upper_bound(address);
  if (next == known.files.begin()) return none;
  const auto [begin, file] = *std::prev(next);
  const int64_t span = spanBytes(tensor.sizes(), tensor.strides(), static_cast<int64_t>(tensor.element_size()));
  if (address + static_cast<uintptr_t>(span) > begin + static_cast<uintptr_t>(file->size())) return none;
  return {file, static_cast<int64_t>(address - begin)};
}

void MappedFile::checkNotCut() const { guard_->checkNotCut(path_); }

void MappedFile::checkNotShrunk() const {
  struct statx now {};
  if (::statx(AT_FDCWD, path_.c_str(), 0, STATX_BASIC_STATS, &now) != 0 || deviceOf(now) != device_ ||
      now.stx_ino != inode_)
    return;
  const auto size = static_cast<int64_t>(now.stx_size);
  if (size < size_)
    throw ChangedFileError(path_ + ": was cut while it was read: " + std::to_string(size) + " bytes instead of " +
                           std::to_string(size_));
}

at::Tensor tensorFromMappedFile(std::shared_ptr<MappedFile> file, int64_t byteOffset, int64_t byteLength,
                                at::ScalarType dtype, at::IntArrayRef sizes, at::IntArrayRef strides) {
  TORCH_CHECK(file != nullptr, "no file is mapped");
  TORCH_CHECK(sizes.size() == strides.size(), "a mapped tensor needs one stride a dimension, got ", strides.size(),
              " for ", sizes.size());
  const auto itemSize = static_cast<int64_t>(c10::elementSize(dtype));
  const int64_t span = spanBytes(sizes, strides, itemSize);
  TORCH_CHECK(
      byteOffset >= 0 && byteLength >= 0 && byteOffset <= file->size() && byteLength <= file->size() - byteOffset,
      file->path(), ": bytes ", byteOffset, " to ", byteOffset, " + ", byteLength, " lie outside the file of ",
      file->size(), " bytes");
  TORCH_CHECK(span <= byteLength, file->path(), ": a tensor of ", span, " bytes does not fit the ", byteLength,
              " given");
  const auto options = at::TensorOptions().dtype(dtype).device(at::kCPU);
  if (span == 0) return at::empty(sizes, options);
  file->checkNotShrunk();

  uint8_t* const data = file->data() + byteOffset;
  if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(itemSize) != 0) {
    // Kernels may assume aligned elements; copy the bytes first, then give them their shape.
    const int64_t elements = span / itemSize;
    at::Tensor storage = at::empty({elements}, options);
    std::memcpy(storage.data_ptr(), data, static_cast<size_t>(span));
    file->checkNotCut();
    return storage.as_strided(sizes, strides).contiguous();
  }
  const auto keepAlive = [file = std::move(file)](void*) mutable { file.reset(); };
  return at::from_blob(data, sizes, strides, keepAlive, options);
}

void dropPages(const at::Tensor& tensor) {
  if (MappedFile::under(tensor).first == nullptr) return;
  const int64_t span = spanBytes(tensor.sizes(), tensor.strides(), static_cast<int64_t>(tensor.element_size()));
  const auto begin = reinterpret_cast<uintptr_t>(tensor.const_data_ptr());
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  // Only whole pages: the ones at the ends hold parts of the neighbours.
  const uintptr_t first = (begin + page - 1) / page * page;
  const uintptr_t last = (begin + static_cast<uintptr_t>(span)) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace torch_lora
