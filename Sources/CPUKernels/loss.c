// The row part of the magnetic loss (algorithm.md section 3). N tokens, V vocabulary; per row
// logits of policy p, generating policy o and magnet m.
//
// One task does a row while it is in cache: three log-sum-exps, keeping the exponentials; then p,
// both divergences and the entropy; then the gradient from what the second pass kept.
//
// Divergences of close policies: with d = log p - log q, KL = sum p d loses all its digits to
// cancellation, because the error of d has weight sum p = 1. As sum q = sum p, it is also
// sum [q - p + p d] = sum p (exp(-d) - 1 + d), terms >= 0 in which an error of d enters times
// (p - q). For |d| < 1/2 the bracket is d^2/2 - d^3/6 + ...
#include "rows.h"

// exp(-d) - 1 + d for |d| < 1/2, to 1e-8 relative.
MPO_INLINE float excess_series(float d) {
  MPO_CONTRACT
  float s = 2.48015873e-5f;
  s = s * -d + 1.98412698e-4f;
  s = s * -d + 1.38888889e-3f;
  s = s * -d + 8.33333333e-3f;
  s = s * -d + 4.16666667e-2f;
  s = s * -d + 1.66666667e-1f;
  s = s * -d + 0.5f;
  return s * d * d;
}

// One term of KL(p || q) given d = log p - log q; 0 * log 0 is 0.
MPO_INLINE float kl_term(float p, float q, float d) {
  float close = p * excess_series(d), far = (q - p) + p * d;
  float term = d > -0.5f && d < 0.5f ? close : far;
  return p == 0.0f ? q : term;
}

// d = log p - log q, apart from the sums so that it is not reassociated.
MPO_INLINE float log_difference(float zp, float zq, float shift) { return (zp - zq) - shift; }

typedef struct {
  mpo_pool *pool;
  float *policy;
  const float *old, *magnet;
  const int *targets;
  const float *advantages, *weights;
  float *components;
  long stride, v;
  mpo_loss_settings s;
  int gradient;
} loss_args;

typedef struct {
  double kl_old, kl_magnet, entropy;
} sums;

// Second pass over a block: eo, em hold exp(z - max); ep becomes p and eo becomes
// pc = p (alpha d_m + d_o / eta). Returns the sums.
MPO_INLINE sums divergences(
    const float *zp, const float *zo, const float *zm, float *ep, float *eo, const float *em,
    long n, mpo_stats sp, mpo_stats so, mpo_stats sm, float alpha, float proximal) {
  MPO_REASSOCIATE
  float ip = (float)(1.0 / sp.sum), io = (float)(1.0 / so.sum), im = (float)(1.0 / sm.sum);
  float lp = (float)(sp.lse - sp.max), shift_o = (float)(sp.lse - so.lse),
        shift_m = (float)(sp.lse - sm.lse);
  float kl_old = 0, kl_magnet = 0, entropy = 0;
  MPO_WIDE_IN_PLACE
  for (long j = 0; j < n; j++) {
    float p = ep[j] * ip, o = eo[j] * io, m = em[j] * im;
    float d_o = log_difference(zp[j], zo[j], shift_o), d_m = log_difference(zp[j], zm[j], shift_m);
    kl_old += kl_term(p, o, d_o);
    kl_magnet += kl_term(p, m, d_m);
    entropy += p == 0.0f ? 0.0f : p * (lp - (zp[j] - sp.max));
    ep[j] = p;
    eo[j] = p == 0.0f ? 0.0f : p * (alpha * d_m + proximal * d_o);
  }
  return (sums){kl_old, kl_magnet, entropy};
}

MPO_CLONES static void loss_task(void *context, long begin, long end, int worker) {
  loss_args s = *(loss_args *)context;
  float *scratch = mpo_pool_scratch(s.pool, worker);
  float *p = scratch, *pc = scratch + s.v, *em = scratch + 2 * s.v;
  float alpha = s.s.alpha, proximal = (float)(1.0 / (double)s.s.eta);
  for (long n = begin; n < end; n++) {
    float *x = s.policy + n * s.v;
    const float *zp = mpo_transform_row(x, s.v, s.s.transform, scratch + 3 * s.v);
    mpo_stats sp = mpo_row_exp(zp, s.v, p);
    // Unmoved since it generated: the same row, whose difference is exactly 0.
    int same = s.old == s.policy;
    const float *zo =
        same ? zp : mpo_transform_row(s.old + n * s.v, s.v, s.s.transform, scratch + 4 * s.v);
    mpo_stats so = same ? sp : mpo_row_exp(zo, s.v, pc);
    if (same) memcpy(pc, p, (size_t)s.v * sizeof(float));
    const float *zm = mpo_transform_row(s.magnet + n * s.v, s.v, s.s.transform, scratch + 5 * s.v);
    mpo_stats sm = mpo_row_exp(zm, s.v, em);
    sums total = {0, 0, 0};
    for (long start = 0; start < s.v; start += MPO_BLOCK) {
      sums part = divergences(
          zp + start, zo + start, zm + start, p + start, pc + start, em + start,
          mpo_min(MPO_BLOCK, s.v - start), sp, so, sm, alpha, proximal);
      total.kl_old += part.kl_old;
      total.kl_magnet += part.kl_magnet;
      total.entropy += part.entropy;
    }
    long y = s.targets[n];
    double log_p = zp[y] - sp.lse, log_o = zo[y] - so.lse, log_m = zm[y] - sm.lse;
    double ratio = exp(log_p - log_o), a = s.advantages[n];
    double surrogate = ratio * a, clip = s.s.clip;
    int active = 1;
    if (clip > 0) {
      double clamped = ratio < 1 - clip ? 1 - clip : ratio > 1 + clip ? 1 + clip : ratio;
      active = !(clamped * a < surrogate);
      if (!active) surrogate = clamped * a;
    }
    double penalty = alpha * total.kl_magnet + proximal * total.kl_old;
    float *c = s.components + n;
    double values[] = {penalty - surrogate, surrogate, total.kl_magnet, total.kl_old,
                       total.entropy, ratio, log_p, log_o, log_m};
    for (int k = 0; k < 9; k++) c[k * s.stride] = (float)values[k];
    if (!s.gradient) continue;

    // d loss / d z_j = ratio A (p_j - [j = y]) + p_j (c_j - penalty), c = alpha d_m + d_o / eta
    double push = active ? ratio * a : 0, w = (double)s.weights[n] * s.s.transform.scale;
    float kp = (float)((push - penalty) * w), kc = (float)w;
    // The target's own difference p - 1 is taken before the other terms can hide it.
    float target = (float)((double)pc[y] * w + ((double)p[y] * (push - penalty) - push) * w);
    if (s.s.transform.softcap > 0) {
      target *= mpo_transform_slope(x[y], s.s.transform);
      MPO_WIDE
      for (long j = 0; j < s.v; j++)
        x[j] = (kp * p[j] + kc * pc[j]) * mpo_transform_slope(x[j], s.s.transform);
    } else {
      for (long j = 0; j < s.v; j++) x[j] = kp * p[j] + kc * pc[j];
    }
    x[y] = target;
  }
}

// components (9, N) with a row stride, in the order of MagneticComponent; with `gradient`, policy
// becomes weights[n] * d loss[n] / d policy. Nonzero: no memory.
int mpo_magnetic_loss(
    mpo_pool *pool, float *policy, const float *old, const float *magnet, const int *targets,
    const float *advantages, const float *weights, mpo_loss_settings settings, float *components,
    long stride, int gradient, long n, long v) {
  if (mpo_pool_reserve(pool, 6 * v * (long)sizeof(float), 0)) return 1;
  loss_args args = {pool, policy, old, magnet, targets, advantages, weights, components, stride, v,
                    settings, gradient};
  mpo_pool_for(pool, n, mpo_grain(20 * v), loss_task, &args);
  return 0;
}

typedef struct {
  const float *advantages, *kl_magnet, *kl_old;
  const int *sequences;
  float *out;
  double alpha, proximal;
} to_go_args;

static void to_go_task(void *context, long begin, long end, int worker) {
  (void)worker;
  to_go_args s = *(to_go_args *)context;
  for (long q = begin; q < end; q++) {
    double later = 0;
    for (long t = (long)s.sequences[q + 1] - 1; t >= s.sequences[q]; t--) {
      double own = s.alpha * s.kl_magnet[t] + s.proximal * s.kl_old[t];
      s.out[t] = (float)(s.advantages[t] - later);
      later += own;
    }
  }
}

// out[t] = advantages[t] - sum_{u > t} (alpha kl_magnet[u] + kl_old[u] / eta) within a sequence;
// sequences (S + 1).
void mpo_kl_to_go(
    mpo_pool *pool, const float *advantages, const float *kl_magnet, const float *kl_old,
    const int *sequences, float alpha, float eta, float *out, long s) {
  to_go_args args = {advantages, kl_magnet, kl_old, sequences, out, alpha, 1.0 / (double)eta};
  mpo_pool_for(pool, s, 64, to_go_task, &args);
}
