// Rows chosen by index: gathers, the embedding, and their adjoints. N or M rows, C columns.
#include "kernels.h"

typedef struct {
  const float *x;
  const int *rows;
  float *out;
  long m, c;
  float scale;
} rows_args;

static void gather_task(void *context, long begin, long end, int worker) {
  (void)worker;
  rows_args s = *(rows_args *)context;
  for (long m = begin; m < end; m++)
    memcpy(s.out + m * s.c, s.x + s.rows[m] * s.c, (size_t)s.c * sizeof(float));
}

// out[m] = x[rows[m]]; out (M, C)
void mpo_gather_rows(
    mpo_pool *pool, const float *x, const int *rows, float *out, long m, long c) {
  rows_args args = {x, rows, out, m, c, 1};
  mpo_pool_for(pool, m, mpo_grain(c), gather_task, &args);
}

MPO_CLONES static void scatter_task(void *context, long begin, long end, int worker) {
  (void)worker;
  rows_args s = *(rows_args *)context;
  for (long m = begin; m < end; m++) {
    float *to = s.out + s.rows[m] * s.c;
    const float *from = s.x + m * s.c;
    for (long j = 0; j < s.c; j++) to[j] += from[j];
  }
}

// dX[rows[m]] += dOut[m]; the rows are distinct
void mpo_scatter_rows(
    mpo_pool *pool, const float *d_out, const int *rows, float *dx, long m, long c) {
  rows_args args = {d_out, rows, dx, m, c, 1};
  mpo_pool_for(pool, m, mpo_grain(c), scatter_task, &args);
}

typedef struct {
  const char *table;
  mpo_type type;
  const int *ids;
  float *out;
  long c;
  float scale;
  int accumulate;
} embedding_args;

MPO_CLONES static void embedding_task(void *context, long begin, long end, int worker) {
  (void)worker;
  embedding_args s = *(embedding_args *)context;
  long bytes = s.c * (s.type == MPO_BF16 ? 2 : 4);
  for (long n = begin; n < end; n++) {
    const float *row = (const float *)(s.table + s.ids[n] * bytes);
    float *out = s.out + n * s.c, part[MPO_BLOCK];
    for (long first = 0; first < s.c; first += MPO_BLOCK) {
      long count = mpo_min(MPO_BLOCK, s.c - first);
      const float *from = row + first;
      if (s.type == MPO_BF16) {
        mpo_convert_row((const uint16_t *)row + first, MPO_BF16, part, MPO_F32, count, 0);
        from = part;
      }
      float *to = out + first;
      if (s.accumulate)
        for (long j = 0; j < count; j++) to[j] += s.scale * from[j];
      else
        for (long j = 0; j < count; j++) to[j] = s.scale * from[j];
    }
  }
}

// out[n] (=|+=) scale * table[ids[n]]; table (V, C) of `type`, out (N, C)
void mpo_embedding(
    mpo_pool *pool, const int *ids, const void *table, mpo_type type, float scale, int accumulate,
    float *out, long n, long c) {
  embedding_args args = {table, type, ids, out, c, scale, accumulate};
  mpo_pool_for(pool, n, mpo_grain(c), embedding_task, &args);
}

enum { COLUMNS = 16 };

MPO_CLONES static void embedding_backward_task(void *context, long begin, long end, int worker) {
  (void)worker;
  rows_args s = *(rows_args *)context;
  long first = begin * COLUMNS, last = mpo_min(s.c, end * COLUMNS);
  for (long n = 0; n < s.m; n++) {
    float *to = s.out + s.rows[n] * s.c;
    const float *from = s.x + n * s.c;
    for (long j = first; j < last; j++) to[j] += s.scale * from[j];
  }
}

// dTable[ids[n]] += scale * dOut[n]: threads split the columns, so repeated ids add in the order of n.
void mpo_embedding_backward(
    mpo_pool *pool, const int *ids, const float *d_out, float scale, float *d_table, long n,
    long c) {
  rows_args args = {d_out, ids, d_table, n, c, scale};
  mpo_pool_for(pool, (c + COLUMNS - 1) / COLUMNS, mpo_grain(n * COLUMNS), embedding_backward_task,
               &args);
}
