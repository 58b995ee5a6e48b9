#pragma once
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <napi.h>

#include "js/addon_data.h"

namespace torch_lora {

// JavaScript value -> IValue for one argument of an operator's schema. Tensors are their numbers, dtypes and
// devices their names ("float32", "cuda:0"), undefined takes the default. Throws Failure "INVALID_ARGUMENT"
// that names the argument, what the schema wants and what came.
c10::IValue toIValue(const AddonData& data, const c10::Argument& argument, const Napi::Value& value);

// IValue -> JavaScript value; tensors enter the table. A tensor that is not defined becomes null.
Napi::Value toJs(Napi::Env env, AddonData& data, const c10::IValue& value);

// A tuple of results, or the single one, or undefined.
Napi::Value toJs(Napi::Env env, AddonData& data, std::vector<c10::IValue> results);

at::ScalarType dtypeFromName(const std::string& name);
const char* dtypeName(at::ScalarType dtype);
std::vector<int64_t> toShape(const Napi::Value& value);

// The type without Optional around it.
c10::TypePtr withoutOptional(const c10::TypePtr& type);

}  // namespace torch_lora
