// Fragments by wmma 16x16x16 on a wave of 32 (AMD, "RDNA 3 ISA": wave matrix multiply accumulate):
// lanes r and 16 + r both hold row r of op(a) and column r of op(b) at every depth; lane 16 h + r
// holds rows h, h + 2, ... of column r of the sums.

typedef short16 fragment_a;
typedef short16 fragment_b;

#define EIGHT(at, x, k)                                                                     \
  (ushort8)(                                                                                \
      at(tile, x, k), at(tile, x, (k) + 1), at(tile, x, (k) + 2), at(tile, x, (k) + 3),     \
      at(tile, x, (k) + 4), at(tile, x, (k) + 5), at(tile, x, (k) + 6), at(tile, x, (k) + 7))

static inline fragment_a fragment_load_a(
    __local const ushort *tile, int m, int k, __local ulong *spare) {
  m += get_local_id(0) % 16;
#if TRANSPOSE_A
  return as_short16((ushort16)(EIGHT(a_at, m, k), EIGHT(a_at, m, k + 8)));
#else
  return (short16)(
      *(__local const short8 *)(tile + tile_at(m, k, A_COLUMNS)),
      *(__local const short8 *)(tile + tile_at(m, k + 8, A_COLUMNS)));
#endif
}

static inline fragment_b fragment_load_b(
    __local const ushort *tile, int n, int k, __local ulong *spare) {
  n += get_local_id(0) % 16;
#if TRANSPOSE_B
  return (short16)(
      *(__local const short8 *)(tile + tile_at(n, k, B_COLUMNS)),
      *(__local const short8 *)(tile + tile_at(n, k + 8, B_COLUMNS)));
#else
  return as_short16((ushort16)(EIGHT(b_at, n, k), EIGHT(b_at, n, k + 8)));
#endif
}

static inline void fragment_multiply(
    fragment_a a, fragment_b b, float *c, __local ulong *spare) {
  vstore8(wmma_f32_16x16x16_bf16(a, b, vload8(0, c), spare), 0, c);
}

static inline int fragment_row(int lane, int i) { return 2 * i + lane / 16; }
static inline int fragment_column(int lane, int i) { return lane % 16; }
