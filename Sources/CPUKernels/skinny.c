// Products of few rows with a transposed matrix: decoding (activations times weights) and the
// vocabulary's logits of a chunk. c (M, N) = alpha a (M, K) b (N, K)^T + beta c.
//
// Such a product is bound by reading b, so b is read once, in the order that it has in memory, as
// dot products along K: nothing is packed and no copy of the weights is kept. A tile of rows times
// columns keeps that many sums of 16 lanes in registers, added up at the end.
#include "kernels.h"

typedef uint32_t u16x __attribute__((ext_vector_type(16)));
typedef uint32_t u16x_unaligned __attribute__((ext_vector_type(16), aligned(2), may_alias));

enum { AHEAD = 4 };  // rows of b that are fetched ahead

// How b is read. ROUNDED is f32 taken to the nearest bf16, in the order of sums of a bf16 b, so that
// weights give the same result to the bit however they are stored.
typedef enum { FLOATS, HALVES, ROUNDED } reading;
MPO_INLINE long element(reading r) { return r == HALVES ? 2 : 4; }
MPO_INLINE long elements_in_step(reading r) { return r == FLOATS ? 16 : 32; }

typedef struct {
  // Rows `padded` apart; zeros up to a multiple of the step, and but for FLOATS split as b is.
  const float *a;
  const char *b;
  float *c;
  reading reads;
  long m, n, k, padded, ldb, ldc;
  float alpha, beta;
  int most;  // rows of a tile at most: 4 or 2
} skinny_args;

// The nearest bf16 of each of 32 elements, as f32 (`mpo_round_bf16`): even ones, then odd ones.
MPO_INLINE void load_rounded(const char *b, v16 *even, v16 *odd) {
  u16x half[2];
  for (int i = 0; i < 2; i++) {
    u16x bits = (u16x)v16_load((const float *)b + 16 * i), up = bits + 0x7fffu + (bits >> 16 & 1u);
    u16x nan = (u16x)((bits & 0x7fffffffu) > 0x7f800000u);
    half[i] = (((bits | 0x400000u) & nan) | (up & ~nan)) & 0xffff0000u;
  }
  *even = (v16)__builtin_shufflevector(
      half[0], half[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  *odd = (v16)__builtin_shufflevector(
      half[0], half[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

// `rows` by 4 sums of one step of 16 (FLOATS) or 32 elements along K. b: 4 rows at this step.
MPO_INLINE void step(
    int rows, reading reads, const float *a, long padded, const char *const b[4], v16 s[16]) {
  MPO_CONTRACT
  v16 w[4];
  if (reads == FLOATS) {
    for (int u = 0; u < 4; u++) w[u] = v16_load((const float *)b[u]);
    for (int r = 0; r < rows; r++) {
      v16 x = v16_load(a + r * padded);
      for (int u = 0; u < 4; u++) s[4 * r + u] += x * w[u];
    }
    return;
  }
  // Even elements, then odd ones: a bf16 is the upper half of its f32, so a shift and a mask.
  if (reads == ROUNDED) {
    v16 odd[4];
    for (int u = 0; u < 4; u++) load_rounded(b[u], &w[u], &odd[u]);
    for (int r = 0; r < rows; r++) {
      v16 x = v16_load(a + r * padded), y = v16_load(a + r * padded + 16);
      for (int u = 0; u < 4; u++) s[4 * r + u] += x * w[u];
      for (int u = 0; u < 4; u++) s[4 * r + u] += y * odd[u];
    }
    return;
  }
  u16x pairs[4];
  for (int u = 0; u < 4; u++) pairs[u] = *(const u16x_unaligned *)b[u];
  for (int u = 0; u < 4; u++) w[u] = (v16)(pairs[u] << 16);
  for (int r = 0; r < rows; r++) {
    v16 x = v16_load(a + r * padded);
    for (int u = 0; u < 4; u++) s[4 * r + u] += x * w[u];
  }
  for (int u = 0; u < 4; u++) w[u] = (v16)(pairs[u] & 0xffff0000u);
  for (int r = 0; r < rows; r++) {
    v16 x = v16_load(a + r * padded + 16);
    for (int u = 0; u < 4; u++) s[4 * r + u] += x * w[u];
  }
}

// Rows i..<i + rows by columns j..<j + 4 of c; `fetch` brings the rows of b that come next.
MPO_INLINE void tile(const skinny_args *q, int rows, long i, long j, int fetch) {
  long size = element(q->reads), count = elements_in_step(q->reads);
  long whole = q->k / count * count, width = mpo_min(4, q->n - j);
  v16 s[16];
  for (int t = 0; t < 16; t++) s[t] = 0.0f;
  const float *a = q->a + i * q->padded;
  const char *b[4];
  // Behind the last row of b its own sums are made again and dropped.
  for (long u = 0; u < 4; u++) b[u] = q->b + mpo_min(j + u, q->n - 1) * q->ldb * size;
  for (long p = 0; p < whole; p += count) {
    if (fetch)
      for (int u = 0; u < 4; u++)
        for (long line = 0; line < count * size; line += 64)
          __builtin_prefetch(b[u] + AHEAD * q->ldb * size + line);
    step(rows, q->reads, a + p, q->padded, b, s);
    for (int u = 0; u < 4; u++) b[u] += count * size;
  }
  if (whole < q->k) {
    float tail[4][32] = {{0}};
    const char *t[4];
    for (int u = 0; u < 4; u++) {
      memcpy(tail[u], b[u], (size_t)((q->k - whole) * size));
      t[u] = (const char *)tail[u];
    }
    step(rows, q->reads, a + whole, q->padded, t, s);
  }
  float total[16];
  mpo_sums16(s, q->alpha, total);
  for (int r = 0; r < rows; r++) {
    float *c = q->c + (i + r) * q->ldc + j;
    for (long u = 0; u < width; u++)
      c[u] = q->beta == 0.0f ? total[4 * r + u] : q->beta * c[u] + total[4 * r + u];
  }
}

// Bytes of b that stay in the first-level cache while the rows of a pass by: what a tile reads of a
// comes from the second level, so a block of b that is used by few columns would wait for it.
enum { BLOCK_BYTES = 20 << 10 };

MPO_INLINE void columns(const skinny_args *q, reading reads, long begin, long end) {
  skinny_args s = *q;
  s.reads = reads;
  long last = mpo_min(s.n, end * 4), size = element(reads);
  // Few rows stay in the first level themselves.
  long width = s.m <= 32 ? 4 : 4 * mpo_max(1, mpo_min(8, BLOCK_BYTES / (4 * s.k * size)));
  for (long first = begin * 4; first < last; first += width) {
    long stop = mpo_min(last, first + width), i = 0;
    if (s.most == 4)
      for (; i + 4 <= s.m; i += 4)
        for (long j = first; j < stop; j += 4) tile(&s, 4, i, j, i == 0);
    for (; i + 2 <= s.m; i += 2)
      for (long j = first; j < stop; j += 4) tile(&s, 2, i, j, i == 0);
    if (i < s.m)
      for (long j = first; j < stop; j += 4) tile(&s, 1, i, j, i == 0);
  }
}

MPO_CLONES static void columns_task(void *context, long begin, long end, int worker) {
  (void)worker;
  const skinny_args *q = context;
  if (q->reads == HALVES)
    columns(q, HALVES, begin, end);
  else if (q->reads == ROUNDED)
    columns(q, ROUNDED, begin, end);
  else
    columns(q, FLOATS, begin, end);
}

// One row of a as f32, zeros up to `padded`; `rounds` takes the nearest bf16 values, `splits` puts
// the even and the odd elements of every 32 apart.
MPO_CLONES static void pad_row(
    const void *a, mpo_type type, long k, long padded, int rounds, int splits, uint32_t *out) {
  mpo_convert_row(a, type, out, MPO_F32, k, rounds);
  for (long p = k; p < padded; p++) out[p] = 0;
  for (long p = 0; splits && p < padded; p += 32) {
    uint32_t all[32];
    memcpy(all, out + p, sizeof all);
    for (int i = 0; i < 16; i++) out[p + i] = all[2 * i];
    for (int i = 0; i < 16; i++) out[p + 16 + i] = all[2 * i + 1];
  }
}

// Sixteen sums fill half of AVX-512's registers; with AVX2's there is room for half as many.
static int has_wide_registers(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return 1;  // 32 registers of 128 bits hold eight sums of 16 lanes; more spill to the first cache
#endif
}

// Where this beats a product that packs b (measured against oneDNN, see bench/NOTES.md): always for
// the few rows of decoding; up to a chunk of logits where b is too large for the caches.
int mpo_skinny_suits(long m, long n, long k, mpo_type b_type) {
  return m <= (b_type == MPO_BF16 || (double)n * (double)k >= 400000.0 ? 192 : 24);
}

// c = alpha a b^T + beta c. `rounds` takes the nearest bf16 of f32 operands. Nonzero: no memory.
int mpo_skinny(
    mpo_pool *pool, long m, long n, long k, float alpha, const void *a, mpo_type a_type, long lda,
    const void *b, mpo_type b_type, long ldb, int rounds, float beta, float *c, long ldc) {
  if (m == 0 || n == 0) return 0;
  reading reads = b_type == MPO_BF16 ? HALVES : rounds ? ROUNDED : FLOATS;
  skinny_args args = {a, b, c, reads, m, n, k, lda, ldb, ldc, alpha, beta,
                      has_wide_registers() ? 4 : 2};
  if (a_type == MPO_BF16 || reads != FLOATS || k % 16 != 0) {
    args.padded = mpo_round_up(k, 32);
    if (mpo_pool_reserve(pool, 0, m * args.padded * (long)sizeof(float))) return 1;
    uint32_t *rows = mpo_pool_shared(pool);
    for (long i = 0; i < m; i++)
      pad_row(
          (const char *)a + i * lda * (a_type == MPO_BF16 ? 2 : 4), a_type, k, args.padded, rounds,
          reads != FLOATS, rows + i * args.padded);
    args.a = (const float *)rows;
  }
  mpo_pool_for(pool, (n + 3) / 4, mpo_grain(m * k / 4), columns_task, &args);
  return 0;
}
