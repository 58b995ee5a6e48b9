// Vectors of the instruction set that the including file is compiled for, on GCC's and Clang's vector extension.
//
// No include guard and no std:: here, on purpose: each kernels_<isa>.cpp includes this once inside its own
// namespace TORCH_LORA_ISA. A std:: template compiled here could be merged by the linker with the copy that every
// other file uses, and then fault on a machine without these instructions.

#if defined(__AVX512F__)
#define TORCH_LORA_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define TORCH_LORA_VECTOR_BYTES 32
#else
#define TORCH_LORA_VECTOR_BYTES 16
#endif

#define TORCH_LORA_UNROLL _Pragma("GCC unroll 32")

#if defined(__clang__)
#error "The CPU kernels are written for GCC's __builtin_shuffle: build with GCC 10 or later."
#endif

namespace torch_lora {
namespace TORCH_LORA_ISA {

typedef float vfloat __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES)));
typedef double vdouble __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES)));
typedef int32_t vint __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES)));
typedef uint32_t vuint __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES)));
// As many 32-bit lanes as a vdouble has lanes.
typedef uint32_t vuint_half __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES / 2)));
typedef int64_t vlong __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES)));

template <class T>
struct Simd;
template <>
struct Simd<float> {
  using V = vfloat;
  using Mask = vint;
  using U = vuint;
  static constexpr int lanes = TORCH_LORA_VECTOR_BYTES / 4;
};
template <>
struct Simd<double> {
  using V = vdouble;
  using Mask = vlong;
  using U = vuint_half;
  static constexpr int lanes = TORCH_LORA_VECTOR_BYTES / 8;
};
template <>
struct Simd<bf16> : Simd<float> {};  // widened as it is loaded, rounded as it is stored
template <class T>
using Vec = typename Simd<T>::V;

template <class T>
TORCH_LORA_INLINE Vec<T> load(const T* p) {
  Vec<T> v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}
template <class T>
TORCH_LORA_INLINE void store(T* p, Vec<T> v) {
  __builtin_memcpy(p, &v, sizeof(v));
}
typedef uint16_t vhalf __attribute__((vector_size(TORCH_LORA_VECTOR_BYTES / 2)));
TORCH_LORA_INLINE vfloat load(const bf16* p) {
  vhalf half;
  __builtin_memcpy(&half, p, sizeof(half));
  const vuint bits = __builtin_convertvector(half, vuint) << 16;
  vfloat v;
  __builtin_memcpy(&v, &bits, sizeof(v));
  return v;
}
// To the nearest, ties to even; what is not a number stays so.
TORCH_LORA_INLINE void store(bf16* p, vfloat v) {
  vuint bits;
  __builtin_memcpy(&bits, &v, sizeof(bits));
  const vuint nearest = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16, nan = (bits >> 16) | 0x40u;
  const vint number = v == v;
  const vhalf half = __builtin_convertvector(number ? nearest : nan, vhalf);
  __builtin_memcpy(p, &half, sizeof(half));
}
// The first n lanes; the others are zero (load) or untouched (store).
template <class T>
TORCH_LORA_INLINE Vec<T> load_partial(const T* p, int64_t n) {
  T lanes[Simd<T>::lanes] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  return load(lanes);
}
template <class T>
TORCH_LORA_INLINE void store_partial(T* p, Vec<T> v, int64_t n) {
  T lanes[Simd<T>::lanes];
  store(lanes, v);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
}
template <class T>
TORCH_LORA_INLINE Vec<T> splat(T value) {
  return value - Vec<T>{};
}
template <class T>
TORCH_LORA_INLINE Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return a > b ? a : b;
}

// Lane i meets lane i ^ Distance: log2(lanes) such steps leave the combined value in every lane.
template <class T, int Distance>
TORCH_LORA_INLINE Vec<T> exchanged(Vec<T> v) {
  typename Simd<T>::Mask order{};
  TORCH_LORA_UNROLL
  for (int i = 0; i < Simd<T>::lanes; ++i) order[i] = i ^ Distance;
  return __builtin_shuffle(v, order);
}
template <class T, int Distance = Simd<T>::lanes / 2>
TORCH_LORA_INLINE T reduce_add(Vec<T> v) {
  v += exchanged<T, Distance>(v);
  if constexpr (Distance > 1) {
    return reduce_add<T, Distance / 2>(v);
  } else {
    return v[0];
  }
}
template <class T, int Distance = Simd<T>::lanes / 2>
TORCH_LORA_INLINE T reduce_max(Vec<T> v) {
  v = maximum<T>(v, exchanged<T, Distance>(v));
  if constexpr (Distance > 1) {
    return reduce_max<T, Distance / 2>(v);
  } else {
    return v[0];
  }
}

// e^x. float: Cody-Waite reduction by ln 2 and a polynomial of degree 6, relative error below 2e-7; 0 below -87.
TORCH_LORA_INLINE vfloat exponential(vfloat x) {
  const vfloat low = splat<float>(-87.0f), high = splat<float>(88.0f);
  const vint underflow = x < low;
  x = x < low ? low : x;
  x = x > high ? high : x;
  const vfloat magic = splat<float>(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const vfloat shifted = x * 1.44269504088896341f + magic;
  const vfloat n = shifted - magic;
  vfloat r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  vfloat p = r * 1.3888889e-3f + 8.3333333e-3f;
  p = p * r + 4.1666667e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  vuint bits;  // unsigned, which may wrap: lanes behind a row's end hold anything
  __builtin_memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits << 23) + (127u << 23);
  vfloat power;
  __builtin_memcpy(&power, &bits, sizeof(power));
  const vfloat result = p * power;
  return underflow ? vfloat{} : result;
}
// double exists for gradient checks: exactness matters there and speed does not.
TORCH_LORA_INLINE vdouble exponential(vdouble x) {
  for (int i = 0; i < Simd<double>::lanes; ++i) x[i] = __builtin_exp(x[i]);
  return x;
}

// 0, 1, 2, ... as 32-bit lanes of T's width.
template <class T>
TORCH_LORA_INLINE typename Simd<T>::U lane_numbers() {
  typename Simd<T>::U u{};
  TORCH_LORA_UNROLL
  for (int i = 0; i < Simd<T>::lanes; ++i) u[i] = static_cast<uint32_t>(i);
  return u;
}

// What dropout multiplies columns column, column + 1, ... of one row by: 0 or keep_scale.
TORCH_LORA_INLINE vfloat keep_at(RowKey key, int64_t column, const Dropout<float>& dropout) {
  const vuint bits = random_bits(key, lane_numbers<float>() + static_cast<uint32_t>(column));
  return bits >= dropout.bound ? splat<float>(dropout.keep_scale) : vfloat{};
}
TORCH_LORA_INLINE vdouble keep_at(RowKey key, int64_t column, const Dropout<double>& dropout) {
  const vuint_half bits = random_bits(key, lane_numbers<double>() + static_cast<uint32_t>(column));
  vdouble factor{};
  for (int i = 0; i < Simd<double>::lanes; ++i) factor[i] = bits[i] >= dropout.bound ? dropout.keep_scale : 0.0;
  return factor;
}
template <class T>
TORCH_LORA_INLINE RowKey key_of(const Dropout<T>& dropout, int64_t row) {
  return dropout.active ? row_key(dropout.seed, dropout.first_row + static_cast<uint64_t>(row)) : RowKey{};
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
