// Chooses the kernels of this machine, once.
#include <ATen/Version.h>

#if defined(__aarch64__)
#include <sys/auxv.h>

#include <cstdlib>
#endif
#include <string>

#include "ops/cpu/bf16.h"
#include "ops/cpu/instructions.h"
#include "ops/cpu/int8.h"
#include "ops/cpu/kernels.h"

namespace torch_lora::cpu {
namespace {

enum class InstructionSet { baseline, avx2, avx512 };

// ATen's own answer, so that ATEN_CPU_CAPABILITY limits both libraries alike.
InstructionSet instruction_set() {
#if defined(__x86_64__)
  const std::string capability = at::get_cpu_capability();
  if (capability == "AVX512") return InstructionSet::avx512;
  if (capability == "AVX2") return InstructionSet::avx2;
#endif
  return InstructionSet::baseline;
}

template <class Table>
const Table& choose(const Table& (*baseline)(), [[maybe_unused]] const Table& (*avx2)(),
                    [[maybe_unused]] const Table& (*avx512)()) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return avx512();
    case InstructionSet::avx2:
      return avx2();
    default:
      return baseline();
  }
}

#if defined(__aarch64__)
// ATen's own answer does not tell of SDOT; ATEN_CPU_CAPABILITY=default goes without it, as it goes without AVX2.
bool has_dotprod() {
  const char* const limit = std::getenv("ATEN_CPU_CAPABILITY");
  if (limit != nullptr && std::string(limit) == "default") return false;
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}
#endif

#if defined(__x86_64__)
// Instructions that some processors with AVX-512 have.
bool multiplies_bytes() { return __builtin_cpu_supports("avx512vnni"); }
bool multiplies_bf16() { return __builtin_cpu_supports("avx512bf16"); }
#else
constexpr auto avx2_float = baseline_float, avx512_float = baseline_float;
constexpr auto avx2_double = baseline_double, avx512_double = baseline_double;
constexpr auto avx2_bf16 = baseline_bf16, avx512_bf16 = baseline_bf16;
constexpr auto avx2_float_gemm = baseline_float_gemm, avx512_float_gemm = baseline_float_gemm;
constexpr auto avx2_double_gemm = baseline_double_gemm, avx512_double_gemm = baseline_double_gemm;
constexpr auto avx2_int8 = baseline_int8, avx512_int8 = baseline_int8, avx512_vnni_int8 = baseline_int8;
constexpr auto avx2_bf16_products = baseline_bf16_products, avx512_bf16_products = baseline_bf16_products,
               avx512_bf16_bf16_products = baseline_bf16_products;
constexpr bool multiplies_bytes() { return false; }
constexpr bool multiplies_bf16() { return false; }
#endif

}  // namespace

template <>
const Kernels<float>& kernels<float>() {
  static const Kernels<float>& table = choose(baseline_float, avx2_float, avx512_float);
  return table;
}
template <>
const Kernels<double>& kernels<double>() {
  static const Kernels<double>& table = choose(baseline_double, avx2_double, avx512_double);
  return table;
}
template <>
const Kernels<bf16>& kernels<bf16>() {
  static const Kernels<bf16>& table = choose(baseline_bf16, avx2_bf16, avx512_bf16);
  return table;
}

template <>
const GemmKernels<float>& gemm_kernels<float>() {
  static const GemmKernels<float>& table = choose(baseline_float_gemm, avx2_float_gemm, avx512_float_gemm);
  return table;
}
template <>
const GemmKernels<double>& gemm_kernels<double>() {
  static const GemmKernels<double>& table = choose(baseline_double_gemm, avx2_double_gemm, avx512_double_gemm);
  return table;
}

const Bf16Kernels& bf16_kernels() {
  static const Bf16Kernels& table = choose(baseline_bf16_products, avx2_bf16_products,
                                           multiplies_bf16() ? avx512_bf16_bf16_products : avx512_bf16_products);
  return table;
}

const Int8Kernels& int8_kernels() {
#if defined(__aarch64__)
  static const Int8Kernels& table = has_dotprod() ? dotprod_int8() : baseline_int8();
#else
  static const Int8Kernels& table =
      choose(baseline_int8, avx2_int8, multiplies_bytes() ? avx512_vnni_int8 : avx512_int8);
#endif
  return table;
}

std::vector<std::string> instructions() {
  std::vector<std::string> names;
  if (instruction_set() != InstructionSet::avx512) return names;
  if (multiplies_bf16()) names.emplace_back("AVX512-BF16");
  if (multiplies_bytes()) names.emplace_back("AVX512-VNNI");
  return names;
}

}  // namespace torch_lora::cpu
