// Elementwise operations.
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

MPO_CLONES static void soft_cap_task(void *context, long begin, long end, int worker) {
  (void)worker;
  vector_args s = *(vector_args *)context;
  long last = mpo_min(s.n, end * UNIT);
  float inverse = 1.0f / s.t;
  MPO_WIDE_IN_PLACE
  for (long i = begin * UNIT; i < last; i++) s.out[i] = s.t * mpo_tanh(s.out[i] * inverse);
}

// x = cap tanh(x / cap)
void mpo_soft_cap(mpo_pool *pool, float *x, float cap, long n) {
  vector_args args = {NULL, NULL, x, n, cap};
  run_units(pool, &args, soft_cap_task);
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
