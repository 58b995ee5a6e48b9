// lora::dropout_add_layer_norm on CUDA: the rows of layer_norm_rows.h, one kernel forward and one backward.
#include "ops/pch.h"

#include <ATen/OpMathType.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "cuda/dispatch.h"
#include "cuda/layer_norm_kernels.h"
#include "cuda/seed.h"
#include "ops/layer_norm.h"

namespace torch_lora::cuda {
namespace {

using Optional = std::optional<at::Tensor>;

constexpr const char* kName = "dropout_add_layer_norm";
constexpr int64_t kRowsOfPart = 128;  // of a sum over rows

int64_t rows_of(const at::Tensor& x, int64_t hidden) { return hidden == 0 ? 0 : x.numel() / hidden; }

std::tuple<at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& x, const at::Tensor& residual,
                                                       const at::Tensor& weight, const at::Tensor& bias,
                                                       double dropout_p, double eps, const Optional& seed,
                                                       bool training) {
  check_layer_norm(x, residual, weight, bias, dropout_p, seed);
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor in = x.contiguous(), skip = residual.contiguous(), gain = weight.contiguous(),
                   shift = bias.contiguous();
  std::vector<int64_t> row_shape = x.sizes().vec();
  row_shape.back() = 1;
  const at::Tensor y = at::empty(x.sizes(), x.options());
  const at::Tensor normalized = at::empty(training ? x.sizes() : at::IntArrayRef{0}, x.options());
  const at::Tensor rstd = at::empty(training ? at::IntArrayRef(row_shape) : at::IntArrayRef{0},
                                    x.options().dtype(at::toOpMathType(x.scalar_type())));
  dispatch(kName, x, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    NormForward<T, A> a{};
    a.x = read<T>(in);
    a.residual = read<T>(skip);
    a.weight = read<T>(gain);
    a.bias = read<T>(shift);
    a.y = written<T>(y);
    a.normalized = training ? written<T>(normalized) : nullptr;
    a.rstd = training ? written<A>(rstd) : nullptr;
    a.hidden = weight.size(0);
    a.rows = rows_of(x, a.hidden);
    a.eps = static_cast<A>(eps);
    a.dropout = kernel_dropout<A>(dropout_p, seed);
    norm_forward(a, c10::cuda::getCurrentCUDAStream());
  });
  return {y, normalized, rstd};
}

std::vector<at::Tensor> backward(const at::Tensor& grad, const at::Tensor& normalized, const at::Tensor& rstd,
                                 const at::Tensor& weight, double dropout_p, const Optional& seed,
                                 at::IntArrayRef needs) {
  check_layer_norm_backward(grad, normalized, rstd, weight, dropout_p, seed, needs);
  const c10::cuda::CUDAGuard guard(grad.device());
  const at::Tensor dy = grad.contiguous(), gain = weight.contiguous(), kept = normalized.contiguous(),
                   scale = rstd.contiguous();
  const int64_t hidden = weight.size(0), rows = rows_of(grad, hidden);
  const int64_t parts = (rows + kRowsOfPart - 1) / kRowsOfPart;
  const auto math = grad.options().dtype(at::toOpMathType(grad.scalar_type()));
  std::vector<at::Tensor> found(4);
  for (size_t i = 0; i < 2; ++i) {
    if (needs[i]) found[i] = at::empty(grad.sizes(), grad.options());
  }
  // Sums over rows are formed part by part and then over the parts: the same in every run.
  for (size_t i = 2; i < 4; ++i) {
    if (needs[i]) found[i] = at::empty({parts, hidden}, math);
  }
  dispatch(kName, grad, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    const auto stream = c10::cuda::getCurrentCUDAStream();
    if (needs[0] || needs[1]) {
      norm_backward(NormBackward<T, A>{read<T>(dy), read<T>(kept), read<A>(scale), read<T>(gain), written<T>(found[0]),
                                       written<T>(found[1]), rows, hidden, kernel_dropout<A>(dropout_p, seed)},
                    stream);
    }
    if (needs[2] || needs[3]) {
      norm_parameters(NormParameters<T, A>{read<T>(dy), read<T>(kept), written<A>(found[2]), written<A>(found[3]), rows,
                                           hidden, kRowsOfPart},
                      stream);
    }
  });
  std::vector<at::Tensor> result;
  for (size_t i = 0; i < 4; ++i) {
    if (needs[i]) result.push_back(i < 2 ? found[i] : found[i].sum(0).to(weight.scalar_type()));
  }
  return result;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CUDA, m) {
  m.impl("_dropout_add_layer_norm_forward", forward);
  m.impl("_dropout_add_layer_norm_backward", backward);
}

}  // namespace torch_lora::cuda
