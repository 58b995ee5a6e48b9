#pragma once
#include <ATen/core/Tensor.h>
#include <napi.h>

#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "io/mapped_file.h"
#include "program/executor.h"
#include "program/graphed.h"
#include "program/program.h"

namespace torch_lora {

// What JavaScript holds are numbers; the objects live in tables of the environment (a Node process or one
// worker thread). A number that is not in its table is an object that was disposed, never a wild pointer.
template <typename T>
class Table {
 public:
  explicit Table(const char* what) : what_(what) {}

  double add(T value) {
    const int64_t number = next_++;
    entries_.emplace(number, std::move(value));
    return static_cast<double>(number);
  }
  const T& at(const Napi::Value& number) const;
  bool remove(int64_t number) { return entries_.erase(number) > 0; }
  std::optional<T> take(int64_t number) {
    auto node = entries_.extract(number);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }
  size_t size() const { return entries_.size(); }
  const std::unordered_map<int64_t, T>& entries() const { return entries_; }

 private:
  const char* what_;
  int64_t next_ = 1;  // numbers are never reused, so a stale one is always noticed
  std::unordered_map<int64_t, T> entries_;
};

class PromiseJob;

// A program as JavaScript runs it.
struct Runnable {
  std::shared_ptr<const Program> program;
  std::shared_ptr<GraphedProgram> graphed;  // null: every instruction, every time
};

struct AddonData {
  explicit AddonData(Napi::Env env);
  ~AddonData();
  static AddonData& of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

  // Adds a tensor to the table and tells V8 how many bytes hang on it: those of the storage that it owns a share of,
  // once, however many handles lie on it. What a tensor claims is not counted: an expanded or a meta tensor may claim
  // any number of bytes, and the pages of a mapped file are the system's.
  double addTensor(Napi::Env env, at::Tensor tensor);
  void removeTensor(Napi::Env env, int64_t number);
  // What V8 was told of, and still is.
  int64_t heldBytes() const { return heldBytes_; }

  Table<at::Tensor> tensors{"tensor"};
  Table<Runnable> programs{"program"};
  Table<std::shared_ptr<MappedFile>> files{"file"};
  std::unique_ptr<Executor> executor;
  Napi::ThreadSafeFunction settle;  // brings finished jobs back to the event loop
  // Submitted and not settled: they keep the process alive.
  std::unordered_set<const PromiseJob*> inFlight;

 private:
  struct Charge {
    int64_t handles = 0;
    int64_t bytes = 0;  // as V8 was told
  };
  void tell(Napi::Env env, int64_t bytes);
  int64_t heldBytes_ = 0;
  std::unordered_map<const c10::StorageImpl*, Charge> charges_;
  std::unordered_map<int64_t, const c10::StorageImpl*> charged_;  // by a tensor's number; its storage may change
};

}  // namespace torch_lora

#include "program/failure.h"

template <typename T>
const T& torch_lora::Table<T>::at(const Napi::Value& number) const {
  const auto found = number.IsNumber() ? entries_.find(number.As<Napi::Number>().Int64Value()) : entries_.end();
  if (found == entries_.end()) {
    throw Failure("DISPOSED", std::string("This ") + what_ + " was disposed of, or belongs to another thread.");
  }
  return found->second;
}
