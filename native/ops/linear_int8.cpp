// lora::linear_int8: y = x W^T + b with frozen weights and x both as 8-bit codes (see cpu/int8.h); inference only.
#include "ops/pch.h"

#include <limits>

#include "ops/check.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/int8.h"
#include "ops/dispatch.h"

namespace torch_lora {
namespace {

constexpr int64_t kLine = 64;               // blocks of a packed tensor start at cache lines
constexpr int64_t kQuantizeGrain = 16384;   // elements below which another thread does not pay
constexpr int64_t kSmallestTask = 1 << 18;  // multiply-adds, likewise
constexpr int64_t kFewestRows = 48;
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();  // the header holds sizes as int32

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// The header: lanes, group, inputs, number of weights, then the outputs of each; int32. It is checked on use, since
// the layout depends on the machine.
int64_t header_bytes(size_t weights) { return round_up(4 * (4 + static_cast<int64_t>(weights)), kLine); }

std::vector<cpu::GemmPanel> panels_of(int32_t weight, int64_t columns) {
  std::vector<cpu::GemmPanel> panels;
  cpu::append_panels(cpu::kernels<float>(), weight, columns, panels);
  return panels;
}

// Where the parts of one weight are, in bytes from its block's start.
struct Block {
  int64_t columns, depth, sum, codes, end;

  Block(int64_t in, int64_t out) {
    columns = round_up(out, cpu::kernels<float>().lanes);  // whole vectors, of which the last may have some to spare
    depth = round_up(in, cpu::int8_kernels().group);
    sum = round_up(4 * columns, kLine);
    codes = 2 * sum;
    end = codes + round_up(columns * depth, kLine);
  }
};

// Scales, sums and codes of one weight.
void pack(const at::Tensor& weight, char* out) {
  const at::Tensor largest = weight.abs().amax(1, true);                                   // [out, 1]
  const at::Tensor scale = at::where(largest > 0, largest / 127, at::ones_like(largest));  // [out, 1]
  const at::Tensor codes = at::round(weight / scale).to(at::kChar);                        // [out, in]
  const int64_t rows = weight.size(0), in = weight.size(1), group = cpu::int8_kernels().group;
  const Block block(in, rows);
  std::fill(out, out + block.end, 0);
  const int8_t* const from = codes.const_data_ptr<int8_t>();
  const float* const scales = scale.const_data_ptr<float>();
  auto* const scale_out = reinterpret_cast<float*>(out);
  auto* const sum_out = reinterpret_cast<int32_t*>(out + block.sum);
  auto* const code_out = reinterpret_cast<int8_t*>(out + block.codes);
  for (const auto& panel : panels_of(0, rows)) {
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
    TORCH_CHECK_VALUE(weight.size(0) <= kMost && weight.size(1) <= kMost,
                      "prepack_linear_int8: expected weights of at most ", kMost, " rows and columns, received ",
                      weight.sizes());
  }
}

int64_t packed_bytes(at::IntArrayRef out, int64_t in) {
  int64_t bytes = header_bytes(out.size());
  for (const int64_t columns : out) bytes += Block(in, columns).end;
  return bytes;
}

std::vector<int64_t> outputs(at::TensorList weights) {
  std::vector<int64_t> out;
  for (const auto& weight : weights) out.push_back(weight.size(0));
  return out;
}

at::Tensor prepack_linear_int8(at::TensorList weights) {
  check_weights(weights);
  const at::NoGradGuard no_grad;
  const int64_t in = weights[0].size(1);
  at::Tensor packed = at::empty({packed_bytes(outputs(weights), in)}, weights[0].options().dtype(at::kChar));
  char* out = static_cast<char*>(packed.data_ptr());
  std::fill(out, out + header_bytes(weights.size()), 0);
  auto* const header = reinterpret_cast<int32_t*>(out);
  header[0] = cpu::kernels<float>().lanes;
  header[1] = cpu::int8_kernels().group;
  header[2] = static_cast<int32_t>(in);
  header[3] = static_cast<int32_t>(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) header[4 + i] = static_cast<int32_t>(weights[i].size(0));
  out += header_bytes(weights.size());
  for (const auto& weight : weights) {
    pack(weight.detach().contiguous(), out);
    out += Block(in, weight.size(0)).end;
  }
  return packed;
}

at::Tensor prepack_linear_int8_meta(at::TensorList weights) {
  check_weights(weights);
  return at::empty({packed_bytes(outputs(weights), weights[0].size(1))}, weights[0].options().dtype(at::kChar));
}

// Codes take a byte each: what claims more of them than `packed` has bytes is refused before they are laid out.
bool claims_too_much(const at::Tensor& packed, at::IntArrayRef out, int64_t in) {
  const int64_t bytes = packed.numel();
  if (in < 1 || in > std::min(bytes, kMost)) return true;
  return std::any_of(out.begin(), out.end(), [&](int64_t columns) { return columns < 1 || columns > bytes / in; });
}

void check_packed(const at::Tensor& packed, at::IntArrayRef out, int64_t in) {
  TORCH_CHECK_VALUE(packed.dim() == 1 && packed.scalar_type() == at::kChar && packed.is_contiguous() && !out.empty() &&
                        reinterpret_cast<uintptr_t>(packed.const_data_ptr()) % alignof(int32_t) == 0 &&
                        !claims_too_much(packed, out, in) && packed.numel() == packed_bytes(out, in),
                    "linear_int8: expected what prepack_linear_int8 makes of weights of ", in, " inputs and ", out,
                    " outputs, received ", packed.sizes(), " of ", packed.scalar_type());
  const auto* header = static_cast<const int32_t*>(packed.const_data_ptr());
  bool same = header[0] == cpu::kernels<float>().lanes && header[1] == cpu::int8_kernels().group && header[2] == in &&
              header[3] == static_cast<int64_t>(out.size());
  for (size_t i = 0; same && i < out.size(); ++i) same = header[4 + i] == out[i];
  TORCH_CHECK_VALUE(same,
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

at::Tensor linear_int8(const at::Tensor& x, const at::Tensor& packed, at::IntArrayRef out, at::TensorList bias,
                       bool gelu) {
  check_call(x, packed, out, bias);
  const cpu::Int8Kernels& kernels = cpu::int8_kernels();
  const int64_t tokens = x.size(0), in = x.size(1);
  check_packed(packed, out, in);
  const at::Tensor source = x.contiguous();

  const char* block = static_cast<const char*>(packed.const_data_ptr()) + header_bytes(out.size());
  std::vector<at::Tensor> biases;
  std::vector<cpu::Int8Weight> weights;
  std::vector<cpu::GemmPanel> panels;
  int64_t columns = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const float* b = nullptr;
    if (!bias.empty()) b = biases.emplace_back(bias[i].contiguous()).const_data_ptr<float>();
    const Block at(in, out[i]);
    weights.push_back({columns, out[i], b, reinterpret_cast<const float*>(block),
                       reinterpret_cast<const int32_t*>(block + at.sum),
                       reinterpret_cast<const int8_t*>(block + at.codes)});
    cpu::append_panels(cpu::kernels<float>(), static_cast<int32_t>(i), out[i], panels);
    columns += out[i];
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
                        gelu};
  at::parallel_for(0, tokens, std::max<int64_t>(1, kQuantizeGrain / in), [&](int64_t begin, int64_t end) {
    kernels.quantize(source.const_data_ptr<float>(), in, begin, end, codes.data_ptr(), depth,
                     row_scale.data_ptr<float>(), row_zero.data_ptr<int32_t>());
  });
  const auto panel_count = static_cast<int64_t>(panels.size());
  const int64_t threads = std::clamp<int64_t>(tokens * columns * in / kSmallestTask, 1, at::get_num_threads());
  const int64_t column_parts = std::min(threads, panel_count);
  const int64_t row_parts = std::clamp<int64_t>(tokens / kFewestRows, 1, (threads + column_parts - 1) / column_parts);
  at::parallel_for(0, column_parts * row_parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t column = task % column_parts, row = task / column_parts;
      kernels.gemm(g, tokens * row / row_parts, tokens * (row + 1) / row_parts, panel_count * column / column_parts,
                   panel_count * (column + 1) / column_parts);
    }
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

TORCH_LIBRARY_FRAGMENT(lora, m) {
  m.def("prepack_linear_int8(Tensor[] weight) -> Tensor");
  m.def("linear_int8(Tensor x, Tensor packed, int[] out, Tensor[] bias, bool gelu=False) -> Tensor");
}
TORCH_LIBRARY_IMPL(lora, CPU, m) {
  m.impl("prepack_linear_int8", prepack_linear_int8);
  m.impl("linear_int8", linear_int8);
}
TORCH_LIBRARY_IMPL(lora, Meta, m) {
  m.impl("prepack_linear_int8", prepack_linear_int8_meta);
  m.impl("linear_int8", linear_int8_meta);
}
TORCH_LIBRARY_IMPL(lora, Autograd, m) { m.impl("linear_int8", no_second_derivative()); }

}  // namespace torch_lora
