// What the norm of rows and that of heads share: one row, and a block of the weight's gradient.
#ifndef MPO_NORM_ROWS_H
#define MPO_NORM_ROWS_H

#include "kernels.h"

// sum_j a[j] * b[j], blocks of floats into a double.
MPO_INLINE double norm_dot(const float *a, const float *b, long n) {
  double total = 0;
  for (long start = 0; start < n; start += MPO_BLOCK) {
    long end = mpo_min(n, start + MPO_BLOCK);
    float sum = 0;
    {
      MPO_REASSOCIATE
      for (long j = start; j < end; j++) sum += a[j] * b[j];
    }
    total += sum;
  }
  return total;
}

// The same of a[j] * b[j] * (offset + w[j]).
MPO_INLINE double norm_dot3(
    const float *a, const float *b, const float *w, float offset, long n) {
  double total = 0;
  for (long start = 0; start < n; start += MPO_BLOCK) {
    long end = mpo_min(n, start + MPO_BLOCK);
    float sum = 0;
    {
      MPO_REASSOCIATE
      for (long j = start; j < end; j++) sum += a[j] * b[j] * (offset + w[j]);
    }
    total += sum;
  }
  return total;
}

// out = x r (offset + weight) of one row, with the r that it gives back.
MPO_INLINE float norm_row(
    const float *x, const float *weight, mpo_rms_settings s, float *out, long c) {
  float r = (float)(1.0 / sqrt(norm_dot(x, x, c) / (double)c + s.epsilon));
  for (long j = 0; j < c; j++) out[j] = x[j] * r * (s.weight_offset + weight[j]);
  return r;
}

// With g = d (offset + weight): out (=|+=) r (g - x r^2 mean(g x)).
MPO_INLINE void norm_row_backward(
    const float *d, const float *x, const float *weight, float offset, float r, float *out,
    int accumulate, long c) {
  float mean = (float)(norm_dot3(d, x, weight, offset, c) / (double)c), k = r * r * mean;
  if (accumulate)
    for (long j = 0; j < c; j++) out[j] += r * (d[j] * (offset + weight[j]) - x[j] * k);
  else
    for (long j = 0; j < c; j++) out[j] = r * (d[j] * (offset + weight[j]) - x[j] * k);
}

// Columns that a thread sums over all rows.
enum { NORM_COLUMNS = 32 };

// sum[j] += d[j] x[j] r
MPO_INLINE void norm_weight_row(const float *d, const float *x, float r, long width, double *sum) {
  if (width == NORM_COLUMNS)
    for (int j = 0; j < NORM_COLUMNS; j++) sum[j] += (double)(d[j] * x[j] * r);
  else
    for (long j = 0; j < width; j++) sum[j] += (double)(d[j] * x[j] * r);
}

#endif
