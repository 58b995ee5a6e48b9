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
  Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<int64_t>(tensor.nbytes()));
  return tensors.add(std::move(tensor));
}

void AddonData::removeTensor(Napi::Env env, int64_t number) {
  const auto found = tensors.entries().find(number);
  if (found == tensors.entries().end()) return;
  const auto bytes = static_cast<int64_t>(found->second.nbytes());
  tensors.remove(number);
  Napi::MemoryManagement::AdjustExternalMemory(env, -bytes);
}

}  // namespace torch_lora
