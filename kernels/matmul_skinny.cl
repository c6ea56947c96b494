// c = scale a b^T (+ c) for few rows of a (decoding): the product is a read of b, so a work-group
// takes COLUMNS rows of b, reads each once and holds a sum for each of the MR rows of a.

#ifndef MR
#define MR 8  // rows of a, rounded up; rows behind M repeat the last one
#endif
#ifndef COLUMNS
#define COLUMNS 1  // rows of b in a work-group
#endif

// Groups (ceil(N / COLUMNS)).
KERNEL void matmul_skinny(
    __global const a_element *a, ulong aOffset, ulong aStride, __global const b_element *b,
    ulong bOffset, ulong bStride, __global float *c, ulong cOffset, ulong cStride, ulong M, ulong N,
    ulong K, float scale, uint accumulate, __local float *scratch) {
  const int lid = get_local_id(0);
  const ulong end = min(N, (get_group_id(0) + 1) * (ulong)COLUMNS);
  __global const a_element *row[MR];
  for (int i = 0; i < MR; i++) row[i] = a + aOffset + min((ulong)i, M - 1) * aStride;
  for (ulong n = get_group_id(0) * (ulong)COLUMNS; n < end; n++) {
    __global const b_element *column = b + bOffset + n * bStride;
    vec sum[MR];
    for (int i = 0; i < MR; i++) sum[i] = (vec)(0.0f);
    for (ulong k = (ulong)lid * VW; k < K; k += WG * VW) {
      const ulong left = K - k;
      const vec v = B_PART(column + k, left);
#pragma unroll
      for (int i = 0; i < MR; i++) sum[i] += v * A_PART(row[i] + k, left);
    }
    for (int i = 0; i < MR; i++) scratch[i * WG + lid] = vec_sum(sum[i]);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int width = WG; width > 1;) {
      const int half_ = (width + 1) / 2;
      if (lid < width - half_)
        for (int i = 0; i < MR; i++) scratch[i * WG + lid] += scratch[i * WG + lid + half_];
      barrier(CLK_LOCAL_MEM_FENCE);
      width = half_;
    }
    for (int i = lid; i < MR; i += WG)
      if ((ulong)i < M) {
        __global float *out = c + cOffset + i * cStride + n;
        const float v = scale * scratch[i * WG];
        *out = accumulate ? *out + v : v;
      }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
}
