// c = scale op(a) op(b) (+ c) on a CPU device, where a work-item owns wide vectors and a work-group
// of one avoids barriers: it computes RM rows x 32 columns in 2 RM registers of 16 floats. op(b)
// comes in panels of 32 columns, packed once per product so that the inner loop reads it in order;
// so does op(a)^T where a is transposed or not plain f32.

#ifndef RM
#define RM 8  // rows of a work-item
#endif
#define PANEL 32  // columns of a panel: two vectors

// panel[p, k, j] = op(b)[k, 32 p + j] in f32, zero behind N. Element (k, n) of op(b) is at
// b[k strideK + n strideN]. Groups (ceil(N / 32), ceil(K / 32)) of one.
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void matmul_pack(
    __global const b_element *b, ulong bOffset, ulong strideK, ulong strideN,
    __global float *panels, ulong panelsOffset, ulong N, ulong K) {
  const ulong n0 = get_group_id(0) * PANEL, k0 = get_group_id(1) * 32;
  const ulong columns = min((ulong)PANEL, N - n0), end = min(K, k0 + 32);
  __global float *to = panels + panelsOffset + get_group_id(0) * K * PANEL;
  __global const b_element *from = b + bOffset + n0 * strideN;
  if (strideN == 1 && columns == PANEL) {
    for (ulong k = k0; k < end; k++) {
      vstore16(B_LOAD16(from + k * strideK), 0, to + k * PANEL);
      vstore16(B_LOAD16(from + k * strideK + 16), 1, to + k * PANEL);
    }
    return;
  }
  if (strideK == 1 && columns == PANEL && end - k0 == 32) {
    // Transposed through a private tile: vectors in, vectors out.
    float tile[32 * PANEL];
    for (int j = 0; j < PANEL; j++) {
      const float16 low = B_LOAD16(from + j * strideN + k0);
      const float16 high = B_LOAD16(from + j * strideN + k0 + 16);
      float row[32];
      vstore16(low, 0, row);
      vstore16(high, 1, row);
      for (int k = 0; k < 32; k++) tile[k * PANEL + j] = row[k];
    }
    for (int k = 0; k < 2 * 32; k++) vstore16(vload16(k, tile), k, to + k0 * PANEL);
    return;
  }
  for (ulong k = k0; k < end; k++)
    for (ulong j = 0; j < PANEL; j++)
      to[k * PANEL + j] = j < columns ? B_VALUE(from[k * strideK + j * strideN]) : 0.0f;
}

// a is (M, K) with row stride aStride or, when that is 0, packed in panels. Groups
// (ceil(M / RM), ceil(N / 32)) of one.
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void matmul_vector(
    __global const float *a, ulong aOffset, ulong aStride, __global const float *panels,
    ulong panelsOffset, __global float *c, ulong cOffset, ulong cStride, ulong M, ulong N, ulong K,
    float scale, uint accumulate) {
  const ulong m0 = get_group_id(0) * RM, n0 = get_group_id(1) * PANEL;
  __global const float *panel = panels + panelsOffset + get_group_id(1) * K * PANEL;
  // Rows behind M repeat the last one and are not stored.
  const ulong step = aStride ? 1 : PANEL;
  __global const float *row[RM];
  for (int i = 0; i < RM; i++) {
    const ulong m = min(m0 + i, M - 1);
    row[i] = a + aOffset + (aStride ? m * aStride : m / PANEL * K * PANEL + m % PANEL);
  }
  float16 low[RM], high[RM];
#pragma unroll
  for (int i = 0; i < RM; i++) low[i] = high[i] = (float16)(0.0f);
  for (ulong k = 0; k < K; k++) {
    const float16 x = vload16(0, panel + k * PANEL), y = vload16(1, panel + k * PANEL);
#pragma unroll
    for (int i = 0; i < RM; i++) {
      const float v = row[i][k * step];
      low[i] = fma((float16)(v), x, low[i]);
      high[i] = fma((float16)(v), y, high[i]);
    }
  }
  const ulong columns = min((ulong)PANEL, N - n0);
#pragma unroll
  for (int i = 0; i < RM; i++) {
    if (m0 + i >= M) break;
    __global float *out = c + cOffset + (m0 + i) * cStride + n0;
    const float16 x = low[i] * scale, y = high[i] * scale;
    if (columns == PANEL) {
      vstore16(accumulate ? vload16(0, out) + x : x, 0, out);
      vstore16(accumulate ? vload16(1, out) + y : y, 1, out);
    } else {
      float tail[PANEL];
      vstore16(x, 0, tail);
      vstore16(y, 1, tail);
      for (ulong j = 0; j < columns; j++) out[j] = accumulate ? out[j] + tail[j] : tail[j];
    }
  }
}
