#pragma once
// Rows of an embedding table that is not read through memory: whoever knows where it lies registers here.
#include <ATen/core/Tensor.h>

#include <optional>

namespace torch_lora {

// The rows of `weight` at `indices`, or nothing where the table is an ordinary one.
using RowReader = std::optional<at::Tensor> (*)(const at::Tensor& weight, const at::Tensor& indices);

[[gnu::visibility("default")]] void register_rows(RowReader reader);

}  // namespace torch_lora
