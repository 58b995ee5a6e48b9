// Chooses the kernels of this machine, once.
#include <ATen/Version.h>

#if defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <cstdlib>
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

enum class Amx { none, emulated, real };

// Linux lets a process use the tile registers once it has asked (Documentation/arch/x86/xstate.rst).
bool tiles_allowed() {
  constexpr int64_t kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// Leaf 7's bits 22, 24 and 25 of edx are AMX-BF16, AMX-TILE and AMX-INT8: every processor with one has had all.
bool has_tiles() {
  constexpr uint32_t kAll = 1u << 22 | 1u << 24 | 1u << 25;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAll) == kAll && tiles_allowed();
}

// TORCH_LORA_AMX=off goes without it, as ATEN_CPU_CAPABILITY goes without AVX-512; =emulated is for tests.
Amx amx() {
  static const Amx found = [] {
    const char* const asked = std::getenv("TORCH_LORA_AMX");
    const std::string wish = asked == nullptr ? "" : asked;
    if (wish == "emulated") return Amx::emulated;
    return wish != "off" && multiplies_bf16() && multiplies_bytes() && has_tiles() ? Amx::real : Amx::none;
  }();
  return found;
}

bool multiplies_by_tiles() { return amx() == Amx::real; }

// The products of a processor with AVX-512: of AMX where there is that, else of what AVX-512 has there.
template <class Table>
const Table& (*products(const Table& (*real)(), const Table& (*emulated)(), const Table& (*without)()))() {
  switch (amx()) {
    case Amx::real:
      return real;
    case Amx::emulated:
      return emulated;
    default:
      return without;
  }
}
auto bf16_products() {
  return products(amx_bf16_products, amx_emulated_bf16_products,
                  multiplies_bf16() ? avx512_bf16_bf16_products : avx512_bf16_products);
}
auto int8_products() {
  return products(amx_int8, amx_emulated_int8, multiplies_bytes() ? avx512_vnni_int8 : avx512_int8);
}
#else
constexpr auto avx2_float = baseline_float, avx512_float = baseline_float;
constexpr auto avx2_double = baseline_double, avx512_double = baseline_double;
constexpr auto avx2_bf16 = baseline_bf16, avx512_bf16 = baseline_bf16;
constexpr auto avx2_float_gemm = baseline_float_gemm, avx512_float_gemm = baseline_float_gemm;
constexpr auto avx2_double_gemm = baseline_double_gemm, avx512_double_gemm = baseline_double_gemm;
constexpr auto avx2_int8 = baseline_int8;
constexpr auto avx2_bf16_products = baseline_bf16_products;
constexpr auto bf16_products() { return baseline_bf16_products; }
constexpr auto int8_products() { return baseline_int8; }
constexpr bool multiplies_bytes() { return false; }
constexpr bool multiplies_bf16() { return false; }
constexpr bool multiplies_by_tiles() { return false; }
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
  static const Bf16Kernels& table = choose(baseline_bf16_products, avx2_bf16_products, bf16_products());
  return table;
}

const Int8Kernels& int8_kernels() {
#if defined(__aarch64__)
  static const Int8Kernels& table = has_dotprod() ? dotprod_int8() : baseline_int8();
#else
  static const Int8Kernels& table = choose(baseline_int8, avx2_int8, int8_products());
#endif
  return table;
}

std::vector<std::string> instructions() {
  std::vector<std::string> names;
  if (instruction_set() != InstructionSet::avx512) return names;
  if (multiplies_bf16()) names.emplace_back("AVX512-BF16");
  if (multiplies_bytes()) names.emplace_back("AVX512-VNNI");
  if (multiplies_by_tiles()) {
    names.emplace_back("AMX-BF16");
    names.emplace_back("AMX-INT8");
  }
  return names;
}

}  // namespace torch_lora::cpu
