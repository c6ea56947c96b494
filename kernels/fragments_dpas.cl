// Fragments by matrix_mad_k16 on a sub-group of 16 (cl_intel_subgroup_matrix_multiply_accumulate):
// lane l holds depth l of 8 rows of op(a), column l of op(b) with two depths in each int, and
// column l of 8 rows of the sums; a fragment has two times 8 rows.

typedef short16 fragment_a;
typedef int8 fragment_b;

static inline fragment_a fragment_load_a(
    __local const ushort *tile, int m, int k, __local ulong *spare) {
  k += get_local_id(0) % 16;
  short column[16];
  UNROLL
  for (int i = 0; i < 16; i++) column[i] = as_short(a_at(tile, m + i, k));
  return vload16(0, column);
}

static inline fragment_b fragment_load_b(
    __local const ushort *tile, int n, int k, __local ulong *spare) {
  n += get_local_id(0) % 16;
  int pairs[8];
  UNROLL
  for (int i = 0; i < 8; i++)
    pairs[i] = as_int((uint)b_at(tile, n, k + 2 * i + 1) << 16 | b_at(tile, n, k + 2 * i));
  return vload8(0, pairs);
}

static inline void fragment_multiply(
    fragment_a a, fragment_b b, float *c, __local ulong *spare) {
  vstore8(bf16_matrix_mad_k16(a.lo, b, vload8(0, c), spare), 0, c);
  vstore8(bf16_matrix_mad_k16(a.hi, b, vload8(1, c), spare), 1, c);
}

static inline int fragment_row(int lane, int i) { return i; }
static inline int fragment_column(int lane, int i) { return lane; }
