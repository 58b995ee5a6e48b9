#include "js/convert.h"

#include <ATen/ATen.h>
#include <ATen/ScalarOps.h>

#include <array>
#include <cmath>

namespace torch_lora {

namespace {

struct NamedDtype {
  const char* name;
  at::ScalarType dtype;
};
constexpr std::array<NamedDtype, 10> kDtypes{{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"int64", at::kLong},
    {"int32", at::kInt},
    {"int16", at::kShort},
    {"int8", at::kChar},
    {"uint8", at::kByte},
    {"bool", at::kBool},
}};

std::string describe(const Napi::Value& value) {
  if (value.IsNumber()) return "the number " + value.ToString().Utf8Value();
  if (value.IsString()) return "the string '" + value.As<Napi::String>().Utf8Value() + "'";
  if (value.IsBoolean()) return value.As<Napi::Boolean>() ? "true" : "false";
  if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length());
  if (value.IsNull()) return "null";
  if (value.IsUndefined()) return "undefined";
  return "an object";
}

std::string describeHandles(const Napi::Value& value) {
  return value.IsArray() ? "a list of tensors" : value.IsNull() ? "null" : "a tensor";
}

class Converter {
 public:
  Converter(const AddonData& data, const c10::Argument& argument, bool handles)
      : data_(data), argument_(argument), handles_(handles) {}

  c10::IValue convert(const c10::TypePtr& type, const Napi::Value& value) const {
    if (type->kind() == c10::TypeKind::OptionalType) {
      if (value.IsNull() || value.IsUndefined()) return {};
      return convert(type->castRaw<c10::OptionalType>()->getElementType(), value);
    }
    if (handles_ && !ofTensors(type)) refuse(type, value);
    switch (type->kind()) {
      case c10::TypeKind::TensorType:
        if (!handles_) return wrappedNumber(type, value);
        if (!value.IsNumber()) refuse(type, value);
        return data_.tensors.at(value);
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        return integer(type, value);
      case c10::TypeKind::FloatType:
        if (!value.IsNumber()) refuse(type, value);
        return value.As<Napi::Number>().DoubleValue();
      case c10::TypeKind::BoolType:
        if (!value.IsBoolean()) refuse(type, value);
        return value.As<Napi::Boolean>().Value();
      case c10::TypeKind::StringType:
        if (!value.IsString()) refuse(type, value);
        return value.As<Napi::String>().Utf8Value();
      case c10::TypeKind::NumberType:
        return scalar(type, value);
      case c10::TypeKind::ScalarTypeType:
        if (!value.IsString()) refuse(type, value);
        return dtypeFromName(value.As<Napi::String>().Utf8Value());
      case c10::TypeKind::DeviceObjType:
        if (!value.IsString()) refuse(type, value);
        return c10::Device(value.As<Napi::String>().Utf8Value());
      case c10::TypeKind::ListType:
        return list(type, value);
      default:
        throw Failure("UNSUPPORTED", "Argument '" + argument_.name() + "' has type " + type->str() +
                                         ", which cannot be given from JavaScript.");
    }
  }

 private:
  [[noreturn]] void refuse(const c10::TypePtr& type, const Napi::Value& value) const {
    throw Failure("INVALID_ARGUMENT", "Argument '" + argument_.name() + "' must be of type " + type->str() +
                                          ", received " + (handles_ ? describeHandles(value) : describe(value)) + ".");
  }

  static bool ofTensors(const c10::TypePtr& type) {
    if (type->kind() == c10::TypeKind::ListType) {
      return withoutOptional(type->castRaw<c10::ListType>()->getElementType())->kind() == c10::TypeKind::TensorType;
    }
    return type->kind() == c10::TypeKind::TensorType;
  }

  at::Tensor wrappedNumber(const c10::TypePtr& type, const Napi::Value& value) const {
    const bool number = value.IsNumber() || value.IsBigInt() || value.IsBoolean();
    if (!number || inList_) refuse(type, value);
    if (argument_.alias_info() != nullptr && argument_.alias_info()->isWrite()) {
      throw Failure("INVALID_ARGUMENT", "Argument '" + argument_.name() +
                                            "' is written to and must be a tensor, received " + describe(value) + ".");
    }
    return at::native::wrapped_scalar_tensor(scalar(type, value).toScalar());
  }

  int64_t integer(const c10::TypePtr& type, const Napi::Value& value) const {
    if (value.IsBigInt()) {
      bool lossless = false;
      const int64_t number = value.As<Napi::BigInt>().Int64Value(&lossless);
      if (!lossless) refuse(type, value);
      return number;
    }
    if (!value.IsNumber()) refuse(type, value);
    const double number = value.As<Napi::Number>().DoubleValue();
    if (std::trunc(number) != number || std::abs(number) > kMaxSafeInteger) refuse(type, value);
    return static_cast<int64_t>(number);
  }

  c10::IValue scalar(const c10::TypePtr& type, const Napi::Value& value) const {
    if (value.IsBoolean()) return at::Scalar(value.As<Napi::Boolean>().Value());
    if (value.IsBigInt()) return at::Scalar(integer(type, value));
    if (!value.IsNumber()) refuse(type, value);
    const double number = value.As<Napi::Number>().DoubleValue();
    if (std::trunc(number) == number && std::abs(number) <= kMaxSafeInteger) {
      return at::Scalar(static_cast<int64_t>(number));
    }
    return at::Scalar(number);
  }

  c10::IValue list(const c10::TypePtr& type, const Napi::Value& value) const {
    const c10::TypePtr& element = type->castRaw<c10::ListType>()->getElementType();
    // int[2] takes a plain number too, as in Python.
    const bool broadcast = argument_.N().has_value() && (value.IsNumber() || value.IsBoolean());
    if (!value.IsArray() && !broadcast) refuse(type, value);
    const Converter elements(*this, InList{});
    const uint32_t length = broadcast ? static_cast<uint32_t>(*argument_.N()) : value.As<Napi::Array>().Length();
    const auto item = [&](uint32_t i) { return broadcast ? value : value.As<Napi::Array>().Get(i); };
    switch (element->kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType: {
        std::vector<int64_t> items(length);
        for (uint32_t i = 0; i < length; ++i) items[i] = integer(element, item(i));
        return items;
      }
      case c10::TypeKind::FloatType: {
        std::vector<double> items(length);
        for (uint32_t i = 0; i < length; ++i) items[i] = elements.convert(element, item(i)).toDouble();
        return items;
      }
      case c10::TypeKind::TensorType: {
        c10::List<at::Tensor> items;
        items.reserve(length);
        for (uint32_t i = 0; i < length; ++i) items.push_back(elements.convert(element, item(i)).toTensor());
        return items;
      }
      default: {
        c10::impl::GenericList items(element);
        items.reserve(length);
        for (uint32_t i = 0; i < length; ++i) items.push_back(elements.convert(element, item(i)));
        return items;
      }
    }
  }

  struct InList {};
  Converter(const Converter& whole, InList) : Converter(whole) { inList_ = true; }

  const AddonData& data_;
  const c10::Argument& argument_;
  bool handles_;
  bool inList_ = false;
};

}  // namespace

c10::IValue toIValue(const AddonData& data, const c10::Argument& argument, const Napi::Value& value, bool handles) {
  if (value.IsUndefined()) {
    if (argument.default_value()) return *argument.default_value();
    if (argument.type()->kind() == c10::TypeKind::OptionalType) return {};
    throw Failure("INVALID_ARGUMENT", "Argument '" + argument.name() + "' is missing.");
  }
  return Converter(data, argument, handles).convert(argument.real_type(), value);
}

void GivenTensors::add(const c10::IValue& value, const Napi::Value& handle) {
  if (value.isTensor()) {
    tensors_.emplace_back(value.toTensor().unsafeGetTensorImpl(), handle.As<Napi::Number>().DoubleValue());
  } else if (value.isList()) {
    const auto list = value.toList();
    const auto handles = handle.As<Napi::Array>();
    for (uint32_t i = 0; i < list.size(); ++i) {
      const c10::IValue& item = list.get(i);
      if (item.isTensor()) add(item, handles.Get(i));
    }
  }
}

std::optional<double> GivenTensors::handleOf(const at::Tensor& tensor) const {
  for (const auto& [known, handle] : tensors_) {
    if (known == tensor.unsafeGetTensorImpl()) return handle;
  }
  return std::nullopt;
}

Napi::Value toJs(Napi::Env env, AddonData& data, const c10::IValue& value, const GivenTensors& given) {
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    if (!tensor.defined()) return env.Null();
    if (const auto handle = given.handleOf(tensor)) return Napi::Number::New(env, -*handle);
    return Napi::Number::New(env, data.addTensor(env, tensor));
  }
  if (value.isNone()) return env.Null();
  if (value.isInt()) return Napi::Number::New(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isScalar()) return Napi::Number::New(env, value.toScalar().toDouble());
  if (value.isString()) return Napi::String::New(env, value.toStringRef());
  if (value.isList()) {
    const auto list = value.toList();
    Napi::Array items = Napi::Array::New(env, list.size());
    for (uint32_t i = 0; i < list.size(); ++i) items.Set(i, toJs(env, data, list.get(i), given));
    return items;
  }
  throw Failure("UNSUPPORTED", "A result of type " + value.tagKind() + " cannot be given to JavaScript.");
}

Napi::Value toJs(Napi::Env env, AddonData& data, std::vector<c10::IValue> results, const GivenTensors& given) {
  if (results.empty()) return env.Undefined();
  if (results.size() == 1) return toJs(env, data, results[0], given);
  Napi::Array items = Napi::Array::New(env, results.size());
  for (uint32_t i = 0; i < results.size(); ++i) items.Set(i, toJs(env, data, results[i], given));
  return items;
}

at::ScalarType dtypeFromName(const std::string& name) {
  for (const NamedDtype& entry : kDtypes) {
    if (name == entry.name) return entry.dtype;
  }
  std::string known;
  for (const NamedDtype& entry : kDtypes) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  throw Failure("INVALID_ARGUMENT", "Unknown dtype '" + name + "'. Known: " + known + ".");
}

const char* dtypeName(at::ScalarType dtype) {
  for (const NamedDtype& entry : kDtypes) {
    if (dtype == entry.dtype) return entry.name;
  }
  return at::toString(dtype);
}

std::vector<int64_t> toShape(const Napi::Value& value) {
  if (!value.IsArray())
    throw Failure("INVALID_ARGUMENT", "A shape must be an array, received " + describe(value) + ".");
  const auto array = value.As<Napi::Array>();
  std::vector<int64_t> shape(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    const double size = item.IsNumber() ? item.As<Napi::Number>().DoubleValue() : -1;
    if (size < 0 || std::trunc(size) != size || size > kMaxSafeInteger) {
      throw Failure("INVALID_ARGUMENT",
                    "A shape must hold whole numbers of at least 0, received " + describe(item) + ".");
    }
    shape[i] = static_cast<int64_t>(size);
  }
  return shape;
}

c10::TypePtr withoutOptional(const c10::TypePtr& type) {
  return type->kind() == c10::TypeKind::OptionalType ? type->castRaw<c10::OptionalType>()->getElementType() : type;
}

}  // namespace torch_lora
