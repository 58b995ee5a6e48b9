#include "js/operators.h"

#include <ATen/core/function_schema.h>

#include <deque>
#include <mutex>

#include "js/convert.h"
#include "js/exposed.h"
#include "js/guard.h"
#include "js/in_flight.h"
#include "program/operator_call.h"

namespace torch_lora {

namespace {

// Operators found so far. They live as long as libtorch; a deque keeps references valid as it grows.
struct Registry {
  std::mutex mutex;
  std::deque<c10::OperatorHandle> operators;
};
Registry& registry() {
  static Registry instance;
  return instance;
}

// findOp(name, overload) -> number, or null when this libtorch has no such operator
Napi::Value findOp(const Napi::CallbackInfo& info) {
  const c10::OperatorName name(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value());
  const auto op = c10::Dispatcher::singleton().findSchema(name);
  if (!op) return info.Env().Null();
  const std::lock_guard lock(registry().mutex);
  registry().operators.push_back(*op);
  return Napi::Number::New(info.Env(), static_cast<double>(registry().operators.size() - 1));
}

Napi::Object describeArgument(Napi::Env env, const c10::Argument& argument) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", argument.name());
  object.Set("type", argument.real_type()->str());
  object.Set("hasDefault", argument.default_value().has_value());
  object.Set("kwargOnly", argument.kwarg_only());
  object.Set("fixedLength", argument.N().has_value());
  const c10::AliasInfo* alias = argument.alias_info();
  object.Set("mutated", alias != nullptr && alias->isWrite());
  const bool named = alias != nullptr && !alias->beforeSets().empty();
  object.Set("alias", named ? Napi::String::New(env, alias->beforeSets().begin()->toUnqualString()) : env.Null());
  return object;
}

// schema(op) -> { name, overload, text, arguments, returns }
Napi::Value schema(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const c10::FunctionSchema& schema = operatorAt(info[0]).schema();
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", schema.name());
  object.Set("overload", schema.overload_name());
  object.Set("text", c10::str(schema));
  Napi::Array arguments = Napi::Array::New(env, schema.arguments().size());
  for (uint32_t i = 0; i < schema.arguments().size(); ++i) {
    arguments.Set(i, describeArgument(env, schema.arguments()[i]));
  }
  object.Set("arguments", arguments);
  Napi::Array returns = Napi::Array::New(env, schema.returns().size());
  for (uint32_t i = 0; i < schema.returns().size(); ++i) {
    returns.Set(i, describeArgument(env, schema.returns()[i]));
  }
  object.Set("returns", returns);
  return object;
}

// opNames() -> every "namespace::name" or "namespace::name.overload" that has a schema
Napi::Value opNames(const Napi::CallbackInfo& info) {
  const std::vector<c10::OperatorName> names = c10::Dispatcher::singleton().getAllOpNames();
  Napi::Array array = Napi::Array::New(info.Env(), names.size());
  for (uint32_t i = 0; i < names.size(); ++i) array.Set(i, toString(names[i]));
  return array;
}

// callOp(op, arguments, which hold tensors) -> results; runs at once, on this thread
Napi::Value callOp(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  AddonData& data = AddonData::of(env);
  const c10::OperatorHandle& op = operatorAt(info[0]);
  const auto& arguments = op.schema().arguments();
  const auto given = info[1].As<Napi::Array>();
  if (given.Length() > arguments.size()) {
    throw tooManyArguments(op, given.Length());
  }
  const TensorArguments tensors(info[2]);
  torch::jit::Stack stack;
  stack.reserve(arguments.size());
  // Elements of a list come back in lists alone.
  const bool lists =
      !op.schema().returns().empty() && op.schema().returns()[0].type()->kind() == c10::TypeKind::ListType;
  GivenTensors came;
  for (uint32_t i = 0; i < arguments.size(); ++i) {
    const Napi::Value value = i < given.Length() ? given.Get(i) : env.Undefined();
    stack.push_back(toIValue(data, arguments[i], value, tensors.holds(i)));
    if (tensors.holds(i) && !data.inFlight.empty() && movesArgument(op, i))
      requireNotInFlight(data, stack.back(), toString(op.operator_name()));
    if (tensors.holds(i) && (lists || stack.back().isTensor())) came.add(stack.back(), value);
  }
  callOperator(op, stack);
  return toJs(env, data, std::move(stack), came);
}

}  // namespace

Failure tooManyArguments(const c10::OperatorHandle& op, size_t given) {
  return {"INVALID_ARGUMENT", toString(op.operator_name()) + " takes " +
                                  std::to_string(op.schema().arguments().size()) + " arguments, received " +
                                  std::to_string(given) + "."};
}

const c10::OperatorHandle& operatorAt(const Napi::Value& number) {
  const std::lock_guard lock(registry().mutex);
  const int64_t index = number.IsNumber() ? number.As<Napi::Number>().Int64Value() : -1;
  if (index < 0 || static_cast<size_t>(index) >= registry().operators.size()) {
    throw Failure("INVALID_ARGUMENT", "Unknown operator number.");
  }
  return registry().operators[static_cast<size_t>(index)];
}

void exposeOperators(Napi::Object exports) {
  expose<findOp>(exports, "findOp");
  expose<schema>(exports, "schema");
  expose<opNames>(exports, "opNames");
  expose<callOp>(exports, "callOp");
}

}  // namespace torch_lora
