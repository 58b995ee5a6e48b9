// lora::prepack_linear: frozen weights in the kernels' own layout.
#include "ops/packing.h"

#include "ops/pch.h"

#include <cstring>

#include "ops/check.h"
#include "ops/cpu/bf16.h"
#include "ops/cpu/gemm.h"
#include "ops/device.h"

namespace torch_lora {
namespace {

// What packed weights begin with, a cache line of it; then the blocks. It is checked on use, since the layout depends
// on the machine and a packed tensor must not travel to another.
struct Header {
  int32_t lanes, group, weights, transposed;

  bool operator==(const Header&) const = default;
};
constexpr int64_t kHeaderBytes = 64;

// How weights of T lie in panels: [k / group][width][group].
template <class T>
struct Layout {
  static const cpu::PanelShape& shape() { return cpu::gemm_kernels<T>().panel; }
  static int64_t group() { return 1; }
  static void pack(const at::Tensor& w, bool transposed, const cpu::GemmPanel& panel, T* out) {
    const auto [k, b_k, b_column] = operand(w, transposed);
    const cpu::GemmTerm<T> term{nullptr, 0, 0, elements<T>(w), b_k, b_column, k, T(1), nullptr};
    cpu::gemm_kernels<T>().pack_panel(term, panel, 0, k, out);
  }
  // transposed: B = W, k runs over its rows; else B = W^T, k runs over its columns.
  struct Operand {
    int64_t k, b_k, b_column;
  };
  static Operand operand(const at::Tensor& w, bool transposed) {
    const int64_t rows = w.size(0), columns = w.size(1);
    return {transposed ? rows : columns, transposed ? columns : 1, transposed ? 1 : columns};
  }
};

template <>
struct Layout<cpu::bf16> {
  static const cpu::PanelShape& shape() { return cpu::gemm_kernels<float>().panel; }
  static int64_t group() { return cpu::bf16_kernels().pair; }
  static void pack(const at::Tensor& w, bool transposed, const cpu::GemmPanel& panel, cpu::bf16* out) {
    const auto [k, b_k, b_column] = Layout<float>::operand(w, transposed);
    cpu::bf16_kernels().pack({nullptr, 0, elements<cpu::bf16>(w), b_k, b_column, k, nullptr}, panel, out);
  }
};

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

template <class T>
Header header_of(size_t weights, bool transposed) {
  return {Layout<T>::shape().lanes, static_cast<int32_t>(Layout<T>::group()), static_cast<int32_t>(weights),
          transposed};
}

// A panel is whole vectors, and only the last has columns to spare.
template <class T>
int64_t block_size(const at::Tensor& weight, bool transposed) {
  const int64_t k = weight.size(transposed ? 0 : 1), columns = weight.size(transposed ? 1 : 0);
  return round_up(k, Layout<T>::group()) * round_up(columns, Layout<T>::shape().lanes);
}

template <class T>
int64_t packed_size(at::TensorList weights, bool transposed) {
  int64_t elements = kHeaderBytes / static_cast<int64_t>(sizeof(T));
  for (const auto& weight : weights) elements += block_size<T>(weight, transposed);
  return elements;
}

template <class T>
at::Tensor pack(at::TensorList weights, bool transposed) {
  at::Tensor packed = at::empty({packed_size<T>(weights, transposed)}, weights[0].options());
  T* out = mutable_elements<T>(packed);
  const Header header = header_of<T>(weights.size(), transposed);
  std::memset(static_cast<void*>(out), 0, kHeaderBytes);
  std::memcpy(static_cast<void*>(out), &header, sizeof(header));
  out += kHeaderBytes / static_cast<int64_t>(sizeof(T));
  for (const auto& weight : weights) {
    const at::Tensor w = weight.contiguous();
    const int64_t depth = round_up(w.size(transposed ? 0 : 1), Layout<T>::group());
    std::vector<cpu::GemmPanel> panels;
    cpu::append_panels(Layout<T>::shape(), 0, w.size(transposed ? 1 : 0), panels);
    for (const auto& panel : panels) Layout<T>::pack(w, transposed, panel, out + panel.column * depth);
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
    const at::ScalarType type = weight.scalar_type();
    TORCH_CHECK_TYPE(
        type == weights[0].scalar_type() && (type == at::kFloat || type == at::kDouble || type == at::kBFloat16),
        "prepack_linear: expected float, double or bfloat16 weights of one type, received ", type);
    TORCH_CHECK_VALUE(weight.device() == weights[0].device(),
                      "prepack_linear: expected weights on one device, received ", weights[0].device(), " and ",
                      weight.device());
    check_packable("prepack_linear", weight);
  }
}

// Calls body(T{}) with the element type of weights that check_weights has seen.
template <class Body>
auto by_type(at::TensorList weights, Body body) {
  switch (weights[0].scalar_type()) {
    case at::kFloat:
      return body(float{});
    case at::kBFloat16:
      return body(cpu::bf16{});
    default:
      return body(double{});
  }
}

at::Tensor prepack_linear(at::TensorList weights, bool transpose) {
  check_weights(weights);
  return by_type(weights, [&](auto zero) { return pack<decltype(zero)>(weights, transpose); });
}

at::Tensor prepack_linear_meta(at::TensorList weights, bool transpose) {
  check_weights(weights);
  const int64_t elements = by_type(weights, [&](auto zero) { return packed_size<decltype(zero)>(weights, transpose); });
  return at::empty({elements}, weights[0].options());
}

}  // namespace

template <class T>
PackedReader<T>::PackedReader(const at::Tensor& packed, const LinearSegments& segments, bool transposed)
    : transposed_(transposed) {
  if (!packed.defined()) return;
  check_strided("linear", "packed", packed);
  std::vector<at::Tensor> weights;
  for (const auto& part : segments.parts) weights.push_back(part.weight);
  const int64_t count = packed_size<T>(weights, transposed);
  TORCH_CHECK_VALUE(packed.dim() == 1 && packed.scalar_type() == weights[0].scalar_type() &&
                        packed.device() == weights[0].device() && packed.is_contiguous() && packed.numel() == count,
                    "linear: expected a packed tensor of ", count, " elements as prepack_linear makes for these ",
                    "weights, received ", packed.sizes(), " of ", packed.scalar_type());
  const T* const data = elements<T>(packed);
  Header header;
  std::memcpy(&header, data, sizeof(header));
  TORCH_CHECK_VALUE(header == header_of<T>(weights.size(), transposed),
                    "linear: the packed tensor was made on another machine or with another value of transpose; "
                    "make it again with prepack_linear");
  at_ = data + kHeaderBytes / static_cast<int64_t>(sizeof(T));
}

template <class T>
const T* PackedReader<T>::next(const LinearSegment& part) {
  const T* block = at_;
  if (at_ != nullptr) at_ += block_size<T>(part.weight, transposed_);
  return block;
}

template class PackedReader<float>;
template class PackedReader<double>;
template class PackedReader<cpu::bf16>;

TORCH_LIBRARY_FRAGMENT(lora, m) { m.def("prepack_linear(Tensor[] weight, bool transpose) -> Tensor"); }
TORCH_LIBRARY_IMPL(lora, CPU, m) { m.impl("prepack_linear", prepack_linear); }
TORCH_LIBRARY_IMPL(lora, Meta, m) { m.impl("prepack_linear", prepack_linear_meta); }

}  // namespace torch_lora
