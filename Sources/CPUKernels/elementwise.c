// Elementwise operations and row gathers. N rows, C columns, F feed-forward width.
// Parts are cut on multiples of UNIT elements, so that every element is computed by the same
// instructions for any number of threads.
#include "kernels.h"

enum { UNIT = 4096 };

typedef struct {
  const float *a, *b;
  float *out;
  long n;
  float t;
} vector_args;

static void run_units(mpo_pool *pool, vector_args *args, mpo_task task) {
  mpo_pool_for(pool, (args->n + UNIT - 1) / UNIT, 8, task, args);
}

MPO_CLONES static void add_task(void *context, long begin, long end, int worker) {
  (void)worker;
  vector_args s = *(vector_args *)context;
  long last = mpo_min(s.n, end * UNIT);
  for (long i = begin * UNIT; i < last; i++) s.out[i] = s.a[i] + s.b[i];
}

// out = a + b; out may be a or b.
void mpo_add(mpo_pool *pool, const float *a, const float *b, float *out, long n) {
  vector_args args = {a, b, out, n, 0};
  run_units(pool, &args, add_task);
}

MPO_CLONES static void interpolate_task(void *context, long begin, long end, int worker) {
  (void)worker;
  vector_args s = *(vector_args *)context;
  long last = mpo_min(s.n, end * UNIT);
  float keep = 1.0f - s.t;
  for (long i = begin * UNIT; i < last; i++) s.out[i] = keep * s.out[i] + s.t * s.b[i];
}

// x = (1 - t) x + t y
void mpo_interpolate(mpo_pool *pool, float *x, const float *y, float t, long n) {
  vector_args args = {x, y, x, n, t};
  run_units(pool, &args, interpolate_task);
}

MPO_CLONES static void fill_task(void *context, long begin, long end, int worker) {
  (void)worker;
  vector_args s = *(vector_args *)context;
  long last = mpo_min(s.n, end * UNIT);
  for (long i = begin * UNIT; i < last; i++) s.out[i] = s.t;
}

void mpo_fill(mpo_pool *pool, float *x, float value, long n) {
  vector_args args = {NULL, NULL, x, n, value};
  run_units(pool, &args, fill_task);
}

typedef struct {
  const char *source;
  char *destination;
  long width, source_stride, destination_stride;
} copy_args;

static void copy_task(void *context, long begin, long end, int worker) {
  (void)worker;
  copy_args s = *(copy_args *)context;
  for (long r = begin; r < end; r++)
    memcpy(s.destination + r * s.destination_stride, s.source + r * s.source_stride,
           (size_t)s.width);
}

// Rows of `width` bytes; strides in bytes.
void mpo_copy_rows(
    mpo_pool *pool, const void *source, long source_stride, void *destination,
    long destination_stride, long rows, long width) {
  copy_args args = {source, destination, width, source_stride, destination_stride};
  mpo_pool_for(pool, rows, mpo_grain(width / 4), copy_task, &args);
}

typedef struct {
  const float *x;
  const int *rows;
  float *out;
  long m, c;
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
  rows_args args = {x, rows, out, m, c};
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
  rows_args args = {d_out, rows, dx, m, c};
  mpo_pool_for(pool, m, mpo_grain(c), scatter_task, &args);
}

enum { COLUMNS = 16 };

MPO_CLONES static void embedding_backward_task(void *context, long begin, long end, int worker) {
  (void)worker;
  rows_args s = *(rows_args *)context;
  long first = begin * COLUMNS, last = mpo_min(s.c, end * COLUMNS);
  for (long n = 0; n < s.m; n++) {
    float *to = s.out + s.rows[n] * s.c;
    const float *from = s.x + n * s.c;
    for (long j = first; j < last; j++) to[j] += from[j];
  }
}

// dTable[ids[n]] += dOut[n]: threads split the columns, so repeated ids add in the order of n.
void mpo_embedding_backward(
    mpo_pool *pool, const int *ids, const float *d_out, float *d_table, long n, long c) {
  rows_args args = {d_out, ids, d_table, n, c};
  mpo_pool_for(pool, (c + COLUMNS - 1) / COLUMNS, mpo_grain(n * COLUMNS), embedding_backward_task,
               &args);
}

typedef struct {
  const float *d_out, *gate_up;
  float *out;
  long f;
} swiglu_args;

MPO_CLONES static void swiglu_task(void *context, long begin, long end, int worker) {
  (void)worker;
  swiglu_args s = *(swiglu_args *)context;
  for (long n = begin; n < end; n++) {
    const float *gate = s.gate_up + n * 2 * s.f, *up = gate + s.f;
    float *out = s.out + n * s.f;
    MPO_WIDE
    for (long j = 0; j < s.f; j++) out[j] = gate[j] / (1.0f + mpo_exp(-gate[j])) * up[j];
  }
}

// out (N, F) = silu(gate) * up, gate_up (N, 2F)
void mpo_swiglu(mpo_pool *pool, const float *gate_up, float *out, long n, long f) {
  swiglu_args args = {NULL, gate_up, out, f};
  mpo_pool_for(pool, n, mpo_grain(f), swiglu_task, &args);
}

MPO_CLONES static void swiglu_backward_task(void *context, long begin, long end, int worker) {
  (void)worker;
  swiglu_args s = *(swiglu_args *)context;
  for (long n = begin; n < end; n++) {
    const float *gate = s.gate_up + n * 2 * s.f, *up = gate + s.f, *d = s.d_out + n * s.f;
    float *d_gate = s.out + n * 2 * s.f, *d_up = d_gate + s.f;
    MPO_WIDE
    for (long j = 0; j < s.f; j++) {
      float g = gate[j], sigmoid = 1.0f / (1.0f + mpo_exp(-g));
      d_gate[j] = d[j] * up[j] * sigmoid * (1.0f + g * (1.0f - sigmoid));
      d_up[j] = d[j] * g * sigmoid;
    }
  }
}

// d_gate_up (N, 2F) is overwritten
void mpo_swiglu_backward(
    mpo_pool *pool, const float *d_out, const float *gate_up, float *d_gate_up, long n, long f) {
  swiglu_args args = {d_out, gate_up, d_gate_up, f};
  mpo_pool_for(pool, n, mpo_grain(f), swiglu_backward_task, &args);
}

MPO_CLONES void mpo_exp_array(const float *x, float *out, long n) {
  MPO_WIDE
  for (long i = 0; i < n; i++) out[i] = mpo_exp(x[i]);
}

MPO_CLONES void mpo_exp_double_array(const double *x, double *out, long n) {
  MPO_WIDE
  for (long i = 0; i < n; i++) out[i] = mpo_exp_double(x[i]);
}

MPO_CLONES void mpo_tanh_array(const float *x, float *out, long n) {
  MPO_WIDE
  for (long i = 0; i < n; i++) out[i] = mpo_tanh(x[i]);
}
