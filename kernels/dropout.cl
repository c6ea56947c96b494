// Dropout by counters: the same call on a gradient is the adjoint. Groups as EACH says, one row.

// out[i] = x[i] * (u_i >= rate ? scale : 0), u_i the uniform of block (i low, i high, stream, domain).
// A product, so that a NaN that is dropped is still seen.
KERNEL void dropout(
    __global const float *x, ulong xOffset, __global float *out, ulong outOffset, ulong count,
    float rate, float scale, uint seedLow, uint seedHigh, uint stream, uint domain) {
  const ulong first = get_group_id(0) * BLOCK, end = min(count, first + BLOCK);
  for (ulong i = first + get_local_id(0); i < end; i += WG) {
    const uint bits = philox(seedLow, seedHigh, (uint)i, (uint)(i >> 32), stream, domain);
    const float u = (float)(bits >> 8) * 0x1p-24f;
    out[outOffset + i] = x[xOffset + i] * (u >= rate ? scale : 0.0f);
  }
}
