// lora::embedding: aten::embedding but for tables that lie in a checkpoint's file, which are read by the row.
#include "ops/embedding.h"

#include "ops/pch.h"

#include <atomic>

namespace torch_lora {
namespace {

std::atomic<RowReader> reader{nullptr};

// weight [count, size], indices int32 or int64 -> [*indices, size]
at::Tensor embedding(const at::Tensor& weight, const at::Tensor& indices) {
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
