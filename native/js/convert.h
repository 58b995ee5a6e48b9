#pragma once
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <c10/util/SmallVector.h>
#include <napi.h>

#include <optional>
#include <utility>

#include "js/addon_data.h"

namespace torch_lora {

constexpr double kMaxSafeInteger = 9007199254740991.0;  // up to which a number of JavaScript is exact

// Which arguments of a call hold tensors, alone or in a list: bit i stands for argument i. JavaScript sets it from what
// the values are, so that a number of a tensor's table is never taken from a number that somebody passed.
class TensorArguments {
 public:
  // The most arguments that any schema of libtorch has is 30.
  explicit TensorArguments(const Napi::Value& bits) : bits_(bits.As<Napi::Number>().Uint32Value()) {}
  bool holds(uint32_t argument) const { return argument < 32 && (bits_ >> argument & 1) != 0; }

 private:
  uint32_t bits_;
};

// The tensors that came in with a call and what JavaScript calls them: a result that is one of them keeps its handle.
class GivenTensors {
 public:
  void add(const c10::IValue& value, const Napi::Value& handle);
  std::optional<double> handleOf(const at::Tensor& tensor) const;

 private:
  c10::SmallVector<std::pair<const c10::TensorImpl*, double>, 8> tensors_;
};

// JavaScript value -> IValue for one argument of an operator's schema. `handles` says that the value is a tensor's
// number, or a list of them and null. Dtypes and devices are their names ("float32", "cuda:0"), undefined takes the
// default. A number, bigint or boolean in a tensor's place becomes a wrapped number, a 0-dimensional tensor that
// decides no dtype, unless the operator writes to that argument. Throws Failure "INVALID_ARGUMENT" that names the
// argument, what the schema wants and what came.
c10::IValue toIValue(const AddonData& data, const c10::Argument& argument, const Napi::Value& value, bool handles);

// IValue -> JavaScript value; tensors enter the table. One that came in with the call is the negative of the number
// that it has there. A tensor that is not defined becomes null.
Napi::Value toJs(Napi::Env env, AddonData& data, const c10::IValue& value, const GivenTensors& given = {});

// A tuple of results, or the single one, or undefined.
Napi::Value toJs(Napi::Env env, AddonData& data, std::vector<c10::IValue> results, const GivenTensors& given);

at::ScalarType dtypeFromName(const std::string& name);
const char* dtypeName(at::ScalarType dtype);
std::vector<int64_t> toShape(const Napi::Value& value);

// The type without Optional around it.
c10::TypePtr withoutOptional(const c10::TypePtr& type);

}  // namespace torch_lora
