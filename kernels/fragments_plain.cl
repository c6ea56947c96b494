// Copies and rounding of fragments.cl for units without instructions of their own, and elements of
// tiles one by one.

static inline void copy_16(__local ushort *to, __global const ushort *from) {
  *(__local uint4 *)to = *(__global const uint4 *)from;
}
#define copy_commit()
#define copy_wait(n)

static inline uint round_pair(float x, float y) {
  return (uint)to_bfloat16(y) << 16 | to_bfloat16(x);
}

static inline ushort a_at(__local const ushort *tile, int m, int k) {
  return tile[TRANSPOSE_A ? tile_at(k, m, A_COLUMNS) : tile_at(m, k, A_COLUMNS)];
}
static inline ushort b_at(__local const ushort *tile, int n, int k) {
  return tile[TRANSPOSE_B ? tile_at(n, k, B_COLUMNS) : tile_at(k, n, B_COLUMNS)];
}
