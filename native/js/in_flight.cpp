#include "js/in_flight.h"

#include <algorithm>
#include <array>

#include "js/jobs.h"
#include "program/operator_call.h"

namespace torch_lora {

namespace {

// What libtorch's tag inplace_view, and the mark of an `out`, do not tell of.
constexpr std::array<const char*, 10> kMoving{"aten::set_data",
                                              "aten::_resize_output_",
                                              "aten::resize_as_sparse_",
                                              "aten::sparse_resize_",
                                              "aten::sparse_resize_and_clear_",
                                              "aten::_mkldnn_transpose_",
                                              "aten::requires_grad_",
                                              "aten::retain_grad",
                                              "lora::share_storage_",
                                              "lora_c10d::adopt_gradients"};

[[noreturn]] void refuse(const std::string& what) {
  throw Failure("INVALID_ARGUMENT", what + ": a run that is not settled holds this tensor. Await the run first.");
}

}  // namespace

bool movesArgument(const c10::OperatorHandle& op, size_t argument) {
  const std::string& name = op.operator_name().name;
  if (std::ranges::any_of(kMoving, [&](const char* moving) { return name == moving; })) return true;
  const c10::Argument& schema = op.schema().arguments()[argument];
  if (schema.alias_info() == nullptr || !schema.alias_info()->isWrite()) return false;
  return schema.is_out() || op.hasTag(at::Tag::inplace_view);
}

Held::Held(const at::Tensor& tensor)
    : tensor_(tensor.unsafeGetTensorImpl()),
      storage_(tensor.defined() && tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr) {}

bool Held::shares(const at::Tensor& tensor) const {
  const Held other(tensor);
  return tensor.defined() && (other.tensor_ == tensor_ || (storage_ != nullptr && other.storage_ == storage_));
}

void requireNotInFlight(const AddonData& data, const c10::IValue& value, const std::string& what) {
  if (data.inFlight.empty()) return;
  const auto check = [&](const at::Tensor& tensor) {
    if (std::ranges::any_of(data.inFlight, [&](const PromiseJob* job) { return job->holds(tensor); })) refuse(what);
  };
  forEachTensor(value, check);
}

void requireGradientNotInFlight(const AddonData& data, const at::Tensor& tensor, const std::string& what) {
  const auto holds = [&](const PromiseJob* job) { return job->differentiates() && job->holds(tensor); };
  if (std::ranges::any_of(data.inFlight, holds)) refuse(what);
}

}  // namespace torch_lora
