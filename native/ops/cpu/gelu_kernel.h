// Exact GELU, x Phi(x), and its derivative Phi(x) + x phi(x). Included once an instruction set, see simd.h.
//
// float: Phi(-|x|) = exp(-x^2 / 2) P(t), t = 1 / (1 + 0.34 |x|), P of degree 9 fitted for least relative error
// on [0, 14] (3e-8 exact, 3e-7 in float), so the left tail keeps its relative accuracy.

namespace torch_lora {
namespace TORCH_LORA_ISA {

TORCH_LORA_INLINE void normal(vfloat x, vfloat& cumulative, vfloat& bell) {
  const vfloat magnitude = x < vfloat{} ? -x : x;
  bell = exponential(x * x * -0.5f);
  const vfloat t = 1.0f / (magnitude * 0.34f + 1.0f);
  vfloat p = t * -0.026121489703655243f + 0.13950423896312714f;
  p = p * t + -0.27314212918281555f;
  p = p * t + 0.20219287276268005f;
  p = p * t + -0.04472510516643524f;
  p = p * t + 0.11536181718111038f;
  p = p * t + 0.11519702523946762f;
  p = p * t + 0.1361122727394104f;
  p = p * t + 0.13562050461769104f;
  const vfloat left = p * t * bell;
  cumulative = x < vfloat{} ? left : 1.0f - left;
}
TORCH_LORA_INLINE void normal(vdouble x, vdouble& cumulative, vdouble& bell) {
  bell = exponential(x * x * -0.5);
  for (int i = 0; i < Simd<double>::lanes; ++i) cumulative[i] = 0.5 * __builtin_erfc(-x[i] * 0.70710678118654752440);
}

template <class V>
TORCH_LORA_INLINE V gelu_value(V x) {
  V cumulative, bell;
  normal(x, cumulative, bell);
  return x * cumulative;
}
template <class V>
TORCH_LORA_INLINE V gelu_derivative(V x) {
  V cumulative, bell;
  normal(x, cumulative, bell);
  constexpr float kFloat = 0.39894228040143267794f;  // 1 / sqrt(2 pi)
  constexpr double kDouble = 0.39894228040143267794;
  if constexpr (sizeof(x[0]) == 4) {
    return cumulative + x * bell * kFloat;
  } else {
    return cumulative + x * bell * kDouble;
  }
}

template <class T>
void gelu(const T* x, T* y, int64_t count) {
  constexpr int lanes = Simd<T>::lanes;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(y + i, gelu_value(load(x + i)));
  if (i < count) store_partial(y + i, gelu_value(load_partial(x + i, count - i)), count - i);
}

template <class T>
void gelu_backward(const T* grad, const T* x, T* dx, int64_t count) {
  constexpr int lanes = Simd<T>::lanes;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(dx + i, load(grad + i) * gelu_derivative(load(x + i)));
  if (i < count) {
    const int64_t rest = count - i;
    store_partial(dx + i, load_partial(grad + i, rest) * gelu_derivative(load_partial(x + i, rest)), rest);
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
