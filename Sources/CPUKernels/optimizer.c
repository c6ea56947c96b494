// AdamW, one pass over four arrays of n elements.
#include "kernels.h"

typedef struct {
  float *p, *m, *v;
  const float *g;
  long n;
  float clip, beta1, beta2, keep, step, inverse_root, epsilon;
} adamw_args;

enum { UNIT = 4096 };

MPO_CLONES static void adamw_task(void *context, long begin, long end, int worker) {
  (void)worker;
  adamw_args s = *(adamw_args *)context;
  float *restrict p = s.p, *restrict m = s.m, *restrict v = s.v;
  const float *restrict g = s.g;
  long last = mpo_min(s.n, end * UNIT);
  for (long i = begin * UNIT; i < last; i++) {
    MPO_CONTRACT
    float gradient = g[i] * s.clip;
    m[i] = s.beta1 * m[i] + (1.0f - s.beta1) * gradient;
    v[i] = s.beta2 * v[i] + (1.0f - s.beta2) * gradient * gradient;
    p[i] = p[i] * s.keep - s.step * m[i] / (sqrtf(v[i]) * s.inverse_root + s.epsilon);
  }
}

// Loshchilov and Hutter (2019): p = p (1 - lr wd) - lr mhat / (sqrt(vhat) + epsilon), with
// mhat = m / (1 - beta1^t), vhat = v / (1 - beta2^t); g is first multiplied by
// min(1, max_norm / (norm + 1e-6)).
void mpo_adamw(
    mpo_pool *pool, float *p, const float *g, float *m, float *v, long n, const float *norm,
    mpo_adamw_settings s) {
  float clip = 1.0f;
  if (s.max_norm > 0) {
    clip = s.max_norm / (norm[0] + 1e-6f);
    clip = clip > 1.0f ? 1.0f : clip;  // a NaN norm stays NaN
  }
  double c1 = 1.0 - pow(s.beta1, (double)s.step), c2 = 1.0 - pow(s.beta2, (double)s.step);
  adamw_args args = {
      p, m, v, g, n, clip, s.beta1, s.beta2,
      (float)(1.0 - (double)s.learning_rate * (double)s.weight_decay),
      (float)((double)s.learning_rate / c1), (float)(1.0 / sqrt(c2)), s.epsilon};
  mpo_pool_for(pool, (n + UNIT - 1) / UNIT, 4, adamw_task, &args);
}
