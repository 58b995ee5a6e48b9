// lora::prepack_linear_nf4: weights in the four bits a number that bitsandbytes keeps them in, bit for bit;
// lora::linear makes panels of them as it packs.
#include "ops/linear_nf4.h"

#include "ops/pch.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "ops/check.h"
#include "ops/parallel.h"

namespace torch_lora {
namespace {

constexpr int64_t kLine = 64;                                   // parts of a packed tensor start at cache lines
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();  // the header holds sizes as int32
constexpr int64_t kGrain = 256;                                 // blocks below which another thread does not pay

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }
int64_t blocks_of(int64_t numbers) { return (numbers + cpu::kNf4Block - 1) / cpu::kNf4Block; }

// Where the parts of one weight lie, in bytes from its start: scales, then codes.
struct Part {
  int64_t codes, end;

  explicit Part(int64_t numbers)
      : codes(round_up(4 * blocks_of(numbers), kLine)), end(codes + round_up((numbers + 1) / 2, kLine)) {}
};

// What a packed tensor begins with: how many weights there are, their inputs, and the outputs of each; int32.
std::vector<int32_t> header_of(at::TensorList weights) {
  std::vector<int32_t> header{static_cast<int32_t>(weights.size()), static_cast<int32_t>(weights[0].size(1))};
  for (const auto& weight : weights) header.push_back(static_cast<int32_t>(weight.size(0)));
  return header;
}

int64_t header_bytes(at::TensorList weights) { return round_up(4 * (2 + static_cast<int64_t>(weights.size())), kLine); }

int64_t packed_bytes(at::TensorList weights) {
  int64_t bytes = header_bytes(weights);
  for (const auto& weight : weights) bytes += Part(weight.numel()).end;
  return bytes;
}

void check_weights(at::TensorList weights) {
  TORCH_CHECK_VALUE(!weights.empty(), "prepack_linear_nf4: expected at least one weight, received an empty list");
  for (const auto& weight : weights) {
    check_strided("prepack_linear_nf4", "weight", weight);
    TORCH_CHECK_VALUE(
        weight.dim() == 2 && weight.size(0) > 0 && weight.size(1) > 0 && weight.size(1) == weights[0].size(1),
        "prepack_linear_nf4: expected weights [out, in] with one in, none of them empty, received ", weights[0].sizes(),
        " and ", weight.sizes());
    TORCH_CHECK_TYPE(weight.scalar_type() == at::kFloat, "prepack_linear_nf4: expected float weights, received ",
                     weight.scalar_type());
    TORCH_CHECK_VALUE(weight.device() == weights[0].device(),
                      "prepack_linear_nf4: expected weights on one device, received ", weights[0].device(), " and ",
                      weight.device());
    check_packable("prepack_linear_nf4", weight);
    TORCH_CHECK_VALUE(weight.size(0) <= kMost && weight.size(1) <= kMost,
                      "prepack_linear_nf4: expected weights of at most ", kMost, " rows and columns, received ",
                      weight.sizes());
  }
}

// Above how many of these, halves of neighbouring levels in float, a number lies: its code; of two levels as near the
// lower one.
constexpr float kBounds[15] = {
    -0.8480963706970215f,  -0.6106328964233398f,   -0.4599952697753906f, -0.33967941999435425f, -0.23460739850997925f,
    -0.13791173696517944f, -0.045525018125772476f, 0.03979014977812767f, 0.120255246758461f,    0.2035212516784668f,
    0.2920137643814087f,   0.3893125355243683f,    0.5016634464263916f,  0.6427869200706482f,   0.8614784479141235f,
};

uint8_t nearest(float value) {
  uint8_t level = 0;
  for (uint8_t step = 8; step > 0; step /= 2) {
    if (kBounds[level + step - 1] < value) level = static_cast<uint8_t>(level + step);
  }
  return level;
}

// One block, as bitsandbytes quantizes it on the CPU (0.50.2, backends/default/ops.py, quantize_4bit): the last one,
// where it is not whole, is divided where others are multiplied.
void quantize_block(const float* from, int64_t count, uint8_t* codes, float* absmax) {
  const bool whole = count == cpu::kNf4Block;
  float largest = 0.0f;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(from[i]));
  const float divisor = std::max(largest, 1e-38f), inverse = 1.0f / divisor;
  *absmax = whole ? largest : divisor;
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t level = nearest(whole ? from[i] * inverse : from[i] / divisor);
    codes[i / 2] = static_cast<uint8_t>(i % 2 == 0 ? (level << 4) | 7 : (codes[i / 2] & 0xf0) | level);
  }
}

at::Tensor prepack_linear_nf4(at::TensorList weights) {
  check_weights(weights);
  const at::NoGradGuard no_grad;
  at::Tensor packed = at::zeros({packed_bytes(weights)}, weights[0].options().dtype(at::kByte).requires_grad(false));
  uint8_t* const out = packed.data_ptr<uint8_t>();
  const std::vector<int32_t> header = header_of(weights);
  std::memcpy(out, header.data(), header.size() * sizeof(int32_t));
  uint8_t* to = out + header_bytes(weights);
  for (const auto& weight : weights) {
    const at::Tensor source = weight.detach().contiguous();
    const float* const from = source.const_data_ptr<float>();
    const int64_t numbers = weight.numel();
    auto* const absmax = reinterpret_cast<float*>(to);
    uint8_t* const codes = to + Part(numbers).codes;
    parallel("nf4", 0, blocks_of(numbers), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t first = b * cpu::kNf4Block;
        quantize_block(from + first, std::min(cpu::kNf4Block, numbers - first), codes + first / 2, absmax + b);
      }
    });
    to += Part(numbers).end;
  }
  return packed;
}

at::Tensor prepack_linear_nf4_meta(at::TensorList weights) {
  check_weights(weights);
  return at::empty({packed_bytes(weights)}, weights[0].options().dtype(at::kByte));
}

}  // namespace

std::vector<cpu::Nf4> nf4_weights(const at::Tensor& packed, const LinearSegments& segments) {
  check_strided("linear", "packed", packed);
  std::vector<at::Tensor> weights;
  for (const auto& part : segments.parts) weights.push_back(part.weight);
  const int64_t bytes = packed_bytes(weights);
  const bool fits = packed.dim() == 1 && packed.is_contiguous() && packed.device() == weights[0].device() &&
                    packed.numel() == bytes && weights[0].size(1) <= kMost;
  const std::vector<int32_t> header = header_of(weights);
  TORCH_CHECK_VALUE(fits && std::memcmp(packed.const_data_ptr(), header.data(), header.size() * sizeof(int32_t)) == 0,
                    "linear: expected ", bytes, " bytes as prepack_linear_nf4 makes them of these weights, received ",
                    packed.sizes(), " of ", packed.scalar_type(), " made of others");
  std::vector<cpu::Nf4> found;
  const uint8_t* from = packed.const_data_ptr<uint8_t>() + header_bytes(weights);
  for (const auto& weight : weights) {
    const Part part(weight.numel());
    found.push_back({from + part.codes, reinterpret_cast<const float*>(from)});
    from += part.end;
  }
  return found;
}

TORCH_LIBRARY_FRAGMENT(lora, m) { m.def("prepack_linear_nf4(Tensor[] weight) -> Tensor"); }
TORCH_LIBRARY_IMPL(lora, CPU, m) { m.impl("prepack_linear_nf4", prepack_linear_nf4); }
TORCH_LIBRARY_IMPL(lora, Meta, m) { m.impl("prepack_linear_nf4", prepack_linear_nf4_meta); }

}  // namespace torch_lora
