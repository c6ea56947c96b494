// Layer norm with weight and bias, and its adjoint. N rows, C columns.
#include "norm_rows.h"

typedef struct {
  const float *d_out, *x, *weight, *bias, *mean, *r;
  float *out, *mean_out, *r_out, *d_weight, *d_bias;
  long n, c;
  float epsilon;
  int accumulate;
} layer_norm_args;

// sum_j x[j], blocks of floats into a double.
MPO_INLINE double row_sum(const float *x, long n) {
  double total = 0;
  for (long start = 0; start < n; start += MPO_BLOCK) {
    long end = mpo_min(n, start + MPO_BLOCK);
    float sum = 0;
    {
      MPO_REASSOCIATE
      for (long j = start; j < end; j++) sum += x[j];
    }
    total += sum;
  }
  return total;
}

// sum_j (x[j] - mean)^2: from the differences, so that a large mean costs no digits.
MPO_INLINE double row_deviation(const float *x, float mean, long n) {
  double total = 0;
  for (long start = 0; start < n; start += MPO_BLOCK) {
    long end = mpo_min(n, start + MPO_BLOCK);
    float sum = 0;
    {
      MPO_REASSOCIATE
      for (long j = start; j < end; j++) sum += (x[j] - mean) * (x[j] - mean);
    }
    total += sum;
  }
  return total;
}

MPO_CLONES static void layer_norm_task(void *context, long begin, long end, int worker) {
  (void)worker;
  layer_norm_args s = *(layer_norm_args *)context;
  for (long n = begin; n < end; n++) {
    const float *x = s.x + n * s.c;
    float *out = s.out + n * s.c;
    float mean = (float)(row_sum(x, s.c) / (double)s.c);
    float r = (float)(1.0 / sqrt(row_deviation(x, mean, s.c) / (double)s.c + s.epsilon));
    s.mean_out[n] = mean;
    s.r_out[n] = r;
    for (long j = 0; j < s.c; j++) out[j] = (x[j] - mean) * r * s.weight[j] + s.bias[j];
  }
}

// out (N, C) = (x - mean) r weight + bias; statistics (2, N): mean, r = 1 / sqrt(var + epsilon)
void mpo_layer_norm(
    mpo_pool *pool, const float *x, const float *weight, const float *bias, float epsilon,
    float *out, float *statistics, long n, long c) {
  layer_norm_args args = {.x = x, .weight = weight, .bias = bias, .out = out,
                          .mean_out = statistics, .r_out = statistics + n, .n = n, .c = c,
                          .epsilon = epsilon};
  mpo_pool_for(pool, n, mpo_grain(c), layer_norm_task, &args);
}

// Sums of g and of g y over a row, g = d weight, y = (x - mean) r.
MPO_INLINE void pulls(
    const float *d, const float *x, const float *w, float mean, float r, long n, double *first,
    double *second) {
  *first = *second = 0;
  for (long start = 0; start < n; start += MPO_BLOCK) {
    long end = mpo_min(n, start + MPO_BLOCK);
    float a = 0, b = 0;
    {
      MPO_REASSOCIATE
      for (long j = start; j < end; j++) {
        float g = d[j] * w[j];
        a += g;
        b += g * ((x[j] - mean) * r);
      }
    }
    *first += a;
    *second += b;
  }
}

MPO_CLONES static void layer_norm_dx_task(void *context, long begin, long end, int worker) {
  (void)worker;
  layer_norm_args s = *(layer_norm_args *)context;
  for (long n = begin; n < end; n++) {
    const float *x = s.x + n * s.c, *d = s.d_out + n * s.c, *w = s.weight;
    float *out = s.out + n * s.c, mean = s.mean[n], r = s.r[n];
    double first, second;
    pulls(d, x, w, mean, r, s.c, &first, &second);
    float a = (float)(first / (double)s.c), b = (float)(second / (double)s.c);
    if (s.accumulate)
      for (long j = 0; j < s.c; j++) out[j] += r * (d[j] * w[j] - a - (x[j] - mean) * r * b);
    else
      for (long j = 0; j < s.c; j++) out[j] = r * (d[j] * w[j] - a - (x[j] - mean) * r * b);
  }
}

// Threads split the columns; rows are added in order, in double.
MPO_CLONES static void layer_norm_dw_task(void *context, long begin, long end, int worker) {
  (void)worker;
  layer_norm_args s = *(layer_norm_args *)context;
  for (long block = begin; block < end; block++) {
    long first = block * NORM_COLUMNS, width = mpo_min(NORM_COLUMNS, s.c - first);
    double weight[NORM_COLUMNS] = {0}, bias[NORM_COLUMNS] = {0};
    for (long n = 0; n < s.n; n++) {
      const float *x = s.x + n * s.c + first, *d = s.d_out + n * s.c + first;
      float mean = s.mean[n], r = s.r[n];
      for (long j = 0; j < width; j++) {
        weight[j] += (double)(d[j] * ((x[j] - mean) * r));
        bias[j] += (double)d[j];
      }
    }
    if (s.d_weight)
      for (long j = 0; j < width; j++) s.d_weight[first + j] += (float)weight[j];
    if (s.d_bias)
      for (long j = 0; j < width; j++) s.d_bias[first + j] += (float)bias[j];
  }
}

// With y = (x - mean) r and g = dOut weight: dX (=|+=) r (g - mean(g) - y mean(g y)),
// dWeight += sum_n dOut y, dBias += sum_n dOut; NULL leaves one of the two out
void mpo_layer_norm_backward(
    mpo_pool *pool, const float *d_out, const float *x, const float *weight,
    const float *statistics, float *dx, int accumulate, float *d_weight, float *d_bias, long n,
    long c) {
  layer_norm_args args = {.d_out = d_out, .x = x, .weight = weight, .mean = statistics,
                          .r = statistics + n, .out = dx, .d_weight = d_weight, .d_bias = d_bias,
                          .n = n, .c = c, .accumulate = accumulate};
  if (d_weight || d_bias)
    mpo_pool_for(pool, (c + NORM_COLUMNS - 1) / NORM_COLUMNS, mpo_grain(n * NORM_COLUMNS),
                 layer_norm_dw_task, &args);
  mpo_pool_for(pool, n, mpo_grain(c), layer_norm_dx_task, &args);
}
