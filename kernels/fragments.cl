// What matmul_tensor.cl asks of a matrix unit. Operand tiles lie in local memory as bf16 in the
// order in which they lie in global memory: op(a)'s as (BM, BK), or (BK, BM) where a is stored
// transposed, op(b)'s as (BK, BN), or (BN, BK). A fragments_*.cl behind this file hides how a warp
// (FRAGMENT_LANES neighbouring work-items) holds 16 x 16 of them:
//   fragment_a fragment_load_a(tile, m, k, spare)   rows m.., depth k.. of op(a)
//   fragment_b fragment_load_b(tile, n, k, spare)   columns n.., depth k.. of op(b)
//   fragment_multiply(a, b, float c[FRAGMENT_SUMS], spare)   c += a b, products exact, sums f32
//   fragment_row(lane, i), fragment_column(lane, i)   where sum i of a lane belongs
//   FRAGMENT_RUN   2 when sums 2 i and 2 i + 1 are neighbours in a row; 1 when not defined
//   copy_16(to, from)   16 aligned bytes, global to local, which may end later
//   copy_commit(), copy_wait(n)   wait until at most n commits are not done; then a barrier
//   round_pair(x, y)   bf16 of x in the low half, of y in the high half, to nearest even
//   UNROLL             before a loop over fragments
//   FRAGMENT_KERNEL    attributes that the kernel needs, if any
// The whole warp calls each. `spare` is FRAGMENT_SPARE (of the host) bytes of local memory for each
// work-item, which only implementations without such instructions use.

#ifndef FRAGMENT_LANES
#define FRAGMENT_LANES 32  // work-items of a warp
#endif
#define FRAGMENT_SUMS (256 / FRAGMENT_LANES)  // of a lane

#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0  // 1: a is stored (K, M)
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0  // 1: b is stored (N, K)
#endif
#ifndef BM
#define BM 64  // rows of a tile; a power of two from 32
#endif
#ifndef BN
#define BN 64  // columns of a tile; a power of two from 32
#endif
#ifndef BK
#define BK 32  // depth of a tile; a power of two from 16
#endif

// Rows and columns of the tiles as stored.
#define A_ROWS (TRANSPOSE_A ? BK : BM)
#define A_COLUMNS (TRANSPOSE_A ? BM : BK)
#define B_ROWS (TRANSPOSE_B ? BN : BK)
#define B_COLUMNS (TRANSPOSE_B ? BK : BN)

// Where element (row, column) of a tile lies. The 16-byte chunks of a row are permuted so that 8
// rows of one chunk column, which a matrix load reads at once, lie in different banks.
static inline int tile_at(int row, int column, int columns) {
  const int chunks = columns / 8, inLine = chunks < 8 ? 8 / chunks : 1;
  const int turn = row / inLine % (chunks < 8 ? chunks : 8);
  return row * columns + ((column / 8 ^ turn) * 8 | column % 8);
}
