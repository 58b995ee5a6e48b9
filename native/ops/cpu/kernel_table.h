// The tables of one instruction set. Included last by each kernels_<isa>.cpp.

namespace torch_lora {
namespace TORCH_LORA_ISA {

template <class T>
constexpr cpu::GemmKernels<T> kGemmTable{
    {Simd<T>::lanes, kPanelVectors, kMaxPanelVectors}, &gemm_scratch<T>, &gemm<T>, &pack_panel<T>};

template <class T>
constexpr cpu::Kernels<T> kTable{
    &attention_scratch<T>,
    &attention_forward<T>,
    &attention_backward<T>,
    &disentangled_scratch<T>,
    &disentangled_forward<T>,
    &disentangled_backward<T>,
    &norm_forward<T>,
    &norm_backward<T>,
    &dropout<T>,
    &gelu<T>,
    &gelu_backward<T>,
    &rotary<T>,
    &geglu<T>,
    &geglu_backward<T>,
};

}  // namespace TORCH_LORA_ISA

namespace cpu {

#define TORCH_LORA_JOIN2(isa, name) isa##_##name
#define TORCH_LORA_JOIN(isa, name) TORCH_LORA_JOIN2(isa, name)
const Kernels<float>& TORCH_LORA_JOIN(TORCH_LORA_ISA, float)() { return TORCH_LORA_ISA::kTable<float>; }
const Kernels<double>& TORCH_LORA_JOIN(TORCH_LORA_ISA, double)() { return TORCH_LORA_ISA::kTable<double>; }
const Kernels<bf16>& TORCH_LORA_JOIN(TORCH_LORA_ISA, bf16)() { return TORCH_LORA_ISA::kTable<bf16>; }
const GemmKernels<float>& TORCH_LORA_JOIN(TORCH_LORA_ISA, float_gemm)() { return TORCH_LORA_ISA::kGemmTable<float>; }
const GemmKernels<double>& TORCH_LORA_JOIN(TORCH_LORA_ISA, double_gemm)() { return TORCH_LORA_ISA::kGemmTable<double>; }

}  // namespace cpu
}  // namespace torch_lora
