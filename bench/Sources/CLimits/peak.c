#include "CLimits.h"

// Peak of fused multiply-adds: chains of s = s * w + a that live in registers. Latency is 4 to 5
// cycles and two units take one each a cycle, so 10 chains at least must be in flight; AVX2 has 16
// registers, AVX-512 32. |w| < 1 keeps the values finite and away from subnormals.

#define PEAK(name, target, lanes, chains)                                                    \
  typedef float name##_vec __attribute__((ext_vector_type(lanes), aligned(4)));              \
  target static double name(long rounds) {                                                   \
    _Pragma("clang fp contract(fast)") name##_vec s[chains];                                 \
    volatile float seed = 0.5f;                                                              \
    name##_vec w = (name##_vec)seed, a = (name##_vec)(seed + 0.125f);                        \
    for (int k = 0; k < chains; k++) s[k] = (name##_vec)((float)k);                          \
    for (long r = 0; r < rounds; r++) {                                                      \
      _Pragma("unroll") for (int k = 0; k < chains; k++) s[k] = s[k] * w + a;                \
    }                                                                                        \
    double sum = 0;                                                                          \
    for (int k = 0; k < chains; k++)                                                         \
      for (int l = 0; l < lanes; l++) sum += (double)s[k][l];                                \
    return sum;                                                                              \
  }

#if defined(__x86_64__) && defined(__clang__)
PEAK(peak_v4, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))), 16, 24)
PEAK(peak_v3, __attribute__((target("arch=x86-64-v3"))), 8, 12)
#endif
PEAK(peak_any, , 4, 12)

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>

// vdpbf16ps: each of 16 lanes adds two products of bf16 pairs.
__attribute__((target("avx512f,avx512bf16"))) static double peak_bf16(long rounds) {
  __m512 s[24];
  volatile int seed = 0x3c003c00;  // pairs of 2^-7, so that sums stay finite
  __m512bh a = (__m512bh)_mm512_set1_epi32(seed), b = a;
  for (int k = 0; k < 24; k++) s[k] = _mm512_set1_ps((float)k);
  for (long r = 0; r < rounds; r++) {
    _Pragma("unroll") for (int k = 0; k < 24; k++) s[k] = _mm512_dpbf16_ps(s[k], a, b);
  }
  double sum = 0;
  for (int k = 0; k < 24; k++) sum += (double)_mm512_reduce_add_ps(s[k]);
  return sum;
}
#endif

double limit_fma_f32(long rounds, double *sum) {
#if defined(__x86_64__) && defined(__clang__)
  if (__builtin_cpu_supports("x86-64-v4")) {
    *sum = peak_v4(rounds);
    return 2.0 * 16 * 24 * (double)rounds;
  }
  if (__builtin_cpu_supports("x86-64-v3")) {
    *sum = peak_v3(rounds);
    return 2.0 * 8 * 12 * (double)rounds;
  }
#endif
  *sum = peak_any(rounds);
  return 2.0 * 4 * 12 * (double)rounds;
}

double limit_dot_bf16(long rounds, double *sum) {
#if defined(__x86_64__) && defined(__clang__)
  if (__builtin_cpu_supports("avx512bf16")) {
    *sum = peak_bf16(rounds);
    return 2.0 * 32 * 24 * (double)rounds;
  }
#endif
  *sum = 0;
  return 0;
}
