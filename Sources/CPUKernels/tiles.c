// Matrix products over the pool by matrix tiles (x86's AMX), which multiply bfloat16 with f32 sums
// sixteen times as fast as AVX-512 does f32. C (M, N) = op(A) op(B) or +=, row-major.
//
// An f32 operand that must not be rounded is taken apart into three bfloat16, x = x0 + x1 + x2 with
// x0 the nearest to x, x1 to x - x0, x2 to the rest: all 24 bits of its significand. Of the nine
// products of parts the six that count are summed, those below 2^-24 left out:
//   x y = x2 y0 + x1 y0 + x1 y1 + x0 y1 + x0 y2 + x0 y0 + O(2^-25 |x y|),
// the small ones of every 32 elements of K first. At K = 5000 the error is .6 times that of oneDNN's
// sgemm.
//
// The parts of an infinity would make NaN of what is infinite, so panels that hold one (or a value
// that rounds to one) are multiplied as they are, element by element.
//
// Both operands are packed into tiles. The shorter side of C is the shared one: its operand is
// packed once, by all threads; of the longer side each thread packs blocks of its own and
// multiplies them with all that is shared. Every element of C is one sum in an order that depends
// on K alone, so the number of threads changes nothing.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tiles_pack.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

// Tiles 0 to 3 are the sums, 4 and 5 of A, 6 and 7 of B. `tall` and `wide`: there are second ones.
#define LOAD_A(i)                                            \
  _tile_loadd(4, a + (i) * BYTES, 64);                       \
  if (tall) _tile_loadd(5, a + (pa + (i)) * BYTES, 64);
#define LOAD_B(j)                                            \
  _tile_loadd(6, b + (j) * BYTES, 64);                       \
  if (wide) _tile_loadd(7, b + (pb + (j)) * BYTES, 64);
// A product takes 16 cycles and one instruction. A core that sees little else sometimes runs tiles at two
// fifths of their rate for seconds; with a few instructions between them it does so less (up to 40 % in
// a loop of products, a tenth of a whole one; see bench/NOTES.md). They cost nothing: slots are free.
#define PRODUCT(sum, a, b)         \
  do {                             \
    _tile_dpbf16ps(sum, a, b);     \
    __asm__ volatile(".rept 16\n nop\n .endr"); \
  } while (0)
#define MULTIPLY                   \
  PRODUCT(0, 4, 6);                \
  if (wide) PRODUCT(1, 4, 7);      \
  if (tall) {                      \
    PRODUCT(2, 5, 6);              \
    if (wide) PRODUCT(3, 5, 7);    \
  }

// Sums of one panel of A with one of B over the slice.
TILES_INLINE void sum_panels(
    const char *a, int pa, const char *b, int pb, long steps, int tall, int wide) {
  long row_a = 2 * pa * BYTES, row_b = 2 * pb * BYTES;
  for (long t = 0; t < steps; t++, a += row_a, b += row_b) {
    LOAD_B(0)
    if (pa == 3) {
      LOAD_A(2)
      MULTIPLY
      LOAD_A(1)
      MULTIPLY
    }
    if (pb == 3 && pa == 3) {
      LOAD_B(1)
      MULTIPLY
    }
    LOAD_A(0)
    if (pb == 3) {
      if (pa != 3) {
        LOAD_B(1)
      }
      MULTIPLY
      LOAD_B(2)
      MULTIPLY
      LOAD_B(0)
    }
    MULTIPLY
  }
}

TILES_INLINE void put(const float *sum, float *c, long ldc, long rows, long columns, int add) {
  __mmask16 mask = (__mmask16)((1u << columns) - 1);
  for (long r = 0; r < rows; r++) {
    __m512 v = _mm512_loadu_ps(sum + r * 16);
    if (add) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, c + r * ldc));
    _mm512_mask_storeu_ps(c + r * ldc, mask, v);
  }
}

// Tile `t` (a constant) to C.
#define STORE(t, r, q)                                                                     \
  do {                                                                                     \
    long height = mpo_min(UNIT, rows - (r)), width = mpo_min(UNIT, columns - (q));         \
    if (height > 0 && width > 0) {                                                         \
      float *to = c + (r) * ldc + (q);                                                     \
      if (height == UNIT && width == UNIT && !add) {                                       \
        _tile_stored(t, to, ldc * 4);                                                      \
      } else {                                                                             \
        _tile_stored(t, sum, 64);                                                          \
        put(sum, to, ldc, height, width, add);                                             \
      }                                                                                    \
    }                                                                                      \
  } while (0)

// The block of C (rows, columns), at most a panel each way.
TILES_INLINE void multiply(
    const char *a, int pa, const char *b, int pb, long steps, float *c, long ldc, long rows,
    long columns, int add) {
  _Alignas(64) float sum[256];
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  if (rows > UNIT && columns > UNIT)
    sum_panels(a, pa, b, pb, steps, 1, 1);
  else
    sum_panels(a, pa, b, pb, steps, rows > UNIT, columns > UNIT);
  STORE(0, 0, 0);
  STORE(1, 0, UNIT);
  STORE(2, UNIT, 0);
  STORE(3, UNIT, UNIT);
}

// Element (unit, k) of an operand as the f32 that enters the product.
static float element(const tile_args *s, const tile_operand *o, long unit, long k) {
  long at = o->along ? unit * o->ld + k : k * o->ld + unit;
  float x;
  mpo_convert_row(o->x + at * size_of(o->type), o->type, &x, MPO_F32, 1, s->rounds);
  return x;
}

// The same block of C without tiles.
static void multiply_plainly(
    const tile_args *s, long row, long rows, long column, long columns, int add) {
  const tile_operand *a = s->own_is_a ? &s->own : &s->shared;
  const tile_operand *b = s->own_is_a ? &s->shared : &s->own;
  for (long i = row; i < row + mpo_min(PANEL, rows); i++)
    for (long j = column; j < column + mpo_min(PANEL, columns); j++) {
      float sum = 0;
      for (long k = s->k0; k < s->k0 + s->depth; k++)
        sum += element(s, a, i, k) * element(s, b, j, k);
      float *c = s->c + i * s->ldc + j;
      *c = add ? *c + sum : sum;
    }
}

TILES static void multiply_block(
    const tile_args *s, long first, long count, const char *own, const char *infinite) {
  const tile_operand *a = s->own_is_a ? &s->own : &s->shared;
  const tile_operand *b = s->own_is_a ? &s->shared : &s->own;
  int pa = a->parts, pb = b->parts, add = s->accumulate || s->k0 > 0;
  long own_bytes = panel_bytes(&s->own, s->steps), bytes = panel_bytes(&s->shared, s->steps);
  for (long i = 0; i < s->s_units; i += PANEL)
    for (long j = 0; j < count; j += PANEL) {
      long row = s->own_is_a ? first + j : s->s0 + i, column = s->own_is_a ? s->s0 + i : first + j;
      long rows = s->own_is_a ? count - j : s->s_units - i;
      long columns = s->own_is_a ? s->s_units - i : count - j;
      if ((pa == 3 || pb == 3) && (infinite[j / PANEL] || s->infinite[i / PANEL])) {
        multiply_plainly(s, row, rows, column, columns, add);
        continue;
      }
      const char *ours = own + j / PANEL * own_bytes, *theirs = s->packed + i / PANEL * bytes;
      const char *ta = s->own_is_a ? ours : theirs, *tb = s->own_is_a ? theirs : ours;
      float *c = s->c + row * s->ldc + column;
      if (pa == 3 && pb == 3)
        multiply(ta, 3, tb, 3, s->steps, c, s->ldc, rows, columns, add);
      else if (pa == 3)
        multiply(ta, 3, tb, 1, s->steps, c, s->ldc, rows, columns, add);
      else if (pb == 3)
        multiply(ta, 1, tb, 3, s->steps, c, s->ldc, rows, columns, add);
      else
        multiply(ta, 1, tb, 1, s->steps, c, s->ldc, rows, columns, add);
    }
}

static void pack_task(void *context, long begin, long end, int worker) {
  (void)worker;
  const tile_args *s = context;
  long first = begin * PANEL, count = mpo_min(end * PANEL, s->s_units) - first;
  pack(s, &s->shared, s->s0 + first, count,
       s->packed + begin * panel_bytes(&s->shared, s->steps), s->infinite + begin);
}

TILES static void block_task(void *context, long begin, long end, int worker) {
  const tile_args *s = context;
  struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int t = 0; t < 8; t++) {
    configuration.bytes[t] = 64;
    configuration.rows[t] = UNIT;
  }
  _tile_loadconfig(&configuration);
  char *own = mpo_pool_scratch(s->pool, worker);
  char *infinite = own + s->block / PANEL * panel_bytes(&s->own, s->steps);
  for (long i = begin; i < end; i++) {
    long first = i * s->block, count = mpo_min(s->block, s->own.units - first);
    pack(s, &s->own, first, count, own, infinite);
    multiply_block(s, first, count, own, infinite);
  }
  _tile_release();
}

int mpo_tiles_available(void) {
  // CPUID: AMX-TILE and AMX-BF16, AVX512_BF16; then the system's leave to use the tiles' state.
  unsigned a, b, c, d;
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512dq")) return 0;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  if (!(d >> 24 & 1) || !(d >> 22 & 1)) return 0;
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
}

int mpo_tiles_suit(long m, long n, long k) {
  return m >= 16 && n >= 16 && k >= 16 && (double)m * (double)n * (double)k >= 65536.0;
}

static tile_operand operand(
    const void *x, mpo_type type, long ld, int along, int is_b, int rounds, long units) {
  return (tile_operand){.x = x, .type = type, .ld = ld, .along = along, .pairs_up = is_b,
                        .parts = type == MPO_BF16 || rounds ? 1 : 3, .units = units};
}

int mpo_tiles(
    mpo_pool *pool, int ta, int tb, long m, long n, long k, const void *a, mpo_type a_type,
    long lda, const void *b, mpo_type b_type, long ldb, int rounds, int accumulate, float *c,
    long ldc) {
  if (m == 0 || n == 0) return 0;
  tile_operand x = operand(a, a_type, lda, !ta, 0, rounds, m);
  tile_operand y = operand(b, b_type, ldb, tb != 0, 1, rounds, n);
  int own_is_a = m >= n;
  tile_args s = {.pool = pool, .shared = own_is_a ? y : x, .own = own_is_a ? x : y,
                 .own_is_a = own_is_a, .accumulate = accumulate, .c = c, .ldc = ldc,
                 .rounds = rounds};
  // Equal slices of K, as deep as the caches allow.
  long most = MOST_DEPTH / mpo_max(x.parts, y.parts), slices = (k + most - 1) / most;
  long depth = mpo_round_up((k + slices - 1) / slices, DEPTH), steps = depth / DEPTH;
  long own_panel = panel_bytes(&s.own, steps), shared_panel = panel_bytes(&s.shared, steps);
  long share = mpo_round_up(s.own.units, PANEL) / (2L * mpo_pool_threads(pool));
  s.block = mpo_max(PANEL, mpo_min(mpo_max(1, BLOCK / own_panel) * PANEL,
                                   mpo_round_up(share, PANEL)));
  long round = mpo_min(mpo_max(1, SHARED / shared_panel) * PANEL,
                       mpo_round_up(s.shared.units, PANEL));
  // Behind the panels a byte for each of them.
  long own_bytes = s.block / PANEL * (own_panel + 1), bytes = round / PANEL * (shared_panel + 1);
  if (mpo_pool_reserve(pool, own_bytes, bytes)) return 1;
  s.packed = mpo_pool_shared(pool);
  s.infinite = s.packed + round / PANEL * shared_panel;
  for (s.s0 = 0; s.s0 < s.shared.units; s.s0 += round) {
    s.s_units = mpo_min(round, s.shared.units - s.s0);
    for (s.k0 = 0; s.k0 < k; s.k0 += depth) {
      s.depth = mpo_min(depth, k - s.k0);
      s.steps = (s.depth + DEPTH - 1) / DEPTH;
      mpo_pool_for(pool, (s.s_units + PANEL - 1) / PANEL, 1, pack_task, &s);
      mpo_pool_for(pool, (s.own.units + s.block - 1) / s.block, 1, block_task, &s);
    }
  }
  return 0;
}

#else

int mpo_tiles_available(void) { return 0; }
int mpo_tiles_suit(long m, long n, long k) { return m < 0 && n < 0 && k < 0; }
int mpo_tiles(
    mpo_pool *pool, int ta, int tb, long m, long n, long k, const void *a, mpo_type a_type,
    long lda, const void *b, mpo_type b_type, long ldb, int rounds, int accumulate, float *c,
    long ldc) {
  (void)pool, (void)ta, (void)tb, (void)m, (void)n, (void)k, (void)a, (void)a_type, (void)lda;
  (void)b, (void)b_type, (void)ldb, (void)rounds, (void)accumulate, (void)c, (void)ldc;
  return 1;
}

#endif
