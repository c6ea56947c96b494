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
