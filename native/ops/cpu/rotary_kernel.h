// Rotary positions (Su et al., RoFormer, 2021), and the gated GELU. Included once an instruction set, see simd.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

// Elements d and d + D / 2 of every query and key turn by the angle of their token; the value stays.
template <class T>
void rotary(const Rotary<T>& a, int64_t token0, int64_t token1) {
  const int64_t half = a.head_size / 2, size = a.head_size;
  for (int64_t t = token0; t < token1; ++t) {
    const T* const cosine = a.cosine + t * half;
    const T* const sine = a.sine + t * half;
    T* y = a.y + t * 3 * a.heads * size;
    for (int64_t part = 0; part < 3; ++part) {
      for (int64_t head = 0; head < a.heads; ++head, y += size) {
        const T* const x = a.qkv + t * a.token_stride + part * a.part_stride + head * a.head_stride;
        if (part == 2) {
          __builtin_memcpy(y, x, static_cast<uint64_t>(size) * sizeof(T));
          continue;
        }
        each_vector<T>(half, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
          const Vec<T> c = read(cosine + n, count), s = read(sine + n, count);
          const Vec<T> first = read(x + n, count), second = read(x + half + n, count);
          write(y + n, first * c - second * s, count);
          write(y + half + n, second * c + first * s, count);
        });
      }
    }
  }
}

// y = gelu(x[:, :width]) * x[:, width:]
template <class T>
void geglu(const T* x, T* y, int64_t width, int64_t row0, int64_t row1) {
  for (int64_t r = row0; r < row1; ++r) {
    const T* const in = x + r * 2 * width;
    each_vector<T>(width, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      write(y + r * width + n, gelu_value(read(in + n, count)) * read(in + width + n, count), count);
    });
  }
}

template <class T>
void geglu_backward(const T* grad, const T* x, T* dx, int64_t width, int64_t row0, int64_t row1) {
  for (int64_t r = row0; r < row1; ++r) {
    const T* const in = x + r * 2 * width;
    T* const out = dx + r * 2 * width;
    each_vector<T>(width, [&](int64_t n, int64_t count) TORCH_LORA_LAMBDA {
      const Vec<T> g = read(grad + r * width + n, count), value = read(in + n, count);
      const Vec<T> gate = read(in + width + n, count);
      write(out + n, g * gate * gelu_derivative(value), count);
      write(out + width + n, g * gelu_value(value), count);
    });
  }
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
