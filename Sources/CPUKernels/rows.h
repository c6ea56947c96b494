// What the row kernels over the vocabulary share: the logit transform and log-sum-exp.
#ifndef MPO_ROWS_H
#define MPO_ROWS_H

#include "kernels.h"

typedef struct {
  float max;
  double sum;  // sum exp(z - max)
  double lse;  // max + log(sum)
} mpo_stats;

MPO_INLINE mpo_stats mpo_row_stats(const float *z, long v) {
  float max = mpo_row_max(z, v);
  double sum = mpo_row_sum_exp(z, v, max);
  return (mpo_stats){max, sum, (double)max + log(sum)};
}

// The same, keeping exp(z - max) in e.
MPO_INLINE mpo_stats mpo_row_exp(const float *z, long v, float *e) {
  float max = mpo_row_max(z, v);
  double total = 0;
  for (long start = 0; start < v; start += MPO_BLOCK) {
    long end = mpo_min(v, start + MPO_BLOCK);
    float sum = 0;
    {
      MPO_REASSOCIATE
      MPO_WIDE
      for (long j = start; j < end; j++) {
        e[j] = mpo_exp(z[j] - max);
        sum += e[j];
      }
    }
    total += sum;
  }
  return (mpo_stats){max, total, (double)max + log(total)};
}

MPO_INLINE float mpo_sum(const float *x, long n) {
  MPO_REASSOCIATE
  float sum = 0;
  for (long j = 0; j < n; j++) sum += x[j];
  return sum;
}

// The row itself when there is nothing to do, else its transform in `scratch`.
MPO_INLINE const float *mpo_transform_row(
    const float *x, long v, mpo_transform t, float *scratch) {
  if (t.softcap > 0) {
    float inverse = 1.0f / t.softcap, k = t.softcap * t.scale;
    MPO_WIDE
    for (long j = 0; j < v; j++) scratch[j] = k * mpo_tanh(x[j] * inverse);
    return scratch;
  }
  if (t.scale == 1.0f) return x;
  for (long j = 0; j < v; j++) scratch[j] = t.scale * x[j];
  return scratch;
}

// d(softcap tanh(x / softcap)) / dx; 1 without a cap.
MPO_INLINE float mpo_transform_slope(float x, mpo_transform t) {
  if (!(t.softcap > 0)) return 1.0f;
  float u = mpo_tanh(x / t.softcap);
  return (1.0f - u) * (1.0f + u);
}

#endif
