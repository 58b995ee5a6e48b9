// Attention over elements of bfloat16, plain and disentangled: a task widens the rows of its head into scratch, where
// the kernels of float meet them, and rounds what they find. Scores, softmax and all sums are float's. Included once an
// instruction set, see simd.h.

namespace torch_lora {
namespace TORCH_LORA_ISA {

TORCH_LORA_INLINE void rounded(const float* from, int64_t count, bf16* to) {
  constexpr int lanes = Simd<float>::lanes;
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, load(from + i));
  if (i < count) store_partial(to + i, load_partial(from + i, count - i), count - i);
}

// Floats to the next cache line.
TORCH_LORA_INLINE int64_t whole_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

// All of a call but where its elements lie.
TORCH_LORA_INLINE Attention<float> in_float(const Attention<bf16>& a) {
  Attention<float> f{};
  f.logsumexp = a.logsumexp;
  f.tokens = a.tokens;
  f.heads = a.heads;
  f.head_size = a.head_size;
  f.left = a.left;
  f.right = a.right;
  f.scale = a.scale;
  f.dropout = a.dropout;
  return f;
}

// One head's rows: queries [q0, q1), keys and values [first, end) of the sequence that starts at token `start`, widened
// to [3, end - first, D]. `f` finds its rows there, and those of its result in `out`, where q0's is the first.
TORCH_LORA_INLINE void widen_head(const Attention<bf16>& a, int64_t start, int64_t head, int64_t q0, int64_t q1,
                                  int64_t first, int64_t end, float* rows, float* out, Attention<float>& f) {
  const int64_t size = a.head_size, count = end - first;
  for (int64_t part = 0; part < 3; ++part) {
    const bf16* const from = a.qkv + part * a.part_stride + head * a.head_stride;
    for (int64_t i = part == 0 ? q0 : first; i < (part == 0 ? q1 : end); ++i) {
      widen(from + (start + i) * a.token_stride, size, rows + (part * count + i - first) * size);
    }
  }
  f.qkv = rows - (start + first) * size;
  f.token_stride = size;
  f.part_stride = count * size;
  f.head_stride = 0;
  f.out_row = size;
  f.out = out - (start + q0 + head) * size;
}

// What backward reads and writes beside: out and dout [L, D], dqkv [L, 3, D].
struct WidenedGradients {
  float *out, *dout, *dqkv, *rest;

  TORCH_LORA_INLINE WidenedGradients(const Attention<bf16>& a, int64_t start, int64_t length, int64_t head,
                                     float* scratch, Attention<float>& f) {
    const int64_t size = a.head_size;
    float* const rows = scratch;
    out = rows + 3 * length * size;
    dout = out + length * size;
    dqkv = dout + length * size;
    rest = scratch + whole_lines(8 * length * size);
    widen_head(a, start, head, 0, length, 0, length, rows, out, f);
    for (int64_t i = 0; i < length; ++i) {
      widen(a.out + (start + i) * a.out_row + head * size, size, out + i * size);
      widen(a.dout + (start + i) * a.dout_token_stride + head * a.dout_head_stride, size, dout + i * size);
    }
    f.dout = dout - start * size;
    f.dout_token_stride = size;
    f.dout_head_stride = 0;
    f.dqkv = dqkv - (3 * start + head) * size;
  }

  TORCH_LORA_INLINE void write(const Attention<bf16>& a, int64_t start, int64_t length, int64_t head) const {
    const int64_t size = a.head_size;
    for (int64_t row = 0; row < 3 * length; ++row) {
      rounded(dqkv + row * size, size, a.dqkv + (3 * start + row) * a.out_row + head * size);
    }
  }
};

TORCH_LORA_INLINE void write_out(const Attention<bf16>& a, int64_t start, int64_t head, int64_t q0, int64_t q1,
                                 const float* out) {
  for (int64_t i = q0; i < q1; ++i) {
    rounded(out + (i - q0) * a.head_size, a.head_size, a.out + (start + i) * a.out_row + head * a.head_size);
  }
}

template <>
int64_t attention_scratch<bf16>(const Attention<bf16>& a, int64_t length, int64_t rows, bool backward) {
  const int64_t widened = backward ? 8 * length : 3 * keys_at_hand(a, length, rows) + rows;
  return whole_lines(widened * a.head_size) * int64_t(sizeof(float)) +
         attention_scratch<float>(in_float(a), length, rows, backward);
}

template <>
void attention_forward<bf16>(const Attention<bf16>& a, int64_t start, int64_t length, int64_t head, int64_t q0,
                             int64_t q1, void* scratch) {
  const int64_t first = q0 > a.left ? q0 - a.left : 0, end = q1 + a.right < length ? q1 + a.right : length;
  float* const rows = static_cast<float*>(scratch);
  float* const out = rows + 3 * (end - first) * a.head_size;
  Attention<float> f = in_float(a);
  widen_head(a, start, head, q0, q1, first, end, rows, out, f);
  attention_forward<float>(f, start, length, head, q0, q1,
                           rows + whole_lines((3 * (end - first) + q1 - q0) * a.head_size));
  write_out(a, start, head, q0, q1, out);
}

template <>
void attention_backward<bf16>(const Attention<bf16>& a, int64_t start, int64_t length, int64_t head, void* scratch) {
  Attention<float> f = in_float(a);
  const WidenedGradients widened(a, start, length, head, static_cast<float*>(scratch), f);
  attention_backward<float>(f, start, length, head, widened.rest);
  widened.write(a, start, length, head);
}

template <>
int64_t disentangled_scratch<bf16>(int64_t length, int64_t head_size, int64_t positions, bool backward) {
  return whole_lines((backward ? 8 : 4) * length * head_size) * int64_t(sizeof(float)) +
         disentangled_scratch<float>(length, head_size, positions, backward);
}

template <>
void disentangled_forward<bf16>(const Attention<bf16>& a, const Positions<float>& p, int64_t start, int64_t length,
                                int64_t head, int64_t q0, int64_t q1, void* scratch) {
  float* const rows = static_cast<float*>(scratch);
  float* const out = rows + 3 * length * a.head_size;
  Attention<float> f = in_float(a);
  widen_head(a, start, head, q0, q1, 0, length, rows, out, f);
  disentangled_forward<float>(f, p, start, length, head, q0, q1, rows + whole_lines(4 * length * a.head_size));
  write_out(a, start, head, q0, q1, out);
}

template <>
void disentangled_backward<bf16>(const Attention<bf16>& a, const Positions<float>& p, int64_t start, int64_t length,
                                 int64_t head, void* scratch) {
  Attention<float> f = in_float(a);
  const WidenedGradients widened(a, start, length, head, static_cast<float*>(scratch), f);
  disentangled_backward<float>(f, p, start, length, head, widened.rest);
  widened.write(a, start, length, head);
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
