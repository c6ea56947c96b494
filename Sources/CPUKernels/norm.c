// RMS norm and its adjoint, and the norm of a vector. N rows, C columns.
#include "norm_rows.h"

typedef struct {
  const float *d_out, *x, *add, *weight, *r;
  float *sum, *out, *r_out, *d_weight;
  long n, c;
  mpo_rms_settings settings;
  int accumulate;
} norm_args;

MPO_CLONES static void rms_norm_task(void *context, long begin, long end, int worker) {
  (void)worker;
  norm_args s = *(norm_args *)context;
  for (long n = begin; n < end; n++) {
    const float *x = s.x + n * s.c;
    if (s.add) {
      const float *add = s.add + n * s.c;
      float *sum = s.sum + n * s.c;
      for (long j = 0; j < s.c; j++) sum[j] += add[j];
    }
    s.r_out[n] = norm_row(x, s.weight, s.settings, s.out + n * s.c, s.c);
  }
}

// r[n] = 1 / sqrt(mean(x[n]^2) + epsilon), out (N, C) = x r (offset + weight); `add` (or NULL) is
// first added to x.
void mpo_rms_norm(
    mpo_pool *pool, float *x, const float *add, const float *weight, mpo_rms_settings settings,
    float *out, float *r, long n, long c) {
  norm_args args = {.x = x, .add = add, .sum = x, .weight = weight, .out = out, .r_out = r,
                    .n = n, .c = c, .settings = settings};
  mpo_pool_for(pool, n, mpo_grain(c), rms_norm_task, &args);
}

MPO_CLONES static void rms_norm_dx_task(void *context, long begin, long end, int worker) {
  (void)worker;
  norm_args s = *(norm_args *)context;
  for (long n = begin; n < end; n++)
    norm_row_backward(s.d_out + n * s.c, s.x + n * s.c, s.weight, s.settings.weight_offset, s.r[n],
                      s.out + n * s.c, s.accumulate, s.c);
}

// Threads split the columns; rows are added in order, in double.
MPO_CLONES static void rms_norm_dw_task(void *context, long begin, long end, int worker) {
  (void)worker;
  norm_args s = *(norm_args *)context;
  for (long block = begin; block < end; block++) {
    long first = block * NORM_COLUMNS, width = mpo_min(NORM_COLUMNS, s.c - first);
    double sum[NORM_COLUMNS] = {0};
    for (long n = 0; n < s.n; n++)
      norm_weight_row(s.d_out + n * s.c + first, s.x + n * s.c + first, s.r[n], width, sum);
    for (long j = 0; j < width; j++) s.d_weight[first + j] += (float)sum[j];
  }
}

// With g = dOut (offset + weight): dX (=|+=) r (g - x r^2 mean(g x)), dWeight += sum_n dOut x r
// unless NULL
void mpo_rms_norm_backward(
    mpo_pool *pool, const float *d_out, const float *x, const float *weight,
    mpo_rms_settings settings, const float *r, float *dx, int accumulate, float *d_weight, long n,
    long c) {
  norm_args args = {.d_out = d_out, .x = x, .weight = weight, .r = r, .out = dx,
                    .d_weight = d_weight, .n = n, .c = c, .settings = settings,
                    .accumulate = accumulate};
  if (d_weight)
    mpo_pool_for(pool, (c + NORM_COLUMNS - 1) / NORM_COLUMNS, mpo_grain(n * NORM_COLUMNS),
                 rms_norm_dw_task, &args);
  mpo_pool_for(pool, n, mpo_grain(c), rms_norm_dx_task, &args);
}

typedef struct {
  const float *x;
  double *partial;
  long n;
} sum_args;

enum { SUM_BLOCK = 16384 };

MPO_CLONES static void square_sum_task(void *context, long begin, long end, int worker) {
  (void)worker;
  sum_args s = *(sum_args *)context;
  for (long block = begin; block < end; block++) {
    long last = mpo_min(s.n, (block + 1) * SUM_BLOCK);
    double sum = 0;
    {
      MPO_REASSOCIATE
      for (long i = block * SUM_BLOCK; i < last; i++) sum += (double)s.x[i] * (double)s.x[i];
    }
    s.partial[block] = sum;
  }
}

// out[0] = sqrt(sum x^2): doubles per block of 16384, blocks added in order. Nonzero: no memory.
int mpo_norm(mpo_pool *pool, const float *x, long n, float *out) {
  long blocks = (n + SUM_BLOCK - 1) / SUM_BLOCK;
  if (mpo_pool_reserve(pool, 0, blocks * (long)sizeof(double))) return 1;
  sum_args args = {x, mpo_pool_shared(pool), n};
  mpo_pool_for(pool, blocks, 2, square_sum_task, &args);
  double total = 0;
  for (long i = 0; i < blocks; i++) total += args.partial[i];
  out[0] = (float)sqrt(total);
  return 0;
}
