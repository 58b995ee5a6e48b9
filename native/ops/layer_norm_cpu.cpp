// lora::dropout_add_layer_norm on this machine's kernels.
#include "ops/layer_norm.h"

#include "ops/pch.h"

#include <ATen/OpMathType.h>

#include "ops/cpu/kernels.h"
#include "ops/device.h"
#include "ops/parallel.h"

namespace torch_lora {
namespace {

using Optional = std::optional<at::Tensor>;

constexpr int64_t kRowBlock = 64;

int64_t rows_of(const at::Tensor& x, int64_t hidden) { return hidden == 0 ? 0 : x.numel() / hidden; }
// Rows a thread should have at least.
int64_t grain(int64_t hidden) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, hidden)); }

std::tuple<at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& x, const at::Tensor& residual,
                                                       const at::Tensor& weight, const at::Tensor& bias,
                                                       double dropout_p, double eps, const Optional& seed,
                                                       bool training) {
  check_layer_norm(x, residual, weight, bias, dropout_p, seed);
  check_kernels("_dropout_add_layer_norm_forward", x);
  const at::Tensor in = x.contiguous(), skip = residual.contiguous(), gain = weight.contiguous(),
                   shift = bias.contiguous();
  const int64_t hidden = weight.size(0);
  std::vector<int64_t> row_shape = x.sizes().vec();
  row_shape.back() = 1;
  at::Tensor y = at::empty(x.sizes(), x.options());
  at::Tensor normalized = at::empty(training ? x.sizes() : at::IntArrayRef{0}, x.options());
  at::Tensor rstd = at::empty(training ? at::IntArrayRef(row_shape) : at::IntArrayRef{0},
                              x.options().dtype(at::toOpMathType(x.scalar_type())));
  dispatch_kernels(x, [&](auto zero) {
    using T = decltype(zero);
    cpu::Norm<T> a{};
    a.x = elements<T>(in);
    a.residual = elements<T>(skip);
    a.weight = elements<T>(gain);
    a.bias = elements<T>(shift);
    a.y = mutable_elements<T>(y);
    a.normalized = training ? mutable_elements<T>(normalized) : nullptr;
    a.rstd = training ? rstd.data_ptr<cpu::Real<T>>() : nullptr;
    a.hidden = hidden;
    a.eps = static_cast<cpu::Real<T>>(eps);
    a.dropout = kernel_dropout<T>(dropout_p, seed);
    parallel("layer norm", 0, rows_of(x, hidden), grain(hidden),
             [&](int64_t begin, int64_t end) { cpu::kernels<T>().norm_forward(a, begin, end); });
  });
  return {y, normalized, rstd};
}

std::vector<at::Tensor> backward(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                                 const at::Tensor& weight, double dropout_p, const Optional& seed,
                                 at::IntArrayRef needs) {
  check_layer_norm_backward(grad, normalized, rstd, weight, dropout_p, seed, needs);
  check_kernels("_dropout_add_layer_norm_backward", grad);
  const at::Tensor dy = grad.contiguous(), gain = weight.contiguous(), kept = normalized.contiguous(),
                   scale = rstd.contiguous();
  const int64_t hidden = weight.size(0), rows = rows_of(grad, hidden);
  const int64_t blocks = (rows + kRowBlock - 1) / kRowBlock;
  std::vector<at::Tensor> found(4);
  for (size_t i = 0; i < 2; ++i) {
    if (needs[i]) found[i] = at::empty(grad.sizes(), grad.options());
  }
  // Sums over rows are formed block by block and then over blocks, so that they do not depend on the threads.
  for (size_t i = 2; i < 4; ++i) {
    if (needs[i]) found[i] = at::zeros({blocks, hidden}, grad.options().dtype(at::toOpMathType(grad.scalar_type())));
  }
  dispatch_kernels(grad, [&](auto zero) {
    using T = decltype(zero);
    cpu::NormBackward<T> a{};
    a.grad = elements<T>(dy);
    a.normalized = elements<T>(kept);
    a.rstd = scale.const_data_ptr<cpu::Real<T>>();
    a.weight = elements<T>(gain);
    a.dx = needs[0] ? mutable_elements<T>(found[0]) : nullptr;
    a.dresidual = needs[1] ? mutable_elements<T>(found[1]) : nullptr;
    a.hidden = hidden;
    a.dropout = kernel_dropout<T>(dropout_p, seed);
    using R = cpu::Real<T>;
    R* const dweight = needs[2] ? found[2].data_ptr<R>() : nullptr;
    R* const dbias = needs[3] ? found[3].data_ptr<R>() : nullptr;
    parallel("layer norm backward", 0, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        cpu::NormBackward<T> part = a;
        if (dweight) part.dweight = dweight + block * hidden;
        if (dbias) part.dbias = dbias + block * hidden;
        cpu::kernels<T>().norm_backward(part, block * kRowBlock, std::min(rows, (block + 1) * kRowBlock));
      }
    });
  });
  std::vector<at::Tensor> result;
  for (size_t i = 0; i < 4; ++i) {
    if (needs[i]) result.push_back(i < 2 ? found[i] : found[i].sum(0).to(grad.scalar_type()));
  }
  return result;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CPU, m) {
  m.impl("_dropout_add_layer_norm_forward", forward);
  m.impl("_dropout_add_layer_norm_backward", backward);
}

}  // namespace torch_lora
