// Fragments by mfma 16x16x16 on a wave of 64 (AMD, "CDNA 2 ISA": matrix arithmetic): lane 16 q + r
// holds row r of op(a), column r of op(b), each at depth 4 q to 4 q + 3, and rows 4 q to 4 q + 3 of
// column r of the sums.

typedef short4 fragment_a;
typedef short4 fragment_b;

static inline fragment_a fragment_load_a(
    __local const ushort *tile, int m, int k, __local ulong *spare) {
  const int lane = get_local_id(0) % 64;
  m += lane % 16;
  k += lane / 16 * 4;
#if TRANSPOSE_A
  return as_short4((ushort4)(
      a_at(tile, m, k), a_at(tile, m, k + 1), a_at(tile, m, k + 2), a_at(tile, m, k + 3)));
#else
  return *(__local const short4 *)(tile + tile_at(m, k, A_COLUMNS));
#endif
}

static inline fragment_b fragment_load_b(
    __local const ushort *tile, int n, int k, __local ulong *spare) {
  const int lane = get_local_id(0) % 64;
  n += lane % 16;
  k += lane / 16 * 4;
#if TRANSPOSE_B
  return *(__local const short4 *)(tile + tile_at(n, k, B_COLUMNS));
#else
  return as_short4((ushort4)(
      b_at(tile, n, k), b_at(tile, n, k + 1), b_at(tile, n, k + 2), b_at(tile, n, k + 3)));
#endif
}

static inline void fragment_multiply(
    fragment_a a, fragment_b b, float *c, __local ulong *spare) {
  vstore4(mfma_f32_16x16x16_bf16(a, b, vload4(0, c), spare), 0, c);
}

static inline int fragment_row(int lane, int i) { return lane / 16 * 4 + i; }
static inline int fragment_column(int lane, int i) { return lane % 16; }
