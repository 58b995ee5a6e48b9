#include "js/addon_data.h"

#include "js/jobs.h"

namespace torch_lora {

AddonData::AddonData(Napi::Env env) {
  settle = Napi::ThreadSafeFunction::New(env, Napi::Function(), "torch-lora executor", 0, 1);
  settle.Unref(env);
  executor = std::make_unique<Executor>([this](std::unique_ptr<Job> job) { bringBack(*this, std::move(job)); });
  // Before the environment goes, the executor must have stopped: a job holds promises of the environment.
  env.AddCleanupHook([this] { executor->close(); });
}

AddonData::~AddonData() = default;

double AddonData::addTensor(Napi::Env env, at::Tensor tensor) {
  const bool owned = tensor.has_storage() && !tensor.is_meta() && tensor.storage().allocator() != nullptr;
  const c10::StorageImpl* const storage = owned ? tensor.storage().unsafeGetStorageImpl() : nullptr;
  const double number = tensors.add(std::move(tensor));
  if (storage == nullptr) return number;
  charged_.emplace(static_cast<int64_t>(number), storage);
  Charge& charge = charges_[storage];
  if (charge.handles++ == 0) {
    charge.bytes = static_cast<int64_t>(storage->nbytes());
    tell(env, charge.bytes);
  }
  return number;
}

void AddonData::removeTensor(Napi::Env env, int64_t number) {
  if (!tensors.remove(number)) return;
  const auto handle = charged_.extract(number);
  if (handle.empty()) return;
  const auto charge = charges_.find(handle.mapped());
  if (--charge->second.handles > 0) return;
  tell(env, -charge->second.bytes);
  charges_.erase(charge);
}

void AddonData::tell(Napi::Env env, int64_t bytes) {
  heldBytes_ += bytes;
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes);
}

}  // namespace torch_lora
