// c = scale op(a) op(b) (+ c) on a GPU: a work-group of TX x TY work-items computes a tile of
// BM x BN from tiles of op(a) and op(b) in local memory; a work-item holds 4 GM x 4 GN sums in
// registers. Transposes are undone while loading; behind the edges tiles hold zeros.

#ifndef TX
#define TX 16  // work-items along a row of the tile
#endif
#ifndef TY
#define TY 16  // work-items along a column
#endif
#ifndef GM
#define GM 1  // groups of 4 rows of a work-item
#endif
#ifndef GN
#define GN 1  // groups of 4 columns of a work-item
#endif
#ifndef BK
#define BK 16  // depth of a tile
#endif
#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0  // 1: a is stored (K, M)
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0  // 1: b is stored (N, K)
#endif

#define BM (4 * TY * GM)
#define BN (4 * TX * GN)
#define PAD 4  // keeps rows 16-byte aligned and strided stores off one bank

// Groups (ceil(N / BN), ceil(M / BM)), work-items (TX TY).
__kernel __attribute__((reqd_work_group_size(TX * TY, 1, 1))) void matmul_tiled(
    __global const a_element *a, ulong aOffset, ulong aStride, __global const b_element *b,
    ulong bOffset, ulong bStride, __global float *c, ulong cOffset, ulong cStride, ulong M, ulong N,
    ulong K, float scale, uint accumulate, __local float *tb) {
  __local float ta[BK][BM + PAD];
  const int lid = get_local_id(0), tx = lid % TX, ty = lid / TX;
  const ulong m0 = get_group_id(1) * BM, n0 = get_group_id(0) * BN;
  float4 sum[4 * GM][GN];
  for (int i = 0; i < 4 * GM; i++)
    for (int j = 0; j < GN; j++) sum[i][j] = (float4)(0.0f);

  for (ulong k0 = 0; k0 < K; k0 += BK) {
    // Neighbouring work-items read neighbouring elements of whatever is contiguous in memory.
    for (int i = lid; i < BM * BK; i += TX * TY) {
#if TRANSPOSE_A
      const int m = i % BM, k = i / BM;
      const ulong at = (k0 + k) * aStride + m0 + m;
#else
      const int k = i % BK, m = i / BK;
      const ulong at = (m0 + m) * aStride + k0 + k;
#endif
      ta[k][m] = m0 + m < M && k0 + k < K ? A_VALUE(a[aOffset + at]) : 0.0f;
    }
    for (int i = lid; i < BN * BK; i += TX * TY) {
#if TRANSPOSE_B
      const int k = i % BK, n = i / BK;
      const ulong at = (n0 + n) * bStride + k0 + k;
#else
      const int n = i % BN, k = i / BN;
      const ulong at = (k0 + k) * bStride + n0 + n;
#endif
      tb[k * (BN + PAD) + n] = n0 + n < N && k0 + k < K ? B_VALUE(b[bOffset + at]) : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < BK; k++) {
      float4 y[GN];
      for (int j = 0; j < GN; j++) y[j] = vload4(0, tb + k * (BN + PAD) + 4 * (tx + j * TX));
      for (int i = 0; i < GM; i++) {
        float4 x = vload4(0, &ta[k][4 * (ty + i * TY)]);
        for (int j = 0; j < GN; j++) {
          sum[4 * i][j] += x.x * y[j];
          sum[4 * i + 1][j] += x.y * y[j];
          sum[4 * i + 2][j] += x.z * y[j];
          sum[4 * i + 3][j] += x.w * y[j];
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  for (int i = 0; i < 4 * GM; i++) {
    const ulong m = m0 + 4 * (ty + i / 4 * TY) + i % 4;
    if (m >= M) continue;
    for (int j = 0; j < GN; j++) {
      const ulong n = n0 + 4 * (tx + j * TX);
      __global float *out = c + cOffset + m * cStride + n;
      const float4 v = scale * sum[i][j];
      if (n < N) out[0] = accumulate ? out[0] + v.x : v.x;
      if (n + 1 < N) out[1] = accumulate ? out[1] + v.y : v.y;
      if (n + 2 < N) out[2] = accumulate ? out[2] + v.z : v.z;
      if (n + 3 < N) out[3] = accumulate ? out[3] + v.w : v.w;
    }
  }
}
