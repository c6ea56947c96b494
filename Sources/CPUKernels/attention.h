// What attention and its decoding form share: tiles of keys packed for the vector tile product.
#ifndef MPO_ATTENTION_H
#define MPO_ATTENTION_H

#include "kernels.h"

// Keys of a tile, and query positions of a block. A block's rows are its positions times the R = H/G
// query heads of one key/value head, so that they share every packed tile.
enum { KEYS = 64, POSITIONS = 32 };

// to[d, j] = from[j, d]: `count` rows of width d as columns of a (d, KEYS) tile, the rest zero.
MPO_INLINE void pack_transposed(const float *from, long stride, long count, long d, float *to) {
  for (long i = 0; i < d; i++) {
    for (long j = 0; j < count; j++) to[i * KEYS + j] = from[j * stride + i];
    for (long j = count; j < KEYS; j++) to[i * KEYS + j] = 0;
  }
}

// to[j, 0..<dp] = from[j, 0..<d], padded with zeros to whole vectors; rows up to `rows` are zero.
MPO_INLINE void pack_rows(
    const float *from, long stride, long count, long d, long dp, long rows, float *to) {
  for (long j = 0; j < count; j++) {
    memcpy(to + j * dp, from + j * stride, (size_t)d * sizeof(float));
    for (long i = d; i < dp; i++) to[j * dp + i] = 0;
  }
  memset(to + count * dp, 0, (size_t)((rows - count) * dp) * sizeof(float));
}

// One online-softmax step of a row: scores s[0..<KEYS], of which the first `valid` count, become
// exp(scale * s - max); max, sum and the row of outputs o (dp) are rescaled to the new maximum.
MPO_INLINE void softmax_step(
    float *s, long valid, float scale, float *max, float *sum, float *o, long dp) {
  for (long j = 0; j < valid; j++) s[j] *= scale;
  for (long j = valid; j < KEYS; j++) s[j] = -INFINITY;
  float m = mpo_row_max(s, KEYS);
  m = m > *max ? m : *max;
  // With every score -inf (or NaN) so far there is nothing to rescale; 0 keeps the formula's NaN.
  float base = m == -INFINITY ? 0.0f : m, factor = mpo_exp(*max - base), total = 0;
  {
    MPO_REASSOCIATE
    for (long j = 0; j < KEYS; j++) {
      s[j] = mpo_exp(s[j] - base);
      total += s[j];
    }
  }
  if (factor != 1.0f)
    for (long i = 0; i < dp; i++) o[i] *= factor;
  *sum = *sum * factor + total;
  *max = m;
}

#endif
