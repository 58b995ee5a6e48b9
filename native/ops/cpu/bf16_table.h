// The table of one instruction set's products of bfloat16 (see bf16.h).

namespace torch_lora {
namespace TORCH_LORA_ISA {

constexpr cpu::Bf16Kernels kBf16Table{kPair,          &bf16_gemm_scratch, &bf16_gemm,
                                      &bf16_pack_all, &skinny_project,    &skinny_gather};

}  // namespace TORCH_LORA_ISA

namespace cpu {

#define TORCH_LORA_BF16_NAME2(isa) isa##_bf16_products
#define TORCH_LORA_BF16_NAME(isa) TORCH_LORA_BF16_NAME2(isa)
const Bf16Kernels& TORCH_LORA_BF16_NAME(TORCH_LORA_ISA)() { return TORCH_LORA_ISA::kBf16Table; }

}  // namespace cpu
}  // namespace torch_lora
