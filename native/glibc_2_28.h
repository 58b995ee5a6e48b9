#pragma once
// libtorch's own builds run on glibc 2.28 and libstdc++ 3.4.22 (manylinux_2_28), so ours do too, whatever Linux they
// are compiled on: test/package/portability.test.ts compares the symbol versions. Only the few functions below got
// newer versions since, without a change that matters here; this names the old ones. First in every source file:
// the precompiled headers include it. Linking libstdc++ in would not do: exceptions, streams and locales cross from
// libtorch's libraries to ours, and both sides must mean the same ones.
#include <features.h>

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
// The oldest set of symbols that an architecture has: that of the release in which glibc first ran on it.
#if defined(__x86_64__)
#define TORCH_LORA_GLIBC_OLDEST "GLIBC_2.2.5"
#else
#define TORCH_LORA_GLIBC_OLDEST "GLIBC_2.17"
#endif
#define TORCH_LORA_OLDEST(name) __asm__(".symver " #name "," #name "@" TORCH_LORA_GLIBC_OLDEST)
// In libdl until 2.34; Node links to that one, so they are found on either side.
TORCH_LORA_OLDEST(dlopen);
TORCH_LORA_OLDEST(dlsym);
TORCH_LORA_OLDEST(dlerror);
// Since 2.29 these do without the error handler of SVID.
TORCH_LORA_OLDEST(exp);
TORCH_LORA_OLDEST(log);
// std::condition_variable::wait(unique_lock<mutex>&): since 3.4.30 it may be cancelled.
__asm__(
    ".symver _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE,"
    "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
// std::shared_ptr asks whether the process has one thread (2.32). A process with Node or libtorch in it never has.
extern "C" {
__attribute__((weak, visibility("hidden"))) char __libc_single_threaded = 0;  // NOLINT(bugprone-reserved-identifier)
}
#endif
