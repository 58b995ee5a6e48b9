// lora::embedding: aten::embedding but for tables that lie in a checkpoint's file, which are read by the row.
#include "ops/embedding.h"

#include "ops/pch.h"

#include <atomic>

#include "ops/check.h"

namespace torch_lora {
namespace {

std::atomic<RowReader> reader{nullptr};

// weight [count, size], indices int32 or int64 -> [*indices, size]
at::Tensor embedding(const at::Tensor& weight, const at::Tensor& indices) {
  Checks("embedding", "weight", weight).dims(2, "[count, size]");
  check_strided("embedding", "indices", indices);
  TORCH_CHECK_TYPE(indices.scalar_type() == at::kInt || indices.scalar_type() == at::kLong,
                   "embedding: expected indices of int32 or int64, received ", indices.scalar_type());
  if (const RowReader read = reader.load()) {
    if (auto rows = read(weight, indices)) return *std::move(rows);
  }
  return at::embedding(weight, indices);
}

}  // namespace

void register_rows(RowReader other) { reader = other; }

TORCH_LIBRARY_FRAGMENT(lora, m) { m.def("embedding(Tensor weight, Tensor indices) -> Tensor"); }
TORCH_LIBRARY_IMPL(lora, CompositeImplicitAutograd, m) { m.impl("embedding", embedding); }

}  // namespace torch_lora
