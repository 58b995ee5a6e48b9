// lora::linear_int8: y = x W^T + b with frozen weights and x both as 8-bit codes (see cpu/int8.h); and the product with
// the same codes transposed, which lora::linear differentiates x by.
#include "ops/linear_int8.h"

#include "ops/pch.h"

#include <cstring>
#include <limits>
#include <numeric>

#include "ops/check.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/int8.h"
#include "ops/dispatch.h"
#include "ops/parallel.h"

namespace torch_lora {
namespace {

constexpr int64_t kLine = 64;                                   // blocks of a packed tensor start at cache lines
constexpr int64_t kQuantizeGrain = 16384;                       // elements below which another thread does not pay
constexpr int64_t kSmallestTask = 1 << 18;                      // multiply-adds, likewise
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();  // the header holds sizes as int32

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

std::vector<cpu::GemmPanel> panels_of(int32_t weight, int64_t columns) {
  std::vector<cpu::GemmPanel> panels;
  cpu::append_panels(cpu::gemm_kernels<float>().panel, weight, columns, panels);
  return panels;
}

// Where the parts of one block are, in bytes from its start.
struct Block {
  int64_t columns, depth, sum, codes, end;

  Block(int64_t in, int64_t out) {
    columns = round_up(
        out, cpu::gemm_kernels<float>().panel.lanes);  // whole vectors, of which the last may have some to spare
    depth = round_up(in, cpu::int8_kernels().group);
    sum = round_up(4 * columns, kLine);
    codes = 2 * sum;
    end = codes + round_up(columns * depth, kLine);
  }
};

// What lies in a packed tensor: a header, the factors by which rows of x are multiplied before they become codes where
// the weights are transposed, and a block a weight, or one for all of them transposed.
struct Layout {
  int64_t in;                // of x
  std::vector<int64_t> out;  // columns of each block
  bool transposed;

  // Lanes, group, inputs, whether it is transposed, number of blocks, then the columns of each; int32. It is checked on
  // use, since the layout depends on the machine.
  std::vector<int32_t> header() const {
    std::vector<int32_t> values{cpu::gemm_kernels<float>().panel.lanes, cpu::int8_kernels().group,
                                static_cast<int32_t>(in), transposed, static_cast<int32_t>(out.size())};
    for (const int64_t columns : out) values.push_back(static_cast<int32_t>(columns));
    return values;
  }
  int64_t factors() const { return round_up(4 * (5 + static_cast<int64_t>(out.size())), kLine); }
  int64_t blocks() const { return factors() + (transposed ? round_up(4 * in, kLine) : 0); }
  int64_t bytes() const {
    int64_t sum = blocks();
    for (const int64_t columns : out) sum += Block(in, columns).end;
    return sum;
  }
};

Layout layout_of(at::TensorList weights, bool transpose) {
  std::vector<int64_t> out;
  for (const auto& weight : weights) out.push_back(weight.size(0));
  const int64_t in = weights[0].size(1);
  if (!transpose) return {in, out, false};
  return {std::accumulate(out.begin(), out.end(), int64_t{0}), {in}, true};
}

// A weight as codes [out, in] with a scale [out, 1] an output channel.
struct Quantized {
  at::Tensor codes, scale;

  explicit Quantized(const at::Tensor& weight) {
    const at::Tensor largest = weight.abs().amax(1, true);
    scale = at::where(largest > 0, largest / 127, at::ones_like(largest));
    codes = at::round(weight / scale).to(at::kChar);
  }
};

// One block: scales, sums and codes [columns, k] in panels.
void lay_out(const at::Tensor& codes, const at::Tensor& scale, char* out) {
  const int64_t columns = codes.size(0), in = codes.size(1), group = cpu::int8_kernels().group;
  const Block block(in, columns);
  std::fill(out, out + block.end, 0);
  const int8_t* const from = codes.const_data_ptr<int8_t>();
  const float* const scales = scale.const_data_ptr<float>();
  auto* const scale_out = reinterpret_cast<float*>(out);
  auto* const sum_out = reinterpret_cast<int32_t*>(out + block.sum);
  auto* const code_out = reinterpret_cast<int8_t*>(out + block.codes);
  for (const auto& panel : panels_of(0, columns)) {
    int8_t* const to = code_out + panel.column * block.depth;
    for (int64_t n = 0; n < panel.count; ++n) {
      const int64_t row = panel.column + n;
      int32_t sum = 0;
      for (int64_t k = 0; k < in; ++k) {
        const int8_t code = from[row * in + k];
        sum += code;
        to[(k / group * panel.width + n) * group + k % group] = code;
      }
      scale_out[row] = scales[row];
      sum_out[row] = sum;
    }
  }
}

void check_weights(at::TensorList weights) {
  TORCH_CHECK_VALUE(!weights.empty(), "prepack_linear_int8: expected at least one weight, received an empty list");
  int64_t rows = 0;
  for (const auto& weight : weights) {
    check_strided("prepack_linear_int8", "weight", weight);
    TORCH_CHECK_VALUE(
        weight.dim() == 2 && weight.size(0) > 0 && weight.size(1) > 0 && weight.size(1) == weights[0].size(1),
        "prepack_linear_int8: expected weights [out, in] with one in, none of them empty, received ",
        weights[0].sizes(), " and ", weight.sizes());
    TORCH_CHECK_TYPE(weight.scalar_type() == at::kFloat, "prepack_linear_int8: expected float weights, received ",
                     weight.scalar_type());
    TORCH_CHECK_VALUE(weight.device() == weights[0].device(),
                      "prepack_linear_int8: expected weights on one device, received ", weights[0].device(), " and ",
                      weight.device());
    check_packable("prepack_linear_int8", weight);
    TORCH_CHECK_VALUE(weight.size(0) <= kMost - rows && weight.size(1) <= kMost,
                      "prepack_linear_int8: expected weights of at most ", kMost, " rows and columns, received ",
                      weight.sizes());
    rows += weight.size(0);
  }
}

at::Tensor prepack_linear_int8(at::TensorList weights, bool transpose) {
  check_weights(weights);
  const at::NoGradGuard no_grad;
  const Layout layout = layout_of(weights, transpose);
  at::Tensor packed = at::empty({layout.bytes()}, weights[0].options().dtype(at::kChar));
  char* const out = static_cast<char*>(packed.data_ptr());
  std::fill(out, out + layout.blocks(), 0);
  const std::vector<int32_t> header = layout.header();
  std::memcpy(out, header.data(), header.size() * sizeof(int32_t));
  if (transpose) {
    std::vector<at::Tensor> codes, scales;
    for (const auto& weight : weights) {
      const Quantized quantized(weight.detach().contiguous());
      codes.push_back(quantized.codes);
      scales.push_back(quantized.scale.flatten());
    }
    const at::Tensor factors = at::cat(scales), all = at::cat(codes).t().contiguous();  // [in, sum of out]
    std::memcpy(out + layout.factors(), factors.const_data_ptr(), 4 * static_cast<size_t>(layout.in));
    lay_out(all, at::ones({all.size(0)}, factors.options()), out + layout.blocks());
    return packed;
  }
  char* block = out + layout.blocks();
  for (const auto& weight : weights) {
    const Quantized quantized(weight.detach().contiguous());
    lay_out(quantized.codes, quantized.scale, block);
    block += Block(layout.in, weight.size(0)).end;
  }
  return packed;
}

at::Tensor prepack_linear_int8_meta(at::TensorList weights, bool transpose) {
  check_weights(weights);
  return at::empty({layout_of(weights, transpose).bytes()}, weights[0].options().dtype(at::kChar));
}

// Codes take a byte each: what claims more of them than `packed` has bytes is refused before they are laid out.
bool claims_too_much(const at::Tensor& packed, const Layout& layout) {
  const int64_t bytes = packed.numel(), in = layout.in;
  if (in < 1 || in > std::min(bytes, kMost)) return true;
  return std::any_of(layout.out.begin(), layout.out.end(),
                     [&](int64_t columns) { return columns < 1 || columns > bytes / in; });
}

void check_packed(const at::Tensor& packed, const Layout& layout) {
  TORCH_CHECK_VALUE(
      packed.dim() == 1 && packed.scalar_type() == at::kChar && packed.is_contiguous() && !layout.out.empty() &&
          reinterpret_cast<uintptr_t>(packed.const_data_ptr()) % alignof(int32_t) == 0 &&
          !claims_too_much(packed, layout) && packed.numel() == layout.bytes(),
      "linear_int8: expected what prepack_linear_int8 makes of weights of ", layout.in, " inputs and ", layout.out,
      " outputs", layout.transposed ? ", transposed" : "", ", received ", packed.sizes(), " of ", packed.scalar_type());
  const std::vector<int32_t> header = layout.header();
  TORCH_CHECK_VALUE(std::memcmp(packed.const_data_ptr(), header.data(), header.size() * sizeof(int32_t)) == 0,
                    "linear_int8: the packed tensor was made of other weights or on another machine; make it "
                    "again with prepack_linear_int8");
}

// All that does not lie in `packed`; sizes may be symbolic.
void check_call(const at::Tensor& x, const at::Tensor& packed, at::IntArrayRef out, at::TensorList bias) {
  const Checks checks("linear_int8", "x", x);
  TORCH_CHECK_TYPE(x.scalar_type() == at::kFloat, "linear_int8: expected float x, received ", x.scalar_type());
  checks.dims(2, "[T, in]");
  check_strided("linear_int8", "packed", packed);
  TORCH_CHECK_VALUE(packed.device() == x.device(), "linear_int8: expected packed on ", x.device(),
                    " like x, received it on ", packed.device());
  TORCH_CHECK_VALUE(bias.empty() || bias.size() == out.size(),
                    "linear_int8: expected a bias a weight or none, received ", bias.size(), " for ", out.size(),
                    " weights");
  for (size_t i = 0; i < out.size(); ++i) {
    TORCH_CHECK_VALUE(out[i] >= 1 && out[i] <= kMost, "linear_int8: expected outputs from 1 to ", kMost, ", received ",
                      out);
    if (!bias.empty()) checks.tensor("bias", bias[i], {out[i]});
  }
}

// x as codes, multiplied by the blocks of `packed`, which check_packed has seen.
at::Tensor multiply(const at::Tensor& x, const at::Tensor& packed, const Layout& layout, at::TensorList bias,
                    bool gelu) {
  const cpu::Int8Kernels& kernels = cpu::int8_kernels();
  const int64_t tokens = x.size(0), in = layout.in;
  const at::Tensor source = x.contiguous();
  const char* const start = static_cast<const char*>(packed.const_data_ptr());
  const float* const factors = layout.transposed ? reinterpret_cast<const float*>(start + layout.factors()) : nullptr;

  const char* block = start + layout.blocks();
  std::vector<at::Tensor> biases;
  std::vector<cpu::Int8Weight> weights;
  std::vector<cpu::GemmPanel> panels;
  int64_t columns = 0;
  for (size_t i = 0; i < layout.out.size(); ++i) {
    const int64_t count = layout.out[i];
    const float* b = nullptr;
    if (!bias.empty()) b = biases.emplace_back(bias[i].contiguous()).const_data_ptr<float>();
    const Block at(in, count);
    weights.push_back({columns, count, b, reinterpret_cast<const float*>(block),
                       reinterpret_cast<const int32_t*>(block + at.sum),
                       reinterpret_cast<const int8_t*>(block + at.codes)});
    cpu::append_panels(cpu::gemm_kernels<float>().panel, static_cast<int32_t>(i), count, panels);
    columns += count;
    block += at.end;
  }

  at::Tensor y = at::empty({tokens, columns}, x.options());
  if (tokens == 0) return y;
  const int64_t depth = round_up(in, kernels.group);
  const at::Tensor codes = at::empty({tokens, depth * kernels.code_bytes}, x.options().dtype(at::kByte));
  const at::Tensor row_scale = at::empty({tokens}, x.options());
  const at::Tensor row_zero = at::empty({tokens}, x.options().dtype(at::kInt));
  const cpu::Int8Gemm g{codes.const_data_ptr(),
                        depth,
                        depth / kernels.group,
                        row_scale.const_data_ptr<float>(),
                        row_zero.const_data_ptr<int32_t>(),
                        y.data_ptr<float>(),
                        columns,
                        weights.data(),
                        panels.data(),
                        static_cast<int64_t>(panels.size()),
                        gelu};
  parallel("codes", 0, tokens, std::max<int64_t>(1, kQuantizeGrain / in), [&](int64_t begin, int64_t end) {
    kernels.quantize(source.const_data_ptr<float>(), factors, in, begin, end, codes.data_ptr(), depth,
                     row_scale.data_ptr<float>(), row_zero.data_ptr<int32_t>());
  });
  cpu::share_product(tokens, g.panel_count, tokens * columns * in, kSmallestTask,
                     [&](int64_t m0, int64_t m1, int64_t p0, int64_t p1, int64_t own) {
                       cpu::Int8Gemm part = g;
                       part.panel_count = own;
                       kernels.gemm(part, m0, m1, p0, p1);
                     });
  return y;
}

at::Tensor linear_int8_meta(const at::Tensor& x, const at::Tensor& packed, at::IntArrayRef out, at::TensorList bias,
                            bool gelu) {
  check_call(x, packed, out, bias);
  int64_t columns = 0;
  for (const int64_t count : out) columns += count;
  return at::empty_symint({x.sym_size(0), columns}, x.options());
}

}  // namespace

at::Tensor int8_product(const at::Tensor& x, const at::Tensor& packed, at::IntArrayRef out, at::TensorList bias,
                        bool gelu) {
  check_call(x, packed, out, bias);
  const Layout layout{x.size(1), out.vec(), false};
  check_packed(packed, layout);
  return multiply(x, packed, layout, bias, gelu);
}

at::Tensor int8_product_transposed(const at::Tensor& dy, const at::Tensor& packed_t, int64_t in) {
  check_call(dy, packed_t, {in}, {});
  const Layout layout{dy.size(1), {in}, true};
  check_packed(packed_t, layout);
  return multiply(dy, packed_t, layout, {}, false);
}

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def("prepack_linear_int8(Tensor[] weight, bool transpose=False) -> Tensor");
  m.def("linear_int8(Tensor x, Tensor packed, int[] out, Tensor[] bias, bool gelu=False) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CPU, m) {
  m.impl("prepack_linear_int8", prepack_linear_int8);
  m.impl("linear_int8", int8_product);
}
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("prepack_linear_int8", prepack_linear_int8_meta);
  m.impl("linear_int8", linear_int8_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) { m.impl("linear_int8", no_second_derivative()); }

}  // namespace torch_lora
