#include <ATen/ATen.h>

#include "io/mapped_file.h"
#include "js/convert.h"
#include "js/exposed.h"
#include "js/guard.h"

namespace torch_lora {

namespace {

// openFile(path) -> file
Napi::Value openFile(const Napi::CallbackInfo& info) {
  AddonData& data = AddonData::of(info.Env());
  return Napi::Number::New(info.Env(), data.files.add(MappedFile::open(info[0].As<Napi::String>().Utf8Value())));
}

// mappedTensor(file, byteOffset, byteLength, dtype, shape, strides) -> tensor on the file's pages
Napi::Value mappedTensor(const Napi::CallbackInfo& info) {
  AddonData& data = AddonData::of(info.Env());
  at::Tensor tensor = tensorFromMappedFile(
      data.files.at(info[0]), info[1].As<Napi::Number>().Int64Value(), info[2].As<Napi::Number>().Int64Value(),
      dtypeFromName(info[3].As<Napi::String>().Utf8Value()), toShape(info[4]), toShape(info[5]));
  return Napi::Number::New(info.Env(), data.addTensor(info.Env(), std::move(tensor)));
}

// releaseFile(file); tensors on it keep it mapped
Napi::Value releaseFile(const Napi::CallbackInfo& info) {
  AddonData::of(info.Env()).files.remove(info[0].As<Napi::Number>().Int64Value());
  return info.Env().Undefined();
}

// dropPages(tensor): its file's pages leave memory until they are read again
Napi::Value dropMappedPages(const Napi::CallbackInfo& info) {
  dropPages(AddonData::of(info.Env()).tensors.at(info[0]));
  return info.Env().Undefined();
}

}  // namespace

void exposeFiles(Napi::Object exports) {
  expose<openFile>(exports, "openFile");
  expose<mappedTensor>(exports, "mappedTensor");
  expose<releaseFile>(exports, "releaseFile");
  expose<dropMappedPages>(exports, "dropPages");
}

}  // namespace torch_lora
