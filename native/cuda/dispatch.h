#pragma once
// The element types that the kernels are compiled for, and the type of their arithmetic.
#include <ATen/core/Tensor.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace torch_lora::cuda {

template <class T, class A>
struct Types {
  using Element = T;
  using Math = A;
};

// Calls body(Types<T, A>{}) for the tensor's type; `op` is named where there are no kernels for it.
template <class Body>
void dispatch(const char* op, const at::Tensor& tensor, const Body& body) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return body(Types<float, float>{});
    case at::kDouble:
      return body(Types<double, double>{});
    case at::kHalf:
      return body(Types<__half, float>{});
    case at::kBFloat16:
      return body(Types<__nv_bfloat16, float>{});
    default:
      TORCH_CHECK_TYPE(false, op, ": expected float32, float64, float16 or bfloat16, received ", tensor.scalar_type());
  }
}

// The data of a tensor as the kernels' own types name it; null for an undefined tensor.
template <class T>
const T* read(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<const T*>(tensor.const_data_ptr()) : nullptr;
}
template <class T>
T* written(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.mutable_data_ptr()) : nullptr;
}

}  // namespace torch_lora::cuda
