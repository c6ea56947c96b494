// Activations of a feed-forward layer, gated and plain, and their adjoints. Each is
// y = x s(x) with a gate s in 0...1:
//   silu       s = 1 / (1 + exp(-x))
//   gelu_tanh  s = 1 / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3))), since 1 + tanh(u) loses digits
//   gelu       s = Phi(x) = erfc(-x / sqrt(2)) / 2
// N rows, F feed-forward width.
#include "kernels.h"

// erfc(z) for z >= 0 within 1.2e-7 of itself (Press et al., Numerical Recipes, erfcc).
MPO_INLINE float erfc_positive(float z) {
  MPO_CONTRACT
  float t = 1.0f / (1.0f + 0.5f * z);
  float p = 0.17087277f;
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  return t * mpo_exp(p - z * z);
}

// s(x), and with `slope` d y / d x = s + x s'. `a` is a constant of the caller.
MPO_INLINE float gate_of(float x, mpo_activation a, float *slope) {
  MPO_CONTRACT
  if (a == MPO_GELU) {
    float half = 0.5f * erfc_positive((x < 0 ? -x : x) * 0.70710678f);
    float s = x < 0 ? half : 1.0f - half;
    if (slope) *slope = s + x * 0.39894228f * mpo_exp(-0.5f * x * x);
    return s;
  }
  float u = x, rise = 1.0f;
  if (a == MPO_GELU_TANH) {
    // Beyond 20 s is 0 or 1 in f32, and x^3 must not overflow in the slope, where it meets a 0.
    float c = x < -20.0f ? -20.0f : x;
    c = c > 20.0f ? 20.0f : c;
    float square = c * c;
    u = 1.59576912f * c * (1.0f + 0.044715f * square);
    rise = 1.59576912f * (1.0f + 0.134145f * square);
  }
  float s = 1.0f / (1.0f + mpo_exp(-u));
  if (slope) *slope = s * (1.0f + x * rise * (1.0f - s));
  return s;
}

typedef struct {
  const float *d_out, *x;
  float *out;
  long f;
  mpo_activation activation;
} activation_args;

// Runs rows(..., a) with a constant `a`, so that its loops hold no branch.
#define EACH_ACTIVATION(a, rows, ...)                                 \
  switch (a) {                                                        \
    case MPO_SILU: rows(__VA_ARGS__, MPO_SILU); break;                \
    case MPO_GELU_TANH: rows(__VA_ARGS__, MPO_GELU_TANH); break;      \
    case MPO_GELU: rows(__VA_ARGS__, MPO_GELU); break;                \
  }

MPO_INLINE void gated_rows(const activation_args *s, long begin, long end, mpo_activation a) {
  for (long n = begin; n < end; n++) {
    const float *gate = s->x + n * 2 * s->f, *up = gate + s->f;
    float *out = s->out + n * s->f;
    MPO_WIDE
    for (long j = 0; j < s->f; j++) out[j] = gate[j] * gate_of(gate[j], a, NULL) * up[j];
  }
}

MPO_CLONES static void gated_task(void *context, long begin, long end, int worker) {
  (void)worker;
  activation_args s = *(activation_args *)context;
  EACH_ACTIVATION(s.activation, gated_rows, &s, begin, end)
}

// out (N, F) = activation(gate) * up, gate_up (N, 2F)
void mpo_gated_unit(
    mpo_pool *pool, const float *gate_up, mpo_activation activation, float *out, long n, long f) {
  activation_args args = {NULL, gate_up, out, f, activation};
  mpo_pool_for(pool, n, mpo_grain(f), gated_task, &args);
}

MPO_INLINE void gated_backward_rows(
    const activation_args *s, long begin, long end, mpo_activation a) {
  for (long n = begin; n < end; n++) {
    const float *gate = s->x + n * 2 * s->f, *up = gate + s->f, *d = s->d_out + n * s->f;
    float *d_gate = s->out + n * 2 * s->f, *d_up = d_gate + s->f;
    MPO_WIDE
    for (long j = 0; j < s->f; j++) {
      float slope, g = gate[j], open = gate_of(g, a, &slope);
      d_gate[j] = d[j] * up[j] * slope;
      d_up[j] = d[j] * g * open;
    }
  }
}

MPO_CLONES static void gated_backward_task(void *context, long begin, long end, int worker) {
  (void)worker;
  activation_args s = *(activation_args *)context;
  EACH_ACTIVATION(s.activation, gated_backward_rows, &s, begin, end)
}

// d_gate_up (N, 2F) is overwritten
void mpo_gated_unit_backward(
    mpo_pool *pool, const float *d_out, const float *gate_up, mpo_activation activation,
    float *d_gate_up, long n, long f) {
  activation_args args = {d_out, gate_up, d_gate_up, f, activation};
  mpo_pool_for(pool, n, mpo_grain(f), gated_backward_task, &args);
}

// Parts are cut on multiples of UNIT elements, so that every element is computed by the same
// instructions for any number of threads.
enum { UNIT = 4096 };

MPO_INLINE void plain(const activation_args *s, long begin, long end, mpo_activation a) {
  const float *x = s->x;
  float *out = s->out;
  MPO_WIDE_IN_PLACE
  for (long i = begin; i < end; i++) out[i] = x[i] * gate_of(x[i], a, NULL);
}

MPO_CLONES static void activate_task(void *context, long begin, long end, int worker) {
  (void)worker;
  activation_args s = *(activation_args *)context;
  long last = mpo_min(s.f, end * UNIT);
  EACH_ACTIVATION(s.activation, plain, &s, begin * UNIT, last)
}

// out = activation(x), n elements; out may be x
void mpo_activate(
    mpo_pool *pool, const float *x, mpo_activation activation, float *out, long n) {
  activation_args args = {NULL, x, out, n, activation};
  mpo_pool_for(pool, (n + UNIT - 1) / UNIT, 8, activate_task, &args);
}

MPO_INLINE void plain_backward(const activation_args *s, long begin, long end, mpo_activation a) {
  const float *x = s->x, *d = s->d_out;
  float *out = s->out;
  MPO_WIDE_IN_PLACE
  for (long i = begin; i < end; i++) {
    float slope;
    gate_of(x[i], a, &slope);
    out[i] = d[i] * slope;
  }
}

MPO_CLONES static void activate_backward_task(void *context, long begin, long end, int worker) {
  (void)worker;
  activation_args s = *(activation_args *)context;
  long last = mpo_min(s.f, end * UNIT);
  EACH_ACTIVATION(s.activation, plain_backward, &s, begin * UNIT, last)
}

// dx = d_out * activation'(x), n elements
void mpo_activate_backward(
    mpo_pool *pool, const float *d_out, const float *x, mpo_activation activation, float *dx,
    long n) {
  activation_args args = {d_out, x, dx, n, activation};
  mpo_pool_for(pool, (n + UNIT - 1) / UNIT, 8, activate_backward_task, &args);
}
