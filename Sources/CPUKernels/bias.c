// A row added to every row, and its adjoint, the sum over rows. N rows, M columns.
#include "kernels.h"

typedef struct {
  const float *row;
  float *x;
  long m, stride;
} add_row_args;

MPO_CLONES static void add_row_task(void *context, long begin, long end, int worker) {
  (void)worker;
  add_row_args s = *(add_row_args *)context;
  for (long n = begin; n < end; n++) {
    float *x = s.x + n * s.stride;
    for (long j = 0; j < s.m; j++) x[j] += s.row[j];
  }
}

// x[n] += row; x (N, M) with a row stride
void mpo_add_row(mpo_pool *pool, const float *row, float *x, long stride, long n, long m) {
  add_row_args args = {row, x, m, stride};
  mpo_pool_for(pool, n, mpo_grain(m), add_row_task, &args);
}

typedef struct {
  const float *x;
  float *out;
  long n, m, stride;
} sum_rows_args;

enum { COLUMNS = 32 };

// Threads split the columns; rows are added in order, in double.
MPO_CLONES static void sum_rows_task(void *context, long begin, long end, int worker) {
  (void)worker;
  sum_rows_args s = *(sum_rows_args *)context;
  for (long block = begin; block < end; block++) {
    long first = block * COLUMNS, width = mpo_min(COLUMNS, s.m - first);
    double sum[COLUMNS] = {0};
    for (long n = 0; n < s.n; n++) {
      const float *x = s.x + n * s.stride + first;
      if (width == COLUMNS)
        for (int j = 0; j < COLUMNS; j++) sum[j] += (double)x[j];
      else
        for (long j = 0; j < width; j++) sum[j] += (double)x[j];
    }
    for (long j = 0; j < width; j++) s.out[first + j] += (float)sum[j];
  }
}

// out (M) += sum_n x[n]; x (N, M) with a row stride
void mpo_sum_rows(mpo_pool *pool, const float *x, long stride, float *out, long n, long m) {
  sum_rows_args args = {x, out, n, m, stride};
  mpo_pool_for(pool, (m + COLUMNS - 1) / COLUMNS, mpo_grain(n * COLUMNS), sum_rows_task, &args);
}
