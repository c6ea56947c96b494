// Activations of a feed-forward layer, gated (gateUp (N, 2F) = [gate | up], fused so that
// activation(gate) is never stored: the adjoint computes it again) and plain, and their adjoints.
// Each is y = x s(x) with a gate s in 0...1. One program for each activation: no branch in a loop.

#ifndef ACTIVATION
#define ACTIVATION 0  // 0: silu, 1: gelu by tanh, 2: gelu by erf
#endif

#if ACTIVATION == 2
// erfc(z) for z >= 0 within 1.2e-7 of itself (Press et al., Numerical Recipes, erfcc).
static inline vec erfc_positive(vec z) {
  vec t = 1.0f / (1.0f + 0.5f * z);
  vec p = (vec)(0.17087277f);
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  return t * exp(p - z * z);
}

// s = Phi(x) = erfc(-x / sqrt(2)) / 2
static inline vec gate_of(vec x) {
  vec tail = 0.5f * erfc_positive(fabs(x) * 0.70710678f);
  return select(1.0f - tail, tail, x < 0.0f);
}
// d y / d x = s + x phi(x)
static inline vec slope_of(vec x, vec s) {
  return s + x * 0.39894228f * exp(-0.5f * x * x);
}
#else
#if ACTIVATION == 1
// Beyond 20 s is 0 or 1 in f32, and x^3 must not overflow in the slope, where it meets a 0. By
// select, since fmin and fmax drop a NaN.
static inline vec clamped(vec x) {
  vec c = select(x, (vec)(20.0f), x > 20.0f);
  return select(c, (vec)(-20.0f), x < -20.0f);
}
// 2 sqrt(2/pi) (x + 0.044715 x^3): (1 + tanh(u / 2)) / 2 = 1 / (1 + exp(-u)), which keeps the digits
// that 1 + tanh loses.
static inline vec inner(vec x) {
  vec c = clamped(x);
  return 1.59576912f * c * (1.0f + 0.044715f * c * c);
}
static inline vec rise(vec x) {
  vec c = clamped(x);
  return 1.59576912f * (1.0f + 0.134145f * c * c);
}
#else
static inline vec inner(vec x) { return x; }
static inline vec rise(vec x) { return (vec)(1.0f); }
#endif
static inline vec gate_of(vec x) { return 1.0f / (1.0f + exp(-inner(x))); }
// d y / d x = s + x s (1 - s) inner'
static inline vec slope_of(vec x, vec s) { return s * (1.0f + x * rise(x) * (1.0f - s)); }
#endif

// out = activation(gate) * up. Groups (N ceil(F / BLOCK)).
KERNEL void gated_unit(
    __global const float *gateUp, ulong gateUpOffset, ulong gateUpStride, __global float *out,
    ulong outOffset, ulong outStride, ulong width) {
  __global const float *gate = gateUp + gateUpOffset + ROW(width) * gateUpStride;
  __global const float *up = gate + width;
  __global float *o = out + outOffset + ROW(width) * outStride;
  for (EACH(i, width)) {
    ulong left = width - i;
    vec g = load_part(gate + i, left, 0);
    store_part(g * gate_of(g) * load_part(up + i, left, 0), o + i, left);
  }
}

// d up = dOut * y, d gate = dOut * up * y'.
KERNEL void gated_unit_backward(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *gateUp,
    ulong gateUpOffset, ulong gateUpStride, __global float *dGateUp, ulong dGateUpOffset,
    ulong dGateUpStride, ulong width) {
  __global const float *d = dOut + dOutOffset + ROW(width) * dOutStride;
  __global const float *gate = gateUp + gateUpOffset + ROW(width) * gateUpStride;
  __global float *dGate = dGateUp + dGateUpOffset + ROW(width) * dGateUpStride;
  for (EACH(i, width)) {
    ulong left = width - i;
    vec g = load_part(gate + i, left, 0), u = load_part(gate + width + i, left, 0);
    vec y = load_part(d + i, left, 0), s = gate_of(g);
    store_part(y * u * slope_of(g, s), dGate + i, left);
    store_part(y * g * s, dGate + width + i, left);
  }
}

// out = activation(x); out may be x. Groups as EACH says.
KERNEL void activate(
    __global const float *x, ulong xOffset, ulong xStride, __global float *out, ulong outOffset,
    ulong outStride, ulong columns) {
  __global const float *a = x + xOffset + ROW(columns) * xStride;
  __global float *o = out + outOffset + ROW(columns) * outStride;
  for (EACH(i, columns)) {
    vec v = load_part(a + i, columns - i, 0);
    store_part(v * gate_of(v), o + i, columns - i);
  }
}

// dX = dOut * y'; dX may be dOut.
KERNEL void activate_backward(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *x,
    ulong xOffset, ulong xStride, __global float *dX, ulong dXOffset, ulong dXStride,
    ulong columns) {
  __global const float *d = dOut + dOutOffset + ROW(columns) * dOutStride;
  __global const float *a = x + xOffset + ROW(columns) * xStride;
  __global float *o = dX + dXOffset + ROW(columns) * dXStride;
  for (EACH(i, columns)) {
    ulong left = columns - i;
    vec v = load_part(a + i, left, 0);
    store_part(load_part(d + i, left, 0) * slope_of(v, gate_of(v)), o + i, left);
  }
}
