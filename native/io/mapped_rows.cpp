// What lora::embedding reads of a table that lies in a checkpoint's file. A page fault brings in far more than a row:
// the kernel maps up to 2 MiB around it, and a few hundred tokens make half of the table resident. Here rows are read.
#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <cstring>

#include "io/mapped_file.h"
#include "ops/embedding.h"
#include "ops/parallel.h"

namespace torch_lora {

namespace {

/// Rows of the table at `offset` of `file`; rows that follow each other in both places are read at once, and one that
/// follows itself, as a type does, once.
template <class Index>
void readRows(const MappedFile& file, int64_t offset, const at::Tensor& weight, const at::Tensor& indices,
              at::Tensor& rows) {
  const Index* const index = indices.const_data_ptr<Index>();
  const auto rowBytes = static_cast<int64_t>(weight.size(1) * weight.element_size());
  const int64_t count = weight.size(0);
  auto* const out = static_cast<uint8_t*>(rows.data_ptr());
  parallel("rows of a file", 0, indices.numel(), 64, [&](int64_t i, const int64_t end) {
    while (i < end) {
      const auto row = static_cast<int64_t>(index[i]);
      TORCH_CHECK_INDEX(row >= 0 && row < count, "embedding: expected indices from 0 to ", count - 1, ", received ",
                        row);
      int64_t next = i + 1;
      while (next < end && index[next] == row + (next - i) && index[next] < count) ++next;
      file.read(offset + row * rowBytes, out + i * rowBytes, static_cast<size_t>((next - i) * rowBytes));
      for (i = next; i < end && index[i] == index[next - 1]; ++i) {
        std::memcpy(out + i * rowBytes, out + (next - 1) * rowBytes, static_cast<size_t>(rowBytes));
      }
    }
  });
}

/// weight [count, size], indices int32 or int64 -> [*indices, size], for a table on the pages of a file, unchanged
/// since it was loaded and not to be trained: read from the file by the row, it takes no memory. Throws c10::Error when
/// the file was written to or cut, IndexError for an index outside the table.
std::optional<at::Tensor> rowsOfFile(const at::Tensor& weight, const at::Tensor& indices) {
  const bool trains = weight.requires_grad() && c10::GradMode::is_enabled();
  const bool plain = weight.dim() == 2 && weight.is_contiguous() && indices.is_cpu() &&
                     (indices.scalar_type() == at::kInt || indices.scalar_type() == at::kLong);
  const auto [file, offset] = trains || !plain ? std::pair<const MappedFile*, int64_t>{} : MappedFile::under(weight);
  if (file == nullptr) return std::nullopt;
  file->checkUnchanged();
  auto shape = indices.sizes().vec();
  shape.push_back(weight.size(1));
  at::Tensor rows = at::empty(shape, weight.options());
  const at::Tensor order = indices.contiguous();
  if (order.scalar_type() == at::kInt) {
    readRows<int32_t>(*file, offset, weight, order, rows);
  } else {
    readRows<int64_t>(*file, offset, weight, order, rows);
  }
  return rows;
}

const bool registered = [] {
  register_rows(rowsOfFile);
  return true;
}();

}  // namespace

}  // namespace torch_lora
