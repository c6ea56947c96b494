// Fragments by mma.sync m16n8k16 and ldmatrix (PTX ISA, "Matrix Fragments for mma.m16n8k16"): a
// 16 x 16 fragment is four 8 x 8 matrices, one register each; the product takes op(b) in halves of
// 8 columns. Lane 4 g + t holds elements (g, 2 t) and (g, 2 t + 1) of a matrix.

#define FRAGMENT_RUN 2
typedef uint4 fragment_a;  // rows 0 to 7 and 8 to 15 at depth 0 to 7, then at depth 8 to 15
typedef uint4 fragment_b;  // depth 0 to 7 and 8 to 15 of columns 0 to 7, then of columns 8 to 15

// Within 0 to 15: of the second matrix of each pair, and of the second pair.
#define LANE_INNER(lane) ((lane) % 16)
#define LANE_OUTER(lane) ((lane) / 16 * 8)
// The same with the pairs the other way round.
#define LANE_INNER2(lane) ((lane) / 8 % 2 * 8)
#define LANE_OUTER2(lane) ((lane) % 8 + (lane) / 16 * 8)

static inline fragment_a fragment_load_a(
    __local const ushort *tile, int m, int k, __local ulong *spare) {
  const int lane = get_local_id(0) % 32;
#if TRANSPOSE_A
  return ldmatrix_x4_trans(
      tile + tile_at(k + LANE_OUTER2(lane), m + LANE_INNER2(lane), A_COLUMNS), spare);
#else
  return ldmatrix_x4(
      tile + tile_at(m + LANE_INNER(lane), k + LANE_OUTER(lane), A_COLUMNS), spare);
#endif
}

static inline fragment_b fragment_load_b(
    __local const ushort *tile, int n, int k, __local ulong *spare) {
  const int lane = get_local_id(0) % 32;
#if TRANSPOSE_B
  return ldmatrix_x4(
      tile + tile_at(n + LANE_OUTER2(lane), k + LANE_INNER2(lane), B_COLUMNS), spare);
#else
  return ldmatrix_x4_trans(
      tile + tile_at(k + LANE_INNER(lane), n + LANE_OUTER(lane), B_COLUMNS), spare);
#endif
}

static inline void fragment_multiply(
    fragment_a a, fragment_b b, float *c, __local ulong *spare) {
  mma_bf16_16x8x16(a, b.xy, c, spare);
  mma_bf16_16x8x16(a, b.zw, c + 4, spare);
}

static inline int fragment_row(int lane, int i) { return lane / 4 + i / 2 % 2 * 8; }
static inline int fragment_column(int lane, int i) { return i / 4 * 8 + lane % 4 * 2 + i % 2; }

#define copy_16(to, from) cp_async_16(to, from)
#define copy_commit() cp_async_commit()
#define copy_wait(n) cp_async_wait(n)
#define round_pair(x, y) cvt_rn_bf16x2(x, y)
