#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cstring>

#include "io/cut_files.h"
#include "js/convert.h"
#include "js/exposed.h"
#include "js/guard.h"
#include "js/in_flight.h"
#include "js/jobs.h"
#include "program/operator_call.h"

namespace torch_lora {

namespace {

// fromBytes(Uint8Array, dtype, shape, pinned) -> tensor; copies. Pinned memory goes to a CUDA device without waiting.
Napi::Value fromBytes(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const at::ScalarType dtype = dtypeFromName(info[1].As<Napi::String>().Utf8Value());
  const std::vector<int64_t> shape = toShape(info[2]);
  const bool pinned = info[3].IsBoolean() && info[3].As<Napi::Boolean>();
  auto taken = static_cast<uint64_t>(c10::elementSize(dtype));
  bool countable = true;
  for (const int64_t size : shape)
    countable = countable && !__builtin_mul_overflow(taken, static_cast<uint64_t>(size), &taken);
  if (!countable || taken != bytes.ByteLength()) {
    throw Failure("INVALID_ARGUMENT", "A " + std::string(dtypeName(dtype)) + " tensor of shape " +
                                          c10::str(at::IntArrayRef(shape)) + " takes " +
                                          (countable ? std::to_string(taken) : "more than any number of") +
                                          " bytes, received " + std::to_string(bytes.ByteLength()) + ".");
  }
  const at::Tensor tensor = at::empty(shape, at::TensorOptions(dtype).pinned_memory(pinned));
  if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), bytes.Data(), tensor.nbytes());
  return Napi::Number::New(info.Env(), AddonData::of(info.Env()).addTensor(info.Env(), tensor));
}

// describe(tensor) -> { shape, dtype, device, requiresGrad }
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const at::Tensor& tensor = AddonData::of(env).tensors.at(info[0]);
  Napi::Object object = Napi::Object::New(env);
  Napi::Array shape = Napi::Array::New(env, tensor.dim());
  for (uint32_t d = 0; d < tensor.dim(); ++d) shape.Set(d, static_cast<double>(tensor.size(d)));
  object.Set("shape", shape);
  object.Set("dtype", dtypeName(tensor.scalar_type()));
  object.Set("device", tensor.device().str());
  object.Set("requiresGrad", tensor.requires_grad());
  return object;
}

at::Tensor readable(const at::Tensor& tensor) {
  const c10::NoGradGuard noGrad;
  const uint64_t cuts = cutsSoFar();
  checkNotCut(tensor);
  const at::Tensor values = tensor.detach().to(at::kCPU).to_dense().contiguous();
  checkNotCutSince(cuts);
  return values;
}

// By JavaScript's own constructor, which throws where there is no room; Node-API's ends the process.
Napi::ArrayBuffer arrayBuffer(Napi::Env env, size_t bytes) {
  constexpr size_t kAlwaysThere = 64 << 10;
  if (bytes <= kAlwaysThere) return Napi::ArrayBuffer::New(env, bytes);
  try {
    const auto constructor = env.Global().Get("ArrayBuffer").As<Napi::Function>();
    return constructor.New({Napi::Number::New(env, static_cast<double>(bytes))}).As<Napi::ArrayBuffer>();
  } catch (const Napi::Error& error) {
    throw Failure("OUT_OF_MEMORY", "JavaScript has no room for the " + std::to_string(bytes) +
                                       " bytes of a tensor: " + error.Message() + ". Read it in parts.");
  }
}

Napi::Value bytesOf(Napi::Env env, const at::Tensor& tensor) {
  const uint64_t cuts = cutsSoFar();
  checkNotCut(tensor);
  Napi::ArrayBuffer buffer = arrayBuffer(env, tensor.nbytes());
  if (tensor.nbytes() > 0) std::memcpy(buffer.Data(), tensor.const_data_ptr(), tensor.nbytes());
  checkNotCutSince(cuts);
  return buffer;
}

// readSync(tensor) -> ArrayBuffer in the tensor's dtype, row-major; waits for the device
Napi::Value readSync(const Napi::CallbackInfo& info) {
  return bytesOf(info.Env(), readable(AddonData::of(info.Env()).tensors.at(info[0])));
}

class ReadJob final : public PromiseJob {
 public:
  ReadJob(Napi::Env env, at::Tensor tensor) : PromiseJob(env), tensor_(std::move(tensor)), given_(tensor_) {}
  bool holds(const at::Tensor& tensor) const override { return given_.shares(tensor); }

 protected:
  void work() override { tensor_ = readable(tensor_); }
  Napi::Value result(Napi::Env env) override { return bytesOf(env, tensor_); }

 private:
  at::Tensor tensor_;
  const Held given_;
};

// read(tensor) -> { promise of ArrayBuffer, job }; in the executor's order, so after the runs before it
Napi::Value read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return submit(env, std::make_unique<ReadJob>(env, AddonData::of(env).tensors.at(info[0])), SIZE_MAX);
}

// release(tensor)
Napi::Value release(const Napi::CallbackInfo& info) {
  AddonData::of(info.Env()).removeTensor(info.Env(), info[0].As<Napi::Number>().Int64Value());
  return info.Env().Undefined();
}

// setRequiresGrad(tensor, boolean)
Napi::Value setRequiresGrad(const Napi::CallbackInfo& info) {
  const AddonData& data = AddonData::of(info.Env());
  const at::Tensor& tensor = data.tensors.at(info[0]);
  const bool value = info[1].As<Napi::Boolean>();
  if (tensor.requires_grad() == value) return info.Env().Undefined();  // an adapter is loaded beside runs of its base
  requireGradientNotInFlight(data, tensor, "requiresGrad");
  tensor.set_requires_grad(value);
  return info.Env().Undefined();
}

// backward(tensor); at once, on this thread
Napi::Value backward(const Napi::CallbackInfo& info) {
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("aten::_backward", "");
  torch::jit::Stack stack{AddonData::of(info.Env()).tensors.at(info[0]), c10::List<at::Tensor>(), c10::IValue(),
                          c10::IValue(), false};
  const c10::AutoGradMode gradMode(true);
  callOperator(op, stack);
  return info.Env().Undefined();
}

// grad(tensor, the gradient that was read last, or null) -> that one's negative where it still is the gradient, else a
// new tensor, or null
Napi::Value grad(const Napi::CallbackInfo& info) {
  AddonData& data = AddonData::of(info.Env());
  GivenTensors known;
  if (info[1].IsNumber()) known.add(data.tensors.at(info[1]), info[1]);
  return toJs(info.Env(), data, c10::IValue(data.tensors.at(info[0]).grad()), known);
}

// clearGrad(tensor)
Napi::Value clearGrad(const Napi::CallbackInfo& info) {
  const AddonData& data = AddonData::of(info.Env());
  const at::Tensor& tensor = data.tensors.at(info[0]);
  requireGradientNotInFlight(data, tensor, "clearGrad");
  tensor.mutable_grad() = at::Tensor();
  return info.Env().Undefined();
}

// setGradMode(boolean) -> the mode before
Napi::Value setGradMode(const Napi::CallbackInfo& info) {
  const bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(info[0].As<Napi::Boolean>());
  return Napi::Boolean::New(info.Env(), before);
}

}  // namespace

void exposeTensors(Napi::Object exports) {
  expose<fromBytes>(exports, "fromBytes");
  expose<describe>(exports, "describe");
  expose<readSync>(exports, "readSync");
  expose<read>(exports, "read");
  expose<release>(exports, "release");
  expose<setRequiresGrad>(exports, "setRequiresGrad");
  expose<backward>(exports, "backward");
  expose<grad>(exports, "grad");
  expose<clearGrad>(exports, "clearGrad");
  expose<setGradMode>(exports, "setGradMode");
}

}  // namespace torch_lora
