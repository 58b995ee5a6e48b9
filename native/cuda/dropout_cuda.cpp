// lora::_dropout and lora::dropout_mask on CUDA: one kernel, where the composition takes a dozen and waits for the CPU.
#include "ops/pch.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "cuda/dispatch.h"
#include "cuda/dropout_kernels.h"
#include "cuda/seed.h"
#include "ops/random_ops.h"

namespace torch_lora::cuda {
namespace {

// `x` undefined: the mask itself.
void run(const at::Tensor& x, at::Tensor& y, const at::Tensor& seed, double p, int64_t first_row) {
  const c10::cuda::CUDAGuard guard(y.device());
  const int64_t columns = y.dim() == 0 ? 1 : y.size(-1);
  dispatch("dropout", y, [&](auto types) {
    using T = typename decltype(types)::Element;
    using A = typename decltype(types)::Math;
    dropout(read<T>(x), written<T>(y), columns == 0 ? 0 : y.numel() / columns, columns, first_row,
            kernel_dropout<A>(p, seed), c10::cuda::getCurrentCUDAStream());
  });
}

at::Tensor apply(const at::Tensor& x, const at::Tensor& seed, double p, int64_t first_row) {
  check_apply_dropout(x, seed, p, first_row);
  at::Tensor y = at::empty(x.sizes(), x.options());
  run(x.contiguous(), y, seed, p, first_row);
  return y;
}

at::Tensor mask(const at::Tensor& seed, at::IntArrayRef size, double p, const at::Tensor& like) {
  check_dropout_mask("dropout_mask", seed, size, p, like);
  at::Tensor y = at::empty(size, like.options());
  run({}, y, seed, p, 0);
  return y;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CUDA, m) {
  m.impl("_dropout", apply);
  m.impl("dropout_mask", mask);
}

}  // namespace torch_lora::cuda
