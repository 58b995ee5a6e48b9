#pragma once
#include <ATen/core/Tensor.h>
#include <napi.h>

#include <memory>
#include <optional>
#include <unordered_map>

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

// A program as JavaScript runs it.
struct Runnable {
  std::shared_ptr<const Program> program;
  std::shared_ptr<GraphedProgram> graphed;  // null: every instruction, every time
};

struct AddonData {
  explicit AddonData(Napi::Env env);
  ~AddonData();
  static AddonData& of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

  // Adds a tensor to the table and tells V8 how many bytes hang on it.
  double addTensor(Napi::Env env, at::Tensor tensor);
  void removeTensor(Napi::Env env, int64_t number);

  Table<at::Tensor> tensors{"tensor"};
  Table<Runnable> programs{"program"};
  Table<std::shared_ptr<MappedFile>> files{"file"};
  std::unique_ptr<Executor> executor;
  Napi::ThreadSafeFunction settle;  // brings finished jobs back to the event loop
  size_t pending = 0;               // submitted and not settled: keeps the process alive while above zero
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
