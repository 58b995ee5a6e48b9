#pragma once
#include <napi.h>

#include "js/addon_data.h"
#include "program/executor.h"

namespace torch_lora {

// A job that settles a promise. work() runs on the executor's thread, and where it leaves something in `rest`, that
// waits for a device; result() makes the value on the event loop's thread.
class PromiseJob : public Job {
 public:
  explicit PromiseJob(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}

  bool run() final;
  void finish() final;
  void refuse(const char* code, const char* message) final { failure_ = Failure(code, message); }
  void settle(Napi::Env env);
  Napi::Promise promise() const { return deferred_.Promise(); }
  // Whether the job reads or writes the memory of a tensor; on the event loop's thread, while it may run on its own.
  virtual bool holds(const at::Tensor& tensor) const { return false; }
  // Whether it reads or writes gradients.
  virtual bool differentiates() const { return false; }

 protected:
  virtual void work() = 0;
  virtual Napi::Value result(Napi::Env env) = 0;

  std::function<void()> rest;

 private:
  Napi::Promise::Deferred deferred_;
  std::optional<Failure> failure_;
};

// Submits a job and returns `{ promise, job }`, where `job` is the number that cancel() takes.
Napi::Value submit(Napi::Env env, std::unique_ptr<PromiseJob> job, size_t maxQueue);

// Called by the executor with a finished job: settles it on the event loop's thread.
void bringBack(AddonData& data, std::unique_ptr<Job> job);

}  // namespace torch_lora
