// What a processor's registers reach: multiply-adds of vectors that never leave them, by the instruction that the
// kernels of native/ops/cpu use for each dtype; and reading memory that no cache holds. Compiled and run by
// bench/peak.ts. Prints, for so many threads at once, billions of operations a second, a multiply-add being two, and
// GB/s.
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHAINS 24  // sums, each of which waits for the one before: more than an instruction's latency times its rate
#define ROUNDS 4000000L
#define BYTES (256L << 20)
#define PASSES 4

// The compiler is told that the sums are read behind every round, so that it keeps them in registers and all rounds.
#define MULTIPLY_ADDS(NAME, VECTOR, FACTORS, ZERO, STEP)                     \
  static void NAME(const void* memory) {                                     \
    (void)memory;                                                            \
    FACTORS a, b;                                                            \
    memset(&a, 0, sizeof(a));                                                \
    memset(&b, 0, sizeof(b));                                                \
    __asm__ volatile("" : "+v"(a), "+v"(b));                                 \
    VECTOR sum[CHAINS];                                                      \
    _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; ++i) sum[i] = ZERO; \
    for (long round = 0; round < ROUNDS; ++round) {                          \
      _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; ++i) {            \
        sum[i] = STEP;                                                       \
        __asm__ volatile("" : "+v"(sum[i]));                                 \
      }                                                                      \
    }                                                                        \
  }

#if defined(__AVX512F__)
#define FLOATS 16
MULTIPLY_ADDS(in_float32, __m512, __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(a, b, sum[i]))
#elif defined(__AVX2__)
#define FLOATS 8
MULTIPLY_ADDS(in_float32, __m256, __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(a, b, sum[i]))
#endif
#if defined(__AVX512BF16__)
MULTIPLY_ADDS(in_bfloat16, __m512, __m512i, _mm512_setzero_ps(), _mm512_dpbf16_ps(sum[i], (__m512bh)a, (__m512bh)b))
#endif
#if defined(__AVX512VNNI__)
MULTIPLY_ADDS(in_int8, __m512i, __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32(sum[i], a, b))
#endif

static void reading(const void* memory) {
  const char* const bytes = memory;
  __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  for (int pass = 0; pass < PASSES; ++pass) {
    for (long at = 0; at < BYTES; at += 128) {
      for (int i = 0; i < 4; ++i) {
        sum[i] = _mm256_add_epi64(sum[i], _mm256_load_si256((const __m256i*)(bytes + at + 32 * i)));
      }
    }
  }
  for (int i = 0; i < 4; ++i) __asm__ volatile("" ::"v"(sum[i]));
}

static int threads;
static pthread_barrier_t together;
static void (*work)(const void*);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void* run(void* given) {
  char* memory = NULL;
  if (work == reading) {
    memory = aligned_alloc(64, BYTES);
    memset(memory, 1, BYTES);
  }
  double* const seconds = given;
  pthread_barrier_wait(&together);
  const double began = now();
  work(memory);
  *seconds = now() - began;
  free(memory);
  return NULL;
}

// Seconds of the slowest thread, the least of three.
static double measure(void (*what)(const void*)) {
  double least = 1e9;
  work = what;
  for (int repeat = 0; repeat < 3; ++repeat) {
    pthread_t ids[256];
    double seconds[256], slowest = 0;
    pthread_barrier_init(&together, NULL, (unsigned)threads);
    for (int i = 0; i < threads; ++i) pthread_create(&ids[i], NULL, run, &seconds[i]);
    for (int i = 0; i < threads; ++i) {
      pthread_join(ids[i], NULL);
      if (seconds[i] > slowest) slowest = seconds[i];
    }
    pthread_barrier_destroy(&together);
    if (slowest < least) least = slowest;
  }
  return least;
}

static void say(const char* name, void (*what)(const void*), double operations) {
  printf("\"%s\": %.1f, ", name, threads * operations * CHAINS * (double)ROUNDS / measure(what) / 1e9);
}

int main(int argc, char** argv) {
  threads = argc > 1 ? atoi(argv[1]) : 1;
  if (threads < 1 || threads > 256) return 1;
  printf("{");
#if defined(FLOATS)
  say("float32", in_float32, 2.0 * FLOATS);
#endif
#if defined(__AVX512BF16__)
  say("bfloat16", in_bfloat16, 2.0 * 32);
#endif
#if defined(__AVX512VNNI__)
  say("int8", in_int8, 2.0 * 64);
#endif
  printf("\"memory\": %.1f}\n", threads * (double)BYTES * PASSES / measure(reading) / 1e9);
  return 0;
}
