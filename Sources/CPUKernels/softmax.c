// Softmax, log-probabilities and cross-entropy over rows of logits. N rows, V vocabulary.
// Before the softmax z = scale * (softcap > 0 ? softcap * tanh(x / softcap) : x).
#include "rows.h"

typedef struct {
  const float *logits;
  float *out;
  long v;
  float scale;
} softmax_args;

MPO_CLONES static void softmax_task(void *context, long begin, long end, int worker) {
  (void)worker;
  softmax_args s = *(softmax_args *)context;
  for (long n = begin; n < end; n++) {
    const float *x = s.logits + n * s.v;
    float *out = s.out + n * s.v;
    for (long j = 0; j < s.v; j++) out[j] = s.scale * x[j];
    float max = mpo_row_max(out, s.v);
    double total = 0;
    for (long start = 0; start < s.v; start += MPO_BLOCK) {
      long stop = mpo_min(s.v, start + MPO_BLOCK);
      MPO_WIDE
      for (long j = start; j < stop; j++) out[j] = mpo_exp(out[j] - max);
      total += mpo_sum(out + start, stop - start);
    }
    float inverse = (float)(1.0 / total);
    for (long j = 0; j < s.v; j++) out[j] *= inverse;
  }
}

// out = softmax(scale * logits) by rows; out may be logits.
void mpo_softmax(
    mpo_pool *pool, const float *logits, float scale, float *out, long n, long v) {
  softmax_args args = {logits, out, v, scale};
  mpo_pool_for(pool, n, mpo_grain(4 * v), softmax_task, &args);
}

typedef struct {
  mpo_pool *pool;
  const float *logits[3];
  const int *targets;
  const float *weights;
  float *gradient, *out;
  long v, stride;
  mpo_transform transform;
} gather_args;

MPO_CLONES static void gather_log_prob_task(void *context, long begin, long end, int worker) {
  gather_args s = *(gather_args *)context;
  float *scratch = mpo_pool_scratch(s.pool, worker);
  for (long n = begin; n < end; n++) {
    const float *z = mpo_transform_row(s.logits[0] + n * s.v, s.v, s.transform, scratch);
    s.out[n] = (float)((double)z[s.targets[n]] - mpo_row_stats(z, s.v).lse);
  }
}

// out[n] = log softmax(transform(logits[n]))[targets[n]]. Nonzero: no memory.
int mpo_gather_log_prob(
    mpo_pool *pool, const float *logits, const int *targets, mpo_transform transform, float *out,
    long n, long v) {
  if (mpo_pool_reserve(pool, v * (long)sizeof(float), 0)) return 1;
  gather_args args = {.pool = pool, .logits = {logits}, .targets = targets, .out = out, .v = v,
                      .transform = transform};
  mpo_pool_for(pool, n, mpo_grain(4 * v), gather_log_prob_task, &args);
  return 0;
}

MPO_CLONES static void log_ratio_task(void *context, long begin, long end, int worker) {
  gather_args s = *(gather_args *)context;
  float *scratch = mpo_pool_scratch(s.pool, worker);
  for (long n = begin; n < end; n++) {
    double log_prob[3];
    for (int k = 0; k < 3; k++) {
      const float *z = mpo_transform_row(s.logits[k] + n * s.v, s.v, s.transform, scratch);
      log_prob[k] = (double)z[s.targets[n]] - mpo_row_stats(z, s.v).lse;
    }
    s.out[n] = (float)(log_prob[0] - log_prob[1]);
    s.out[s.stride + n] = (float)(log_prob[0] - log_prob[2]);
  }
}

// out[0, n] = log p(y) - log p_old(y), out[1, n] = log p(y) - log mu(y); out has a row stride.
int mpo_log_ratio(
    mpo_pool *pool, const float *policy, const float *old, const float *magnet, const int *targets,
    mpo_transform transform, float *out, long stride, long n, long v) {
  if (mpo_pool_reserve(pool, v * (long)sizeof(float), 0)) return 1;
  gather_args args = {.pool = pool, .logits = {policy, old, magnet}, .targets = targets,
                      .out = out, .v = v, .stride = stride, .transform = transform};
  mpo_pool_for(pool, n, mpo_grain(12 * v), log_ratio_task, &args);
  return 0;
}

MPO_CLONES static void cross_entropy_task(void *context, long begin, long end, int worker) {
  gather_args s = *(gather_args *)context;
  float *scratch = mpo_pool_scratch(s.pool, worker);
  for (long n = begin; n < end; n++) {
    const float *x = s.logits[0] + n * s.v;
    const float *z = mpo_transform_row(x, s.v, s.transform, scratch);
    mpo_stats stats = mpo_row_stats(z, s.v);
    long y = s.targets[n];
    s.out[n] = (float)(stats.lse - (double)z[y]);
    if (!s.gradient) continue;
    float *g = s.gradient + n * s.v;
    float k = s.weights[n] * s.transform.scale, inverse = (float)(1.0 / stats.sum);
    float slope = mpo_transform_slope(x[y], s.transform);
    double target = ((double)mpo_exp(z[y] - stats.max) / stats.sum - 1.0) * k * slope;
    k *= inverse;
    if (s.transform.softcap > 0) {
      MPO_WIDE_IN_PLACE
      for (long j = 0; j < s.v; j++)
        g[j] = k * mpo_exp(z[j] - stats.max) * mpo_transform_slope(x[j], s.transform);
    } else {
      MPO_WIDE_IN_PLACE
      for (long j = 0; j < s.v; j++) g[j] = k * mpo_exp(z[j] - stats.max);
    }
    g[y] = (float)target;
  }
}

// nll[n] = -log softmax(transform(logits[n]))[targets[n]]; with `gradient` the logits become
// weights[n] * d nll / d logits. Nonzero: no memory.
int mpo_cross_entropy(
    mpo_pool *pool, float *logits, const int *targets, const float *weights,
    mpo_transform transform, float *nll, int gradient, long n, long v) {
  if (mpo_pool_reserve(pool, v * (long)sizeof(float), 0)) return 1;
  gather_args args = {.pool = pool, .logits = {logits}, .targets = targets, .weights = weights,
                      .gradient = gradient ? logits : NULL, .out = nll, .v = v,
                      .transform = transform};
  mpo_pool_for(pool, n, mpo_grain(8 * v), cross_entropy_task, &args);
  return 0;
}
