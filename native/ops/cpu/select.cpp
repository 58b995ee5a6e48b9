// Chooses the kernels of this machine, once.
#include <ATen/Version.h>

#if defined(__aarch64__)
#include <sys/auxv.h>

#include <cstdlib>
#endif
#include <string>

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

template <class T>
const Kernels<T>& choose(const Kernels<T>& (*baseline)(), [[maybe_unused]] const Kernels<T>& (*avx2)(),
                         [[maybe_unused]] const Kernels<T>& (*avx512)()) {
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

#if !defined(__x86_64__)
constexpr auto avx2_float = baseline_float, avx512_float = baseline_float;
constexpr auto avx2_double = baseline_double, avx512_double = baseline_double;
#endif

}  // namespace

template <>
const Kernels<float>& kernels<float>() {
  static const Kernels<float>& table = choose<float>(baseline_float, avx2_float, avx512_float);
  return table;
}
template <>
const Kernels<double>& kernels<double>() {
  static const Kernels<double>& table = choose<double>(baseline_double, avx2_double, avx512_double);
  return table;
}

const Int8Kernels& int8_kernels() {
#if defined(__x86_64__)
  static const Int8Kernels& table = [&]() -> const Int8Kernels& {
    switch (instruction_set()) {
      case InstructionSet::avx512:
        return __builtin_cpu_supports("avx512vnni") ? avx512_vnni_int8() : avx512_int8();
      case InstructionSet::avx2:
        return avx2_int8();
      default:
        return baseline_int8();
    }
  }();
  return table;
#elif defined(__aarch64__)
  static const Int8Kernels& table = has_dotprod() ? dotprod_int8() : baseline_int8();
  return table;
#else
  return baseline_int8();
#endif
}

}  // namespace torch_lora::cpu
