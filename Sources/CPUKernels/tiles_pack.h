// Operands of tile products packed into tiles (tiles.c has what is done with them, and why in parts).
#ifndef MPO_TILES_PACK_H
#define MPO_TILES_PACK_H

#include "kernels.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>

#define TILES \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define TILES_INLINE static inline TILES __attribute__((always_inline))

enum {
  UNIT = 16,           // rows of A or columns of B in a tile
  DEPTH = 32,          // elements of K in a tile
  BYTES = 1024,        // of a tile
  PANEL = 2 * UNIT,    // units that stay in registers
  MOST_DEPTH = 2304,   // elements of K packed at once, times parts
  BLOCK = 896 << 10,   // bytes of a thread's block: half of a second-level cache
  SHARED = 6 << 20,    // bytes of the shared operand, packed
};

// One operand of a product: `units` rows of op(A), or columns of op(B).
typedef struct {
  const char *x;
  mpo_type type;
  long ld;
  int along;     // K is contiguous in memory, else the units are
  int pairs_up;  // of B: a tile has pairs of K in its rows, else units
  int parts;     // 3 for an exact f32, else 1
  long units;
} tile_operand;

typedef struct {
  mpo_pool *pool;
  tile_operand shared, own;
  int own_is_a;
  long k0, depth;        // of this slice, in elements of K
  long steps;            // its tiles along K
  long s0, s_units;      // shared units of this round
  long block;            // units of a thread's block
  char *packed;          // shared
  char *infinite;        // of each shared panel: whether it must be multiplied as it is
  int rounds;
  int accumulate;
  float *c;
  long ldc;
} tile_args;

static long size_of(mpo_type type) { return type == MPO_BF16 ? 2 : 4; }

// Bytes of one panel.
static long panel_bytes(const tile_operand *o, long steps) { return steps * 2 * o->parts * BYTES; }

// 16 x 16 words.
TILES_INLINE void transpose(v16 r[16]) {
  for (int j = 0; j < 8; j++) {
    v16 a = r[j], b = r[j + 8];
    r[j] = LOW8(a, b);
    r[j + 8] = HIGH8(a, b);
  }
  for (int g = 0; g < 16; g += 8)
    for (int j = g; j < g + 4; j++) {
      v16 a = r[j], b = r[j + 4];
      r[j] = LOW4(a, b);
      r[j + 4] = HIGH4(a, b);
    }
  for (int g = 0; g < 16; g += 4)
    for (int j = g; j < g + 2; j++) {
      v16 a = r[j], b = r[j + 2];
      r[j] = LOW2(a, b);
      r[j + 2] = HIGH2(a, b);
    }
  for (int j = 0; j < 16; j += 2) {
    v16 a = r[j], b = r[j + 1];
    r[j] = LOW1(a, b);
    r[j + 1] = HIGH1(a, b);
  }
}

// Where the two 16-bit values of lane j come from: places j and j + 16.
TILES_INLINE __m512i interleaved(void) {
  return _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19,
      3, 18, 2, 17, 1, 16, 0);
}

// The pairs of one row of a tile: lane j has element j of x0 and, above it, element j of x1, as the
// nearest bf16. `rest` is what these leave of f32 values.
TILES_INLINE __m512i load_pairs(
    const char *x0, const char *x1, mpo_type type, __mmask16 m0, __mmask16 m1, __m512 rest[2]) {
  if (type == MPO_F32) {
    rest[0] = _mm512_maskz_loadu_ps(m0, x0);
    rest[1] = _mm512_maskz_loadu_ps(m1, x1);
    return _mm512_permutexvar_epi16(
        interleaved(), (__m512i)_mm512_cvtne2ps_pbh(rest[1], rest[0]));
  }
  __m256i low = _mm256_maskz_loadu_epi16(m0, x0), high = _mm256_maskz_loadu_epi16(m1, x1);
  return _mm512_permutexvar_epi16(
      interleaved(), _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
}

// The next parts: the pairs nearest to the rest, after `both` is taken from it.
TILES_INLINE __m512i next_pairs(__m512i both, __m512 rest[2]) {
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
  rest[0] = _mm512_sub_ps(rest[0], (__m512)_mm512_slli_epi32(both, 16));
  rest[1] = _mm512_sub_ps(rest[1], (__m512)_mm512_and_si512(both, upper));
  return _mm512_permutexvar_epi16(
      interleaved(), (__m512i)_mm512_cvtne2ps_pbh(rest[1], rest[0]));
}

// One tile of every part: `units` <= 16 and `depth` <= 32 of the operand from x on, zeros beyond.
// `ahead` bytes further lies what is packed next. Returns whether a value is infinite as bf16.
TILES_INLINE int pack_tile(
    const tile_operand *o, mpo_type type, int along, int parts, const char *x, long units,
    long depth, long ahead, char *out) {
  long size = type == MPO_BF16 ? 2 : 4, row = o->ld * size;
  v16 tile[3][16];
  __mmask16 low = (__mmask16)((1u << mpo_min(16, depth)) - 1);
  __mmask16 high = (__mmask16)((1u << mpo_max(0, depth - 16)) - 1);
  __mmask16 all = (__mmask16)((1u << units) - 1);
  __mmask32 infinite = 0;
  for (long r = 0; r < 16; r++) {
    const char *x0 = x + r * row, *x1 = along ? x0 + 16 * size : x0 + 16 * row;
    _mm_prefetch(x0 + ahead, _MM_HINT_T0);
    if (size == 4 || !along) _mm_prefetch(x1 + ahead, _MM_HINT_T0);
    __mmask16 m0 = along ? (r < units ? low : 0) : r < depth ? all : 0;
    __mmask16 m1 = along ? (r < units ? high : 0) : r + 16 < depth ? all : 0;
    __m512 rest[2];
    __m512i both = load_pairs(x0, x1, type, m0, m1, rest);
    infinite |= _mm512_cmpeq_epi16_mask(
        _mm512_and_si512(both, _mm512_set1_epi16(0x7fff)), _mm512_set1_epi16(0x7f80));
    tile[0][r] = (v16)both;
    for (int p = 1; p < parts; p++) {
      both = next_pairs(both, rest);
      tile[p][r] = (v16)both;
    }
  }
  for (int p = 0; p < parts; p++) {
    if (along == o->pairs_up) transpose(tile[p]);
    for (int r = 0; r < 16; r++) v16_store((float *)(out + p * BYTES + r * 64), tile[p][r]);
  }
  return infinite != 0;
}

// Units first..<first + count of this slice as panels, and which of these hold an infinity.
TILES static void pack(
    const tile_args *s, const tile_operand *o, long first, long count, char *out, char *infinite) {
  long size = size_of(o->type), unit = (o->along ? o->ld : 1) * size;
  long step = (o->along ? 1 : o->ld) * size, ahead = PANEL * unit;
  for (long u = 0; u < count; u += PANEL) {
    int found = 0;
    for (long t = 0; t < s->steps; t++) {
      const char *x = o->x + (first + u) * unit + (s->k0 + t * DEPTH) * step;
      long depth = mpo_min(DEPTH, s->depth - t * DEPTH);
      for (int half = 0; half < 2; half++, out += o->parts * BYTES, x += UNIT * unit) {
        long units = mpo_min(UNIT, count - u - half * UNIT);
        if (units <= 0) continue;
        if (o->parts == 3 && o->along)
          found |= pack_tile(o, MPO_F32, 1, 3, x, units, depth, ahead, out);
        else if (o->parts == 3)
          found |= pack_tile(o, MPO_F32, 0, 3, x, units, depth, ahead, out);
        else if (o->type == MPO_F32 && o->along)
          found |= pack_tile(o, MPO_F32, 1, 1, x, units, depth, ahead, out);
        else if (o->type == MPO_F32)
          found |= pack_tile(o, MPO_F32, 0, 1, x, units, depth, ahead, out);
        else if (o->along)
          found |= pack_tile(o, MPO_BF16, 1, 1, x, units, depth, ahead, out);
        else
          found |= pack_tile(o, MPO_BF16, 0, 1, x, units, depth, ahead, out);
      }
    }
    infinite[u / PANEL] = (char)found;
  }
}

#endif
#endif
