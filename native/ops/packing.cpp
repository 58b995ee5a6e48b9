// lora::prepack_linear: frozen weights in the kernels' own layout.
#include "ops/packing.h"

#include "ops/pch.h"

#include "ops/check.h"
#include "ops/cpu/gemm.h"

namespace torch_lora {
namespace {

// The header: vector length, number of weights, transposed; then the blocks. It is checked on use, since the layout
// depends on the machine and a packed tensor must not travel to another.
constexpr int64_t kHeader = 16;

template <class T>
int64_t padded(int64_t columns) {
  const int64_t lanes = cpu::kernels<T>().lanes;
  return (columns + lanes - 1) / lanes * lanes;  // a panel is whole vectors, and only the last has columns to spare
}

template <class T>
int64_t block_size(const at::Tensor& weight, bool transposed) {
  return transposed ? weight.size(0) * padded<T>(weight.size(1)) : weight.size(1) * padded<T>(weight.size(0));
}

template <class T>
at::Tensor pack(at::TensorList weights, bool transposed) {
  const auto& kernels = cpu::kernels<T>();
  int64_t elements = kHeader;
  for (const auto& weight : weights) elements += block_size<T>(weight, transposed);
  at::Tensor packed = at::empty({elements}, weights[0].options());
  T* out = packed.data_ptr<T>();
  for (int64_t i = 0; i < kHeader; ++i) out[i] = 0;
  out[0] = static_cast<T>(kernels.lanes);
  out[1] = static_cast<T>(weights.size());
  out[2] = static_cast<T>(transposed);
  out += kHeader;
  for (const auto& weight : weights) {
    const at::Tensor w = weight.contiguous();
    const int64_t rows = w.size(0), columns = w.size(1);
    // transposed: B = W, k runs over its rows; else B = W^T, k runs over its columns.
    const cpu::GemmTerm<T> term{nullptr,
                                0,
                                0,
                                w.const_data_ptr<T>(),
                                transposed ? columns : 1,
                                transposed ? 1 : columns,
                                transposed ? rows : columns,
                                T(1),
                                nullptr};
    std::vector<cpu::GemmPanel> panels;
    cpu::append_panels(kernels, 0, transposed ? columns : rows, panels);
    for (const auto& panel : panels) kernels.pack_panel(term, panel, 0, term.k, out + panel.column * term.k);
    out += block_size<T>(weight, transposed);
  }
  return packed;
}

void check_weights(at::TensorList weights) {
  TORCH_CHECK_VALUE(!weights.empty(), "prepack_linear: expected at least one weight, received an empty list");
  for (const auto& weight : weights) {
    check_strided("prepack_linear", "weight", weight);
    TORCH_CHECK_VALUE(weight.dim() == 2 && weight.size(1) == weights[0].size(1),
                      "prepack_linear: expected weights [out, in] with one in, received ", weights[0].sizes(), " and ",
                      weight.sizes());
    TORCH_CHECK_TYPE(weight.scalar_type() == weights[0].scalar_type() &&
                         (weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kDouble),
                     "prepack_linear: expected float or double weights of one type, received ", weight.scalar_type());
    TORCH_CHECK_VALUE(weight.device() == weights[0].device(),
                      "prepack_linear: expected weights on one device, received ", weights[0].device(), " and ",
                      weight.device());
    check_packable("prepack_linear", weight);
  }
}

at::Tensor prepack_linear(at::TensorList weights, bool transpose) {
  check_weights(weights);
  return weights[0].scalar_type() == at::kFloat ? pack<float>(weights, transpose) : pack<double>(weights, transpose);
}

at::Tensor prepack_linear_meta(at::TensorList weights, bool transpose) {
  check_weights(weights);
  int64_t elements = kHeader;
  for (const auto& weight : weights) {
    elements += weight.scalar_type() == at::kFloat ? block_size<float>(weight, transpose)
                                                   : block_size<double>(weight, transpose);
  }
  return at::empty({elements}, weights[0].options());
}

}  // namespace

template <class T>
PackedReader<T>::PackedReader(const at::Tensor& packed, const LinearSegments& segments, bool transposed)
    : in_(segments.in), transposed_(transposed) {
  if (!packed.defined()) return;
  check_strided("linear", "packed", packed);
  int64_t elements = kHeader;
  for (const auto& part : segments.parts) elements += block_size<T>(part.weight, transposed);
  TORCH_CHECK_VALUE(packed.dim() == 1 && packed.scalar_type() == segments.parts[0].weight.scalar_type() &&
                        packed.device() == segments.parts[0].weight.device() && packed.is_contiguous() &&
                        packed.numel() == elements,
                    "linear: expected a packed tensor of ", elements, " elements as prepack_linear makes for these ",
                    "weights, received ", packed.sizes(), " of ", packed.scalar_type());
  const T* data = packed.const_data_ptr<T>();
  TORCH_CHECK_VALUE(data[0] == static_cast<T>(cpu::kernels<T>().lanes) &&
                        data[1] == static_cast<T>(segments.parts.size()) && data[2] == static_cast<T>(transposed),
                    "linear: the packed tensor was made on another machine or with another value of transpose; "
                    "make it again with prepack_linear");
  at_ = data + kHeader;
}

template <class T>
const T* PackedReader<T>::next(const LinearSegment& part) {
  const T* block = at_;
  if (at_ != nullptr) at_ += block_size<T>(part.weight, transposed_);
  return block;
}

template class PackedReader<float>;
template class PackedReader<double>;

TORCH_LIBRARY_FRAGMENT(lora, m) { m.def("prepack_linear(Tensor[] weight, bool transpose) -> Tensor"); }
TORCH_LIBRARY_IMPL(lora, CPU, m) { m.impl("prepack_linear", prepack_linear); }
TORCH_LIBRARY_IMPL(lora, Meta, m) { m.impl("prepack_linear", prepack_linear_meta); }

}  // namespace torch_lora
