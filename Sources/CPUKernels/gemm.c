// Matrix products over the pool. C (M, N) = alpha op(A) op(B) + beta C, row-major.
// The product is cut along its longer side into one part per thread, at boundaries that depend on
// the sizes and the thread count only; each part is one single-threaded product, by the library
// that the caller passed or by the portable kernel below (packed panels, after Goto).
#include <stdatomic.h>

#include "kernels.h"

// Depth of a packed block, columns of packed B (512 KiB), rows of packed A, columns of a panel.
enum { KC = 256, NC = 512, MC = 64, PANEL = 32 };

typedef struct {
  mpo_pool *pool;
  mpo_sgemm sgemm;
  int ta, tb;
  long m, n, k;
  float alpha;
  const float *a;
  long lda;
  const float *b;
  long ldb;
  float beta;
  float *c;
  long ldc;
  mpo_half_gemm half;     // products of bf16 operands by this, then a and b are bf16
  _Atomic int *declined;  // set when `half` did not run
  long parts, unit;       // boundaries are multiples of `unit`
  int by_rows;
} gemm_args;

// to (panel, kc, PANEL) = alpha op(B)[k0..<k0 + kc, n0..<n0 + nc], zero beyond nc.
MPO_INLINE void pack_b(const gemm_args *s, long k0, long kc, long n0, long nc, float *to) {
  long row = s->tb ? 1 : s->ldb, column = s->tb ? s->ldb : 1;
  for (long j0 = 0; j0 < nc; j0 += PANEL, to += kc * PANEL) {
    const float *from = s->b + k0 * row + (n0 + j0) * column;
    long width = mpo_min(PANEL, nc - j0);
    if (width == PANEL && !s->tb) {
      for (long p = 0; p < kc; p++)
        for (int j = 0; j < PANEL; j++) to[p * PANEL + j] = s->alpha * from[p * s->ldb + j];
      continue;
    }
    for (long j = 0; j < width; j++)
      for (long p = 0; p < kc; p++) to[p * PANEL + j] = s->alpha * from[p * row + j * column];
    for (long j = width; j < PANEL; j++)
      for (long p = 0; p < kc; p++) to[p * PANEL + j] = 0;
  }
}

MPO_CLONES static void portable(const gemm_args *s, float *scratch) {
  float *b = scratch, *a = b + KC * NC, *tile = a + MC * KC;
  for (long k0 = 0; k0 < s->k; k0 += KC) {
    long kc = mpo_min(KC, s->k - k0);
    float beta = k0 == 0 ? s->beta : 1.0f;
    for (long n0 = 0; n0 < s->n; n0 += NC) {
      long nc = mpo_min(NC, s->n - n0);
      pack_b(s, k0, kc, n0, nc, b);
      for (long m0 = 0; m0 < s->m; m0 += MC) {
        long mc = mpo_min(MC, s->m - m0), row = KC;
        const float *rows = a;
        if (s->ta) {
          for (long p = 0; p < kc; p++)
            for (long i = 0; i < mc; i++) a[i * KC + p] = s->a[(k0 + p) * s->lda + m0 + i];
        } else {
          rows = s->a + m0 * s->lda + k0;
          row = s->lda;
        }
        for (long j0 = 0; j0 < nc; j0 += PANEL) {
          mpo_tile(mc, PANEL, kc, rows, row, 1, b + j0 * kc, PANEL, tile, PANEL, 0);
          long width = mpo_min(PANEL, nc - j0);
          for (long i = 0; i < mc; i++) {
            float *c = s->c + (m0 + i) * s->ldc + n0 + j0;
            const float *t = tile + i * PANEL;
            if (beta == 0.0f)
              for (long j = 0; j < width; j++) c[j] = t[j];
            else
              for (long j = 0; j < width; j++) c[j] = beta * c[j] + t[j];
          }
        }
      }
    }
  }
}

static void scale_rows(const gemm_args *s) {
  for (long i = 0; i < s->m; i++)
    for (long j = 0; j < s->n; j++) {
      float *c = s->c + i * s->ldc + j;
      *c = s->beta == 0.0f ? 0.0f : s->beta * *c;
    }
}

static const float *operand(const gemm_args *s, const float *x, long elements) {
  return (const float *)((const char *)x + elements * (s->half ? 2 : 4));
}

static void gemm_task(void *context, long begin, long end, int worker) {
  gemm_args *s = context;
  for (long part = begin; part < end; part++) {
    gemm_args p = *s;
    long size = s->by_rows ? s->m : s->n, units = (size + s->unit - 1) / s->unit;
    long from = mpo_min(size, units * part / s->parts * s->unit);
    long to = mpo_min(size, units * (part + 1) / s->parts * s->unit);
    if (s->by_rows) {
      p.m = to - from;
      p.a = operand(s, s->a, s->ta ? from : from * s->lda);
      p.c += from * s->ldc;
    } else {
      p.n = to - from;
      p.b = operand(s, s->b, s->tb ? from * s->ldb : from);
      p.c += from;
    }
    if (p.m == 0 || p.n == 0) continue;
    if (p.half) {
      if (p.half(p.ta, p.tb, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.beta != 0.0f, p.c, p.ldc))
        atomic_store(p.declined, 1);
      continue;
    }
    if (p.sgemm && p.sgemm(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c,
                           p.ldc) == 0)
      continue;
    portable(&p, mpo_pool_scratch(s->pool, worker));
  }
}

// 8 rows by 48 columns is the step of oneDNN's AVX-512 kernel; a part has at least 64 of them and
// 2^18 products, about twice the price of waking a thread.
static void run_parts(gemm_args *s) {
  s->by_rows = s->m >= s->n;
  s->unit = s->by_rows ? 8 : 48;
  double products = (double)s->m * (double)s->n * (double)s->k;
  long parts = mpo_min(mpo_pool_threads(s->pool), mpo_max(s->m, s->n) / 64);
  if ((double)parts > products / 262144.0) parts = (long)(products / 262144.0);
  s->parts = mpo_max(1, parts);
  mpo_pool_for(s->pool, s->parts, 1, gemm_task, s);
}

int mpo_matmul(
    mpo_pool *pool, mpo_sgemm sgemm, int ta, int tb, long m, long n, long k, float alpha,
    const float *a, long lda, const float *b, long ldb, float beta, float *c, long ldc) {
  if (m == 0 || n == 0) return 0;
  gemm_args args = {.pool = pool, .sgemm = sgemm, .ta = ta, .tb = tb, .m = m, .n = n, .k = k,
                    .alpha = alpha, .a = a, .lda = lda, .b = b, .ldb = ldb, .beta = beta, .c = c,
                    .ldc = ldc};
  if (k == 0) {
    scale_rows(&args);
    return 0;
  }
  if (mpo_pool_reserve(pool, (KC * NC + MC * KC + MC * PANEL) * (long)sizeof(float), 0)) return 1;
  run_parts(&args);
  return 0;
}

int mpo_matmul_bf16(
    mpo_pool *pool, mpo_half_gemm half, int ta, int tb, long m, long n, long k, const void *a,
    long lda, const void *b, long ldb, int accumulate, float *c, long ldc) {
  if (m == 0 || n == 0) return 0;
  if (k == 0) return 1;
  _Atomic int declined = 0;
  gemm_args args = {.pool = pool, .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .alpha = 1.0f,
                    .a = a, .lda = lda, .b = b, .ldb = ldb, .beta = accumulate ? 1.0f : 0.0f,
                    .c = c, .ldc = ldc, .half = half, .declined = &declined};
  run_parts(&args);
  return declined;
}
