#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "js/convert.h"
#include "js/exposed.h"
#include "js/guard.h"
#include "js/jobs.h"
#include "ops/capture_turn.h"
#include "ops/cpu/instructions.h"
#include "program/cpu_allocator.h"

namespace torch_lora {

namespace {

// system() -> { builtFor, threads, cpuCapability, instructions, cudaBuild, cudaDevices }
Napi::Value system(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("builtFor", TORCH_LORA_LIBTORCH_VERSION);
  object.Set("threads", at::get_num_threads());
  object.Set("cpuCapability", at::get_cpu_capability());
  Napi::Array instructions = Napi::Array::New(info.Env());
  for (const std::string& name : cpu::instructions()) instructions.Set(instructions.Length(), name);
  object.Set("instructions", instructions);
  object.Set("cudaDevices", at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0);
  object.Set("cudaBuild", at::hasCUDA());
  return object;
}

class ThreadsJob final : public PromiseJob {
 public:
  ThreadsJob(Napi::Env env, int threads) : PromiseJob(env), threads_(threads) {}

 protected:
  // OpenMP keeps the number per thread: the executor must set its own.
  void work() override { at::set_num_threads(threads_); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  int threads_;
};

// A whole number that JavaScript holds exactly, within bounds.
int64_t toInteger(const char* what, const Napi::Value& value, int64_t least, int64_t most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) || std::trunc(number) != number) {
    throw Failure("INVALID_ARGUMENT", std::string(what) + " must be a whole number from " + std::to_string(least) +
                                          " to " + std::to_string(most) + ", received " + value.ToString().Utf8Value() +
                                          ".");
  }
  return static_cast<int64_t>(number);
}

// OpenMP ends the process where the system refuses it a thread.
constexpr int64_t kMostThreads = 1024;

// setThreads(count) -> { promise, job }
Napi::Value setThreads(const Napi::CallbackInfo& info) {
  const auto threads = static_cast<int>(toInteger("threads", info[0], 1, kMostThreads));
  at::set_num_threads(threads);
  return submit(info.Env(), std::make_unique<ThreadsJob>(info.Env(), threads), SIZE_MAX);
}

// manualSeed(seed): the CPU generator and every CUDA generator
Napi::Value manualSeed(const Napi::CallbackInfo& info) {
  const RandomTurn turn;
  constexpr auto most = static_cast<int64_t>(kMaxSafeInteger);
  at::manual_seed(static_cast<uint64_t>(toInteger("seed", info[0], -most, most)));
  return info.Env().Undefined();
}

at::Generator generatorOf(const Napi::Value& device) {
  return at::globalContext().defaultGenerator(at::Device(device.As<Napi::String>().Utf8Value()));
}

// rngState(device) -> tensor [bytes] uint8, on the CPU: what the device's default generator draws from
Napi::Value rngState(const Napi::CallbackInfo& info) {
  const RandomTurn turn;
  at::Generator generator = generatorOf(info[0]);
  const std::lock_guard lock(generator.mutex());
  return Napi::Number::New(info.Env(), AddonData::of(info.Env()).addTensor(info.Env(), generator.get_state()));
}

// setRngState(tensor, device)
Napi::Value setRngState(const Napi::CallbackInfo& info) {
  const RandomTurn turn;
  at::Generator generator = generatorOf(info[1]);
  const std::lock_guard lock(generator.mutex());
  generator.set_state(AddonData::of(info.Env()).tensors.at(info[0]));
  return info.Env().Undefined();
}

// Of one device, by libtorch's own allocator; nothing of it needs CUDA to link.
Napi::Object deviceMemory(Napi::Env env, c10::DeviceIndex index) {
  c10::DeviceAllocator* allocator = c10::getDeviceAllocator(at::kCUDA);
  const auto stats = allocator->getDeviceStats(index);
  constexpr auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto [free, total] = allocator->getMemoryInfo(index);
  Napi::Object object = Napi::Object::New(env);
  object.Set("device", "cuda:" + std::to_string(index));
  object.Set("liveBytes", static_cast<double>(stats.allocated_bytes[all].current));
  object.Set("peakBytes", static_cast<double>(stats.allocated_bytes[all].peak));
  object.Set("reservedBytes", static_cast<double>(stats.reserved_bytes[all].current));
  object.Set("freeBytes", static_cast<double>(free));
  object.Set("totalBytes", static_cast<double>(total));
  return object;
}

// The devices whose allocator has been used: asking for another's would make a context on it.
template <class Body>
void eachCudaDevice(Body body) {
  if (!at::hasCUDA() || !c10::getDeviceAllocator(at::kCUDA)->initialized()) return;
  const int count = at::detail::getCUDAHooks().deviceCount();
  for (int index = 0; index < count; ++index) {
    if (at::detail::getCUDAHooks().hasPrimaryContext(static_cast<c10::DeviceIndex>(index)))
      body(static_cast<c10::DeviceIndex>(index));
  }
}

// memory() -> live handles and bytes
Napi::Value memory(const Napi::CallbackInfo& info) {
  const AddonData& data = AddonData::of(info.Env());
  const CpuMemory cpu = cpuMemory();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("tensors", static_cast<double>(data.tensors.size()));
  object.Set("programs", static_cast<double>(data.programs.size()));
  object.Set("heldBytes", static_cast<double>(data.heldBytes()));
  object.Set("pending", static_cast<double>(data.inFlight.size()));
  object.Set("waiting", static_cast<double>(data.executor->waiting()));
  object.Set("liveBytes", static_cast<double>(cpu.live));
  object.Set("peakBytes", static_cast<double>(cpu.peak));
  object.Set("cachedBytes", static_cast<double>(cpu.cached));
  object.Set("liveBlocks", static_cast<double>(cpu.liveBlocks));
  Napi::Array devices = Napi::Array::New(info.Env());
  eachCudaDevice([&](c10::DeviceIndex index) { devices.Set(devices.Length(), deviceMemory(info.Env(), index)); });
  object.Set("cuda", devices);
  return object;
}

Napi::Value resetPeakMemory(const Napi::CallbackInfo& info) {
  resetPeakCpuMemory();
  eachCudaDevice([](c10::DeviceIndex index) { c10::getDeviceAllocator(at::kCUDA)->resetPeakStats(index); });
  return info.Env().Undefined();
}

Napi::Value emptyCache(const Napi::CallbackInfo& info) {
  emptyCpuCache();
  const RandomTurn turn;
  eachCudaDevice([](c10::DeviceIndex) { c10::getDeviceAllocator(at::kCUDA)->emptyCache(); });
  return info.Env().Undefined();
}

// setFloat32MatmulPrecision('highest' | 'high' | 'medium')
Napi::Value setFloat32MatmulPrecision(const Napi::CallbackInfo& info) {
  at::globalContext().setFloat32MatmulPrecision(info[0].As<Napi::String>().Utf8Value());
  return info.Env().Undefined();
}

// useDeterministicAlgorithms(on)
Napi::Value useDeterministicAlgorithms(const Napi::CallbackInfo& info) {
  // cuBLAS reads it when a thread makes its first product on a device; libtorch refuses to go on without. What the user
  // has set stands.
  const bool on = info[0].As<Napi::Boolean>();
  if (on) setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(on, /*warn_only=*/false);
  // Else each empty tensor is filled by a launch of its own.
  context.setDeterministicFillUninitializedMemory(false);
  return info.Env().Undefined();
}

// Ends the process before any destructor of a library runs, with the exit code that was asked for.
void endAtOnce(int status, void*) {
  std::fflush(nullptr);
  _exit(status);
}

// leave(): the main thread's environment exits. Node runs no cleanup hooks then, and exit() destroys libtorch's
// statics; a job that is still running would find them gone. It cannot be waited for either: one operator may take
// seconds, and one that waits for another process for ever. So the process ends before them. What registers last is
// called first.
Napi::Value leave(const Napi::CallbackInfo& info) {
  Executor& executor = *AddonData::of(info.Env()).executor;
  if (executor.stop()) {
    executor.close();
  } else {
    on_exit(endAtOnce, nullptr);
  }
  return info.Env().Undefined();
}

}  // namespace

void exposeSystem(Napi::Object exports) {
  expose<system>(exports, "system");
  expose<setThreads>(exports, "setThreads");
  expose<manualSeed>(exports, "manualSeed");
  expose<rngState>(exports, "rngState");
  expose<setRngState>(exports, "setRngState");
  expose<memory>(exports, "memory");
  expose<setFloat32MatmulPrecision>(exports, "setFloat32MatmulPrecision");
  expose<useDeterministicAlgorithms>(exports, "useDeterministicAlgorithms");
  expose<resetPeakMemory>(exports, "resetPeakMemory");
  expose<emptyCache>(exports, "emptyCache");
  expose<leave>(exports, "leave");
}

}  // namespace torch_lora
