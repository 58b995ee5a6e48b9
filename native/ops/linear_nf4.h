#pragma once
// Frozen weights in four bits a number (cpu::Nf4), as lora::prepack_linear_nf4 makes them and lora::linear takes them.
#include "ops/cpu/kernels.h"
#include "ops/linear.h"

namespace torch_lora {

// Whether `packed` holds weights in four bits.
inline bool holds_nf4(const at::Tensor& packed) { return packed.defined() && packed.scalar_type() == at::kByte; }

// The weights of a tensor made by lora::prepack_linear_nf4, one a segment. Raises ValueError when it was made of
// weights of other shapes.
std::vector<cpu::Nf4> nf4_weights(const at::Tensor& packed, const LinearSegments& segments);

}  // namespace torch_lora
