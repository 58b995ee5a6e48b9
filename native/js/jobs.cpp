#include "js/jobs.h"

#include "js/guard.h"
#include "ops/trace.h"

namespace torch_lora {

bool PromiseJob::run() {
  const Span span("job");
  try {
    work();
    return !rest;
  } catch (...) {
    failure_ = failureInFlight();
    return true;
  }
}

void PromiseJob::finish() {
  try {
    rest();
  } catch (...) {
    failure_ = failureInFlight();
  }
}

void PromiseJob::settle(Napi::Env env) {
  if (!failure_) {
    try {
      deferred_.Resolve(result(env));
      return;
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
      return;
    } catch (...) {
      failure_ = failureInFlight();
    }
  }
  deferred_.Reject(toError(env, *failure_).Value());
}

Napi::Value submit(Napi::Env env, std::unique_ptr<PromiseJob> job, size_t maxQueue) {
  AddonData& data = AddonData::of(env);
  const Napi::Promise promise = job->promise();
  const PromiseJob* const submittedJob = job.get();
  const uint64_t number = data.executor->submit(std::move(job), maxQueue);
  data.inFlight.insert(submittedJob);
  if (data.inFlight.size() == 1) data.settle.Ref(env);
  Napi::Object submitted = Napi::Object::New(env);
  submitted.Set("promise", promise);
  submitted.Set("job", static_cast<double>(number));
  return submitted;
}

void bringBack(AddonData& data, std::unique_ptr<Job> job) {
  auto* finished = static_cast<PromiseJob*>(job.release());
  const auto settle = [&data](Napi::Env env, Napi::Function, PromiseJob* raw) {
    const std::unique_ptr<PromiseJob> owned(raw);
    if (env == nullptr) return;  // the environment is going: nobody waits any more
    try {
      data.inFlight.erase(raw);
      if (data.inFlight.empty()) data.settle.Unref(env);
      const Napi::HandleScope scope(env);
      owned->settle(env);
    } catch (const Napi::Error&) {
      // The environment ends at this very moment (worker.terminate()): no call of Node-API succeeds any more, so
      // there is neither a promise to settle nor a way to say so.
    }
  };
  // Refused only while the environment shuts down; the job then dies here with its tensors.
  if (data.settle.NonBlockingCall(finished, settle) != napi_ok) delete finished;
}

}  // namespace torch_lora
