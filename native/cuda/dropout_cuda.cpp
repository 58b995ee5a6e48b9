// lora::_dropout and lora::dropout_mask on CUDA: one kernel, where the composition takes a dozen and waits for the CPU.
#include "ops/pch.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/dropout_kernels.h"
#include "cuda/seed.h"
#include "ops/random_ops.h"

namespace torch_lora::cuda {
namespace {

// `x` undefined: the mask itself.
void run(const at::Tensor& x, at::Tensor& y, const at::Tensor& seed, double p) {
  const c10::cuda::CUDAGuard guard(y.device());
  const int64_t columns = y.dim() == 0 ? 1 : y.size(-1);
  const DropoutArguments arguments{columns == 0 ? 0 : y.numel() / columns, columns, kernel_seed(seed), drop_bound(p),
                                   keep_scale(p)};
  const auto call = [&](auto element, auto math) {
    using T = decltype(element);
    const T* source = x.defined() ? static_cast<const T*>(x.const_data_ptr()) : nullptr;
    dropout<T, decltype(math)>(source, static_cast<T*>(y.mutable_data_ptr()), arguments,
                               c10::cuda::getCurrentCUDAStream());
  };
  switch (y.scalar_type()) {
    case at::kFloat: return call(float{}, float{});
    case at::kDouble: return call(double{}, double{});
    case at::kHalf: return call(__half{}, float{});
    case at::kBFloat16: return call(__nv_bfloat16{}, float{});
    default:
      TORCH_CHECK_TYPE(false, "dropout: expected float32, float64, float16 or bfloat16, received ", y.scalar_type());
  }
}

at::Tensor apply(const at::Tensor& x, const at::Tensor& seed, double p) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  run(x.contiguous(), y, seed, p);
  return y;
}

at::Tensor mask(const at::Tensor& seed, at::IntArrayRef size, double p, const at::Tensor& like) {
  check_dropout("dropout_mask", p);
  at::Tensor y = at::empty(size, like.options());
  run({}, y, seed, p);
  return y;
}

}  // namespace

TORCH_LIBRARY_IMPL(lora, CUDA, m) {
  m.impl("_dropout", apply);
  m.impl("dropout_mask", mask);
}

}  // namespace torch_lora::cuda
