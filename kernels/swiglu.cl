// out = silu(gate) * up and its adjoint, gateUp (N, 2F) = [gate | up]. Groups
// (N ceil(F / BLOCK)). Fused so that silu(gate) is never stored: the adjoint computes it again.

KERNEL void swiglu(
    __global const float *gateUp, ulong gateUpOffset, ulong gateUpStride, __global float *out,
    ulong outOffset, ulong outStride, ulong width) {
  __global const float *gate = gateUp + gateUpOffset + ROW(width) * gateUpStride;
  __global const float *up = gate + width;
  __global float *o = out + outOffset + ROW(width) * outStride;
  for (EACH(i, width)) {
    ulong left = width - i;
    vec g = load_part(gate + i, left, 0);
    store_part(g / (1.0f + exp(-g)) * load_part(up + i, left, 0), o + i, left);
  }
}

// With s = sigmoid(g): d up = dOut * g * s, d gate = dOut * up * s * (1 + g * (1 - s)).
KERNEL void swiglu_backward(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *gateUp,
    ulong gateUpOffset, ulong gateUpStride, __global float *dGateUp, ulong dGateUpOffset,
    ulong dGateUpStride, ulong width) {
  __global const float *d = dOut + dOutOffset + ROW(width) * dOutStride;
  __global const float *gate = gateUp + gateUpOffset + ROW(width) * gateUpStride;
  __global float *dGate = dGateUp + dGateUpOffset + ROW(width) * dGateUpStride;
  for (EACH(i, width)) {
    ulong left = width - i;
    vec g = load_part(gate + i, left, 0), u = load_part(gate + width + i, left, 0);
    vec y = load_part(d + i, left, 0);
    vec s = 1.0f / (1.0f + exp(-g));
    store_part(y * u * s * (1.0f + g * (1.0f - s)), dGate + i, left);
    store_part(y * g * s, dGate + width + i, left);
  }
}
