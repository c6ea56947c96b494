// c = scale op(a) op(b) (+ c) with products of bf16 and sums in f32, by a matrix unit behind the
// functions of fragments.cl. A work-group of WARPS_M x WARPS_N warps computes a tile of BM x BN;
// tiles of op(a) and op(b) come through STAGES buffers in local memory, so that copies run ahead of
// products with one barrier a step. f32 operands (kind 2 of operands.cl) are rounded on their way:
// they wait in registers while the step before is computed. Behind the edges tiles hold zeros.
//
// K may be split into slices that give partial sums, which matmul_reduce adds in a fixed order.

#ifndef WARPS_M
#define WARPS_M 2  // warps along a column of the tile
#endif
#ifndef WARPS_N
#define WARPS_N 2  // warps along a row
#endif
#ifndef STAGES
#define STAGES 2  // buffers; from 2
#endif
#ifndef BAND
#define BAND 8  // rows of tiles that neighbouring work-groups share, for the second-level cache
#endif

#ifndef FRAGMENT_RUN
#define FRAGMENT_RUN 1
#endif
#ifndef FRAGMENT_KERNEL
#define FRAGMENT_KERNEL
#endif

#define ITEMS (WARPS_M * WARPS_N * FRAGMENT_LANES)
#define FM (BM / WARPS_M / 16)  // fragments of a warp
#define FN (BN / WARPS_N / 16)
#define A_CHUNKS (BM * BK / 8 / ITEMS)  // 16-byte chunks of a work-item
#define B_CHUNKS (BN * BK / 8 / ITEMS)
#if A_CHUNKS * ITEMS * 8 != BM * BK || B_CHUNKS * ITEMS * 8 != BN * BK || FM * FN == 0
#error "tiles are no whole number of chunks and fragments"
#endif
#define STAGE ((BM + BN) * BK)  // elements of a buffer

#define A_F32 (A_KIND == 2)  // else bf16
#define B_F32 (B_KIND == 2)

// A tile of rowsLeft x columnsLeft elements (the rest zeros) from x. `aligned`: rows start at 16
// bytes.
static inline void copy_tile(
    __global const ushort *x, ulong stride, int rowsLeft, int columnsLeft, bool aligned,
    __local ushort *tile, int columns, int chunks) {
UNROLL
  for (int j = 0; j < chunks; j++) {
    const int i = j * ITEMS + (int)get_local_id(0);
    const int row = i / (columns / 8), column = i % (columns / 8) * 8;
    __global const ushort *from = x + row * stride + column;
    __local ushort *to = tile + tile_at(row, column, columns);
    if (aligned && row < rowsLeft && column + 8 <= columnsLeft) {
      copy_16(to, from);
    } else {
      const int left = row < rowsLeft ? columnsLeft - column : 0;
      for (int e = 0; e < 8; e++) to[e] = e < left ? from[e] : (ushort)0;
    }
  }
}

static inline void fetch_tile(
    __global const float *x, ulong stride, int rowsLeft, int columnsLeft, bool aligned,
    float8 *held, int columns, int chunks) {
UNROLL
  for (int j = 0; j < chunks; j++) {
    const int i = j * ITEMS + (int)get_local_id(0);
    const int row = i / (columns / 8), column = i % (columns / 8) * 8;
    __global const float *from = x + row * stride + column;
    if (aligned && row < rowsLeft && column + 8 <= columnsLeft) {
      held[j].lo = *(__global const float4 *)from;
      held[j].hi = *(__global const float4 *)(from + 4);
    } else {
      const int left = row < rowsLeft ? columnsLeft - column : 0;
      held[j].s0 = left > 0 ? from[0] : 0.0f;
      held[j].s1 = left > 1 ? from[1] : 0.0f;
      held[j].s2 = left > 2 ? from[2] : 0.0f;
      held[j].s3 = left > 3 ? from[3] : 0.0f;
      held[j].s4 = left > 4 ? from[4] : 0.0f;
      held[j].s5 = left > 5 ? from[5] : 0.0f;
      held[j].s6 = left > 6 ? from[6] : 0.0f;
      held[j].s7 = left > 7 ? from[7] : 0.0f;
    }
  }
}

static inline void round_tile(
    const float8 *held, __local ushort *tile, int columns, int chunks) {
UNROLL
  for (int j = 0; j < chunks; j++) {
    const int i = j * ITEMS + (int)get_local_id(0);
    const int row = i / (columns / 8), column = i % (columns / 8) * 8;
    const float8 v = held[j];
    *(__local uint4 *)(tile + tile_at(row, column, columns)) = (uint4)(
        round_pair(v.s0, v.s1), round_pair(v.s2, v.s3), round_pair(v.s4, v.s5),
        round_pair(v.s6, v.s7));
  }
}

static inline int rest(ulong end, ulong start, int limit) {
  return start < end ? (int)min(end - start, (ulong)limit) : 0;
}

static inline void multiply_tiles(
    __local const ushort *ta, __local const ushort *tb, int m, int n,
    float sum[FM][FN][FRAGMENT_SUMS], __local ulong *spare) {
UNROLL
  for (int k = 0; k < BK; k += 16) {
    fragment_a x[FM];
    fragment_b y[FN];
UNROLL
    for (int i = 0; i < FM; i++) x[i] = fragment_load_a(ta, m + 16 * i, k, spare);
UNROLL
    for (int j = 0; j < FN; j++) y[j] = fragment_load_b(tb, n + 16 * j, k, spare);
UNROLL
    for (int i = 0; i < FM; i++)
UNROLL
      for (int j = 0; j < FN; j++) fragment_multiply(x[i], y[j], sum[i][j], spare);
  }
}

static inline void store_sums(
    float sum[FM][FN][FRAGMENT_SUMS], __global float *c, ulong cStride, ulong m0, ulong n0, ulong M,
    ulong N, float scale, uint accumulate, bool paired) {
  const int lane = get_local_id(0) % FRAGMENT_LANES;
UNROLL
  for (int i = 0; i < FM; i++)
UNROLL
    for (int j = 0; j < FN; j++)
UNROLL
      for (int e = 0; e < FRAGMENT_SUMS; e += FRAGMENT_RUN) {
        const ulong m = m0 + 16 * i + fragment_row(lane, e);
        const ulong n = n0 + 16 * j + fragment_column(lane, e);
        if (m >= M || n >= N) continue;
        __global float *out = c + m * cStride + n;
#if FRAGMENT_RUN == 2
        if (paired && n + 1 < N) {
          float2 v = scale * (float2)(sum[i][j][e], sum[i][j][e + 1]);
          if (accumulate) v += *(__global float2 *)out;
          *(__global float2 *)out = v;
          continue;
        }
        if (n + 1 < N) {
          const float v = scale * sum[i][j][e + 1];
          out[1] = accumulate ? out[1] + v : v;
        }
#endif
        const float v = scale * sum[i][j][e];
        *out = accumulate ? *out + v : v;
      }
}

// Groups (ceil(M / BM) ceil(N / BN), slices of `depth`); slice s writes at c + s sliceStride.
// `tiles` holds STAGES buffers, then `spare`.
__kernel FRAGMENT_KERNEL __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void matmul_tensor(
    __global const a_element *a, ulong aOffset, ulong aStride, __global const b_element *b,
    ulong bOffset, ulong bStride, __global float *c, ulong cOffset, ulong cStride, ulong M, ulong N,
    ulong K, float scale, uint accumulate, ulong depth, ulong sliceStride, __local uint4 *tiles) {
  const int warp = get_local_id(0) / FRAGMENT_LANES;
  const int wm = warp / WARPS_N * (BM / WARPS_M), wn = warp % WARPS_N * (BN / WARPS_N);
  const ulong high = (M + BM - 1) / BM, wide = (N + BN - 1) / BN, id = get_group_id(0);
  const ulong band = id / (BAND * wide) * BAND, within = id - band * wide;
  const ulong tall = min((ulong)BAND, high - band);
  const ulong m0 = (band + within % tall) * BM, n0 = within / tall * BN;
  const ulong first = get_group_id(1) * depth, end = min(K, first + depth);
  const int steps = (int)((end - first + BK - 1) / BK);
  const int aLine = A_F32 ? 4 : 8, bLine = B_F32 ? 4 : 8;  // elements in 16 bytes
  const bool aAligned = (aOffset | aStride) % aLine == 0;
  const bool bAligned = (bOffset | bStride) % bLine == 0;
  a += aOffset + (TRANSPOSE_A ? m0 : m0 * aStride);
  b += bOffset + (TRANSPOSE_B ? n0 * bStride : n0);
  const int mLeft = rest(M, m0, BM), nLeft = rest(N, n0, BN);
  __local ushort *buffers = (__local ushort *)tiles;
  __local ulong *spare = (__local ulong *)(buffers + STAGES * STAGE);

  float sum[FM][FN][FRAGMENT_SUMS];
UNROLL
  for (int i = 0; i < FM; i++)
UNROLL
    for (int j = 0; j < FN; j++)
UNROLL
      for (int e = 0; e < FRAGMENT_SUMS; e++) sum[i][j][e] = 0.0f;
#if A_F32
  float8 aHeld[A_CHUNKS];
#endif
#if B_F32
  float8 bHeld[B_CHUNKS];
#endif

  // Steps -STAGES + 1 to -1 only fill buffers.
  int reading = 0, writing = 0;
  for (int t = 1 - STAGES; t < steps; t++) {
    const int next = t + STAGES - 1;
    __local ushort *ta = buffers + writing * STAGE, *tb = ta + BM * BK;
    if (t >= 0) {
      copy_wait(STAGES - 2);
      // Tiles of this step are whole, and all have read those that the next copies replace.
      barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (next < steps) {
      const ulong k = first + (ulong)next * BK;
      const int kLeft = rest(end, k, BK);
      const int aRows = TRANSPOSE_A ? kLeft : mLeft, aColumns = TRANSPOSE_A ? mLeft : kLeft;
      const int bRows = TRANSPOSE_B ? nLeft : kLeft, bColumns = TRANSPOSE_B ? kLeft : nLeft;
      __global const a_element *x = a + (TRANSPOSE_A ? k * aStride : k);
      __global const b_element *y = b + (TRANSPOSE_B ? k : k * bStride);
#if A_F32
      fetch_tile(x, aStride, aRows, aColumns, aAligned, aHeld, A_COLUMNS, A_CHUNKS);
#else
      copy_tile(x, aStride, aRows, aColumns, aAligned, ta, A_COLUMNS, A_CHUNKS);
#endif
#if B_F32
      fetch_tile(y, bStride, bRows, bColumns, bAligned, bHeld, B_COLUMNS, B_CHUNKS);
#else
      copy_tile(y, bStride, bRows, bColumns, bAligned, tb, B_COLUMNS, B_CHUNKS);
#endif
    }
    copy_commit();
    if (t >= 0) {
      __local const ushort *now = buffers + reading * STAGE;
      multiply_tiles(now, now + BM * BK, wm, wn, sum, spare);
      reading = reading + 1 == STAGES ? 0 : reading + 1;
    }
    if (next < steps) {
#if A_F32
      round_tile(aHeld, ta, A_COLUMNS, A_CHUNKS);
#endif
#if B_F32
      round_tile(bHeld, tb, B_COLUMNS, B_CHUNKS);
#endif
    }
    writing = writing + 1 == STAGES ? 0 : writing + 1;
  }

  const bool paired = (cOffset | cStride | sliceStride) % 2 == 0;
  store_sums(
      sum, c + cOffset + get_group_id(1) * sliceStride, cStride, m0 + wm, n0 + wn, M, N, scale,
      accumulate, paired);
}
