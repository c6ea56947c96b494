// Shared by the kernels of this target: cloning for wider vectors, the vector type, exp and tanh.
// Helpers are always_inline so that they are compiled once per clone of their caller.
#ifndef MPO_KERNELS_H
#define MPO_KERNELS_H

#include <math.h>
#include <string.h>

#include "CPUKernels.h"

// SwiftPM compiles for baseline x86-64; the loader picks the widest clone that the CPU runs.
#if defined(__linux__) && defined(__x86_64__) && defined(__clang__)
#define MPO_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
// Lets whoever inlines a helper use whole 512-bit registers.
#define MPO_INLINE static inline __attribute__((always_inline, min_vector_width(512)))
#else
#define MPO_CLONES
#define MPO_INLINE static inline __attribute__((always_inline))
#endif

// For sums whose order is free: placed at the top of a block.
#define MPO_REASSOCIATE _Pragma("clang fp reassociate(on) contract(fast)")
#define MPO_CONTRACT _Pragma("clang fp contract(fast)")
// For loops heavy in arithmetic (exp): whole 512-bit registers instead of the tuning's 256.
#define MPO_WIDE _Pragma("clang loop vectorize_width(16) interleave_count(2)")
// The same for loops whose output may be their input, element by element: without it the vector
// version is skipped at run time.
#define MPO_WIDE_IN_PLACE _Pragma("clang loop vectorize(assume_safety) vectorize_width(16)")

// Floats are summed in blocks of this many before they join a double.
enum { MPO_BLOCK = 1024 };

// 16 floats, in as many registers as the clone's vectors need; loads and stores need no alignment.
typedef float v16 __attribute__((ext_vector_type(16)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
#define v16_load(p) (*(const v16_unaligned *)(p))
#define v16_store(p, v) (*(v16_unaligned *)(p) = (v))

MPO_INLINE long mpo_min(long a, long b) { return a < b ? a : b; }
MPO_INLINE long mpo_max(long a, long b) { return a > b ? a : b; }
MPO_INLINE long mpo_round_up(long a, long b) { return (a + b - 1) / b * b; }

// Items of work per part such that a part has at least about 32k elements of work each.
MPO_INLINE long mpo_grain(long elements_per_item) {
  return mpo_max(1, 32768 / mpo_max(1, elements_per_item));
}

// exp(x) = 2^n * e^r with n = round(x / ln 2), |r| <= ln(2)/2 (Cephes' polynomial): under 2 ulp.
// Below -86.6 (2.4e-38) it is 0: results near the subnormals cost a microcode assist of a hundred
// cycles, and attention masks with -inf. NaN passes every comparison unchanged; above 88.73 inf, by
// 2^(n-1) * 2 because 2^128 has no bits.
MPO_INLINE float mpo_exp(float x) {
  MPO_CONTRACT
  float c = x < -86.6f ? -86.6f : x;
  c = c > 89.0f ? 89.0f : c;
  float shifted = c * 1.44269504088896341f + 0x1.8p23f;
  float n = shifted - 0x1.8p23f;
  float r = c - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int bits;
  memcpy(&bits, &shifted, 4);
  bits = (bits - 0x4b400000 + 126) << 23;
  float s;
  memcpy(&s, &bits, 4);
  p = (p + p) * s;
  return x < -86.6f ? 0.0f : p;
}

// The same in double: a near-minimax polynomial of degree 11 (1.3e-17 at most), under 1 ulp. Below
// -708 (3.3e-308) it is 0, above 709.78 inf.
MPO_INLINE double mpo_exp_double(double x) {
  MPO_CONTRACT
  double c = x < -708.0 ? -708.0 : x;
  c = c > 710.0 ? 710.0 : c;
  double shifted = c * 0x1.71547652b82fep0 + 0x1.8p52;
  double n = shifted - 0x1.8p52;
  double r = c - n * 0x1.62e42feep-1;
  r = r - n * 0x1.a39ef35793c76p-33;
  // Pairs, then pairs of pairs: half the latency of one chain.
  double r2 = r * r, r4 = r2 * r2;
  double a = 0x1.0000000000001p-1 + r * 0x1.5555555555556p-3;
  double b = 0x1.5555555553d68p-5 + r * 0x1.11111111109b5p-7;
  double d = 0x1.6c16c17889ef1p-10 + r * 0x1.a01a01a7c2efep-13;
  double f = 0x1.a019b9149a41cp-16 + r * 0x1.71de0db2f6b19p-19;
  double g = 0x1.28917c89a43a7p-22 + r * 0x1.af389ecfc4b9cp-26;
  double p = (a + r2 * b) + r4 * ((d + r2 * f) + r4 * g);
  p = p * r2 + r + 1.0;
  int64_t bits;
  memcpy(&bits, &shifted, 8);
  bits = (bits - 0x4338000000000000 + 1022) << 52;
  double s;
  memcpy(&s, &bits, 8);
  p = (p + p) * s;
  return x < -708.0 ? 0.0 : p;
}

// tanh(x) by expm1(2|x|) / (expm1(2|x|) + 2), with expm1 = 2^n * (e^r - 1) + (2^n - 1), so that
// small x keep their relative accuracy.
MPO_INLINE float mpo_tanh(float x) {
  MPO_CONTRACT
  float a = 2.0f * (x < 0 ? -x : x);
  a = a > 24.0f ? 24.0f : a;
  float shifted = a * 1.44269504088896341f + 0x1.8p23f;
  float n = shifted - 0x1.8p23f;
  float r = a - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r;
  int bits;
  memcpy(&bits, &shifted, 4);
  bits = (bits - 0x4b400000 + 127) << 23;
  float s;
  memcpy(&s, &bits, 4);
  float e = s * p + (s - 1.0f);
  float t = e / (e + 2.0f);
  return x < 0 ? -t : t;
}

// Largest of z[0..<n], -inf when n = 0; a NaN is passed over (the sums that follow meet it).
MPO_INLINE float mpo_row_max(const float *z, long n) {
  v16 m = (v16){} - INFINITY;
  long j = 0;
  for (; j + 16 <= n; j += 16) {
    v16 v = v16_load(z + j);
    m = v > m ? v : m;
  }
  // By halves: four dependent steps, not sixteen. No lane is NaN.
  typedef float v8 __attribute__((ext_vector_type(8)));
  typedef float v4 __attribute__((ext_vector_type(4)));
  v8 m8 = m.hi > m.lo ? m.hi : m.lo;
  v4 m4 = m8.hi > m8.lo ? m8.hi : m8.lo;
  float a = m4.x > m4.y ? m4.x : m4.y, b = m4.z > m4.w ? m4.z : m4.w, best = a > b ? a : b;
  for (; j < n; j++) best = z[j] > best ? z[j] : best;
  return best;
}

// sum_j exp(z[j] - max), blocks of floats into a double.
MPO_INLINE double mpo_row_sum_exp(const float *z, long n, float max) {
  double total = 0;
  for (long start = 0; start < n; start += MPO_BLOCK) {
    long end = mpo_min(n, start + MPO_BLOCK);
    float sum = 0;
    {
      MPO_REASSOCIATE
      MPO_WIDE
      for (long j = start; j < end; j++) sum += mpo_exp(z[j] - max);
    }
    total += sum;
  }
  return total;
}

// `count` rows of a tile product, `wide` vectors of columns at once; count and wide are constants
// of the caller, so that the sums stay in registers.
MPO_INLINE void mpo_tile_rows(
    int count, int wide, long k, const float *a, long ar, long ak, const float *b, long ldb,
    float *c, long ldc, int accumulate) {
  MPO_CONTRACT
  v16 s[8][2];
  for (int r = 0; r < count; r++)
    for (int u = 0; u < wide; u++)
      s[r][u] = accumulate ? v16_load(c + r * ldc + 16 * u) : (v16)0.0f;
  for (long p = 0; p < k; p++) {
    v16 b0 = v16_load(b + p * ldb), b1 = wide > 1 ? v16_load(b + p * ldb + 16) : b0;
    for (int r = 0; r < count; r++) {
      float x = a[r * ar + p * ak];
      s[r][0] += x * b0;
      if (wide > 1) s[r][1] += x * b1;
    }
  }
  for (int r = 0; r < count; r++)
    for (int u = 0; u < wide; u++) v16_store(c + r * ldc + 16 * u, s[r][u]);
}

// C (+)= A B on small tiles. A: rows x k by strides (ar, ak); B: k x n, row stride ldb, n a
// multiple of 16, whole vectors readable; C: row stride ldc. Eight sums in flight hide a
// product's latency.
MPO_INLINE void mpo_tile(
    long rows, long n, long k, const float *a, long ar, long ak, const float *b, long ldb, float *c,
    long ldc, int accumulate) {
  long j = 0;
  for (; j + 32 <= n; j += 32) {
    long i = 0;
    for (; i + 4 <= rows; i += 4)
      mpo_tile_rows(4, 2, k, a + i * ar, ar, ak, b + j, ldb, c + i * ldc + j, ldc, accumulate);
    for (; i < rows; i++)
      mpo_tile_rows(1, 2, k, a + i * ar, ar, ak, b + j, ldb, c + i * ldc + j, ldc, accumulate);
  }
  for (; j < n; j += 16) {
    long i = 0;
    for (; i + 8 <= rows; i += 8)
      mpo_tile_rows(8, 1, k, a + i * ar, ar, ak, b + j, ldb, c + i * ldc + j, ldc, accumulate);
    for (; i < rows; i++)
      mpo_tile_rows(1, 1, k, a + i * ar, ar, ak, b + j, ldb, c + i * ldc + j, ldc, accumulate);
  }
}

// The steps of a 16 x 16 transpose: of two rows the even and the odd blocks of 8, 4, 2 and 1 lanes.
#define LOW8(a, b)                                                                          \
  __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH8(a, b)                                                                         \
  __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define LOW4(a, b)                                                                          \
  __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
#define HIGH4(a, b)                                                                         \
  __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)
#define LOW2(a, b)                                                                          \
  __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH2(a, b)                                                                         \
  __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define LOW1(a, b)                                                                          \
  __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
#define HIGH1(a, b)                                                                         \
  __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)

// The sums of 16 vectors, in their order, times alpha: the transpose's steps, each followed by a sum
// of what it exchanged.
MPO_INLINE void mpo_sums16(const v16 *s, float alpha, float out[16]) {
  v16 a[8], b[4], c[2];
  for (int j = 0; j < 8; j++) a[j] = LOW8(s[j], s[j + 8]) + HIGH8(s[j], s[j + 8]);
  for (int j = 0; j < 4; j++) b[j] = LOW4(a[j], a[j + 4]) + HIGH4(a[j], a[j + 4]);
  for (int j = 0; j < 2; j++) c[j] = LOW2(b[j], b[j + 2]) + HIGH2(b[j], b[j + 2]);
  v16_store(out, (LOW1(c[0], c[1]) + HIGH1(c[0], c[1])) * alpha);
}

// The nearest bfloat16, ties to even, as f32 bits; a NaN keeps its sign and upper bits, made quiet.
MPO_INLINE uint32_t mpo_round_bf16(uint32_t bits) {
  uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
  return ((bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : rounded) & 0xffff0000u;
}

// n elements of one type to another; `round` takes f32 to f32 by way of bfloat16 (bfloat16.c).
void mpo_convert_row(
    const void *x, mpo_type from, void *out, mpo_type to, long n, int round);

#endif
