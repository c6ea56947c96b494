// What attention and its decoding form share: tiles of keys packed for the vector tile product.
#ifndef MPO_ATTENTION_H
#define MPO_ATTENTION_H

#include "kernels.h"

// Keys of a tile, and query positions of a block. A block's rows are its positions times the
// R = H/G query heads of one key/value head, so that they share every packed tile.
enum { KEYS = 64, POSITIONS = 32 };

// One step of a 16 x 16 transpose: rows a, b exchange blocks of D lanes.
#define SWAP(a, b, low, high)                                                               \
  do {                                                                                      \
    v16 t_ = low(a, b);                                                                     \
    b = high(a, b);                                                                         \
    a = t_;                                                                                 \
  } while (0)

// to[i, j] = from[j, i] for 16 x 16 elements: each cache line of a row is read once.
MPO_INLINE void transpose16(const float *from, long stride, float *to, long to_stride) {
  v16 r[16];
  for (int j = 0; j < 16; j++) r[j] = v16_load(from + j * stride);
  for (int j = 0; j < 8; j++) SWAP(r[j], r[j + 8], LOW8, HIGH8);
  for (int j = 0; j < 16; j++)
    if (!(j & 4)) SWAP(r[j], r[j + 4], LOW4, HIGH4);
  for (int j = 0; j < 16; j++)
    if (!(j & 2)) SWAP(r[j], r[j + 2], LOW2, HIGH2);
  for (int j = 0; j < 16; j++)
    if (!(j & 1)) SWAP(r[j], r[j + 1], LOW1, HIGH1);
  for (int j = 0; j < 16; j++) v16_store(to + j * to_stride, r[j]);
}

// to[d, j] = from[j, d]: `count` rows of width d as columns of a (d, KEYS) tile, the rest zero.
MPO_INLINE void pack_transposed(const float *from, long stride, long count, long d, float *to) {
  long whole = count & ~15L, wide = d & ~15L;
  if (count < KEYS) memset(to, 0, (size_t)(d * KEYS) * sizeof(float));
  for (long j = 0; j < whole; j += 16)
    for (long i = 0; i < wide; i += 16)
      transpose16(from + j * stride + i, stride, to + i * KEYS + j, KEYS);
  for (long j = 0; j < count; j++)
    for (long i = j < whole ? wide : 0; i < d; i++) to[i * KEYS + j] = from[j * stride + i];
}

// to[j, 0..<dp] = from[j, 0..<d], padded with zeros to whole vectors; rows up to `rows` are zero.
MPO_INLINE void pack_rows(
    const float *from, long stride, long count, long d, long dp, long rows, float *to) {
  for (long j = 0; j < count; j++) {
    const float *row = from + j * stride;
    long i = 0;
    for (; i + 16 <= d; i += 16) v16_store(to + j * dp + i, v16_load(row + i));
    for (; i < d; i++) to[j * dp + i] = row[i];
    for (; i < dp; i++) to[j * dp + i] = 0;
  }
  memset(to + count * dp, 0, (size_t)((rows - count) * dp) * sizeof(float));
}

// Raw scores q . k of a tile's row to those that enter the softmax: scale, then the soft cap.
MPO_INLINE void scale_scores(float *s, mpo_heads h) {
  if (h.softcap > 0) {
    float inverse = h.scale / h.softcap;
    MPO_WIDE_IN_PLACE
    for (long j = 0; j < KEYS; j++) s[j] = h.softcap * mpo_tanh(s[j] * inverse);
  } else {
    for (long j = 0; j < KEYS; j++) s[j] *= h.scale;
  }
}

// One online-softmax step of a row: the scores s[from..<to] of 0..<KEYS, the others being masked,
// become exp(score - max); max, sum and the row of outputs o (dp) are rescaled to the new maximum.
MPO_INLINE void softmax_step(
    float *s, long from, long to, mpo_heads h, float *max, float *sum, float *o, long dp) {
  scale_scores(s, h);
  for (long j = 0; j < KEYS; j++) s[j] = j >= from && j < to ? s[j] : -INFINITY;
  float m = mpo_row_max(s, KEYS);
  m = m > *max ? m : *max;
  // With every score -inf (masked, or NaN) so far there is nothing to rescale; 0 keeps the
  // formula's NaN.
  float base = m == -INFINITY ? 0.0f : m, factor = mpo_exp(*max - base), total = 0;
  {
    MPO_REASSOCIATE
    for (long j = 0; j < KEYS; j++) {
      s[j] = mpo_exp(s[j] - base);
      total += s[j];
    }
  }
  if (factor != 1.0f)
    for (long i = 0; i < dp; i += 16) v16_store(o + i, factor * v16_load(o + i));
  *sum = *sum * factor + total;
  *max = m;
}

#endif
