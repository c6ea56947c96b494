// Causal grouped-query attention within packed sequences, in a window of positions and with capped
// scores where the shape has them, and its adjoint, tiled over keys.
// N rows, S sequences, T rows of one, H query heads, G key/value heads, R = H/G, D head width,
// W = (H + 2G) D the packed row [q | k | v]. DP is D rounded up to whole vectors.
#include "attention.h"

typedef struct {
  mpo_pool *pool;
  const float *qkv, *d_out, *out_in, *lse_in;
  const int *sequences;
  float *out, *lse, *d_qkv;
  long s, dp;
  mpo_heads h;
} attention_args;

// Rows of a block are numbered r * POSITIONS + t, r the head in its group, t the position.
// Rows of q (or of o, dO: any (N, heads D) columns) of positions first..<first + count.
MPO_INLINE void pack_heads(
    const float *from, long stride, long r_count, long count, long d, long dp, float *to) {
  for (long r = 0; r < r_count; r++)
    pack_rows(from + r * d, stride, count, d, dp, POSITIONS, to + r * POSITIONS * dp);
}

// Position `t` sees the keys visible_from..<visible_to of 0..<KEYS in the tile that starts at
// `key`: those up to itself, the last `window` of them where there is one.
MPO_INLINE long visible_from(long t, long key, long window) {
  return window > 0 ? mpo_max(0, t - window + 1 - key) : 0;
}
MPO_INLINE long visible_to(long t, long key) { return mpo_max(0, mpo_min(KEYS, t - key + 1)); }

MPO_CLONES static void forward_block(attention_args *s, long first, long t0, long t1, long g,
                                     float *scratch) {
  long h = s->h.heads, d = s->h.width, dp = s->dp, w = (h + 2 * s->h.groups) * d;
  long rg = h / s->h.groups, rows = rg * POSITIONS, count = t1 - t0, window = s->h.window;
  float *q = scratch, *o = q + rows * dp, *p = o + rows * dp, *kt = p + rows * KEYS;
  float *v = kt + dp * KEYS, *max = v + KEYS * dp, *sum = max + rows;
  const float *base = s->qkv + first * w;
  pack_heads(base + t0 * w + g * rg * d, w, rg, count, d, dp, q);
  memset(o, 0, (size_t)(rows * dp) * sizeof(float));
  for (long i = 0; i < rows; i++) {
    max[i] = -INFINITY;
    sum[i] = 0;
  }
  // Tiles before the first row's window are not even read.
  for (long key = visible_from(t0, 0, window) / KEYS * KEYS; key < t1; key += KEYS) {
    long keys = mpo_min(KEYS, t1 - key);
    pack_transposed(base + key * w + (h + g) * d, w, keys, d, kt);
    pack_rows(base + key * w + (h + s->h.groups + g) * d, w, keys, d, dp, KEYS, v);
    for (long r = 0; r < rg; r++) {
      long row = r * POSITIONS;
      mpo_tile(count, KEYS, d, q + row * dp, dp, 1, kt, KEYS, p + row * KEYS, KEYS, 0);
      for (long t = 0; t < count; t++)
        softmax_step(p + (row + t) * KEYS, visible_from(t0 + t, key, window),
                     mpo_min(keys, visible_to(t0 + t, key)), s->h, max + row + t, sum + row + t,
                     o + (row + t) * dp, dp);
      mpo_tile(count, dp, keys, p + row * KEYS, KEYS, 1, v, dp, o + row * dp, dp, 1);
    }
  }
  for (long r = 0; r < rg; r++) {
    for (long t = 0; t < count; t++) {
      long row = r * POSITIONS + t, n = first + t0 + t;
      float inverse = 1.0f / sum[row], *to = s->out + (n * h + g * rg + r) * d;
      for (long i = 0; i < d; i++) to[i] = o[row * dp + i] * inverse;
      s->lse[n * h + g * rg + r] = max[row] + logf(sum[row]);
    }
  }
}

// An item is (block, g) with blocks numbered through the sequences.
static void forward_task(void *context, long begin, long end, int worker) {
  attention_args *s = context;
  float *scratch = mpo_pool_scratch(s->pool, worker);
  long item = 0, groups = s->h.groups;
  for (long q = 0; q < s->s && item < end; q++) {
    long first = s->sequences[q], t = s->sequences[q + 1] - first;
    long blocks = (t + POSITIONS - 1) / POSITIONS;
    long from = mpo_max(begin, item), to = mpo_min(end, item + blocks * groups);
    for (long i = from; i < to; i++) {
      long block = (i - item) / groups, g = (i - item) % groups;
      forward_block(s, first, block * POSITIONS, mpo_min(t, (block + 1) * POSITIONS), g, scratch);
    }
    item += blocks * groups;
  }
}

// out (N, H D), lse (N, H). Nonzero: no memory.
int mpo_attention(
    mpo_pool *pool, const float *qkv, const int *sequences, long s, mpo_heads h,
    float *out, float *lse) {
  long rows = h.heads / h.groups * POSITIONS, dp = mpo_round_up(h.width, 16), blocks = 0;
  long floats = 2 * rows * dp + rows * KEYS + 2 * KEYS * dp + 2 * rows;
  if (mpo_pool_reserve(pool, floats * (long)sizeof(float), 0)) return 1;
  for (long q = 0; q < s; q++)
    blocks += (sequences[q + 1] - sequences[q] + POSITIONS - 1) / POSITIONS;
  attention_args args = {.pool = pool, .qkv = qkv, .sequences = sequences, .out = out, .lse = lse,
                         .s = s, .dp = dp, .h = h};
  mpo_pool_for(pool, blocks * h.groups, 1, forward_task, &args);
  return 0;
}

// For one row p = exp(z - lse) and the gradient of its raw scores, ds = p (dp - delta) dz/ds, where
// z is the scaled and capped score; outside from..<to both are zero.
MPO_INLINE void backward_row(
    float *s, float *ds, long from, long to, mpo_heads h, float lse, float delta) {
  if (h.softcap > 0) {
    // The slope goes into ds: dp is not read again.
    float inverse = h.scale / h.softcap;
    MPO_WIDE
    for (long j = 0; j < KEYS; j++) {
      float u = mpo_tanh(s[j] * inverse);
      ds[j] = (ds[j] - delta) * (1.0f - u) * (1.0f + u);
      s[j] = h.softcap * u;
    }
  } else {
    for (long j = 0; j < KEYS; j++) {
      ds[j] -= delta;
      s[j] *= h.scale;
    }
  }
  for (long j = 0; j < KEYS; j++) {
    float p = mpo_exp(s[j] - lse);
    int seen = j >= from && j < to;
    s[j] = seen ? p : 0.0f;
    ds[j] = seen ? p * ds[j] * h.scale : 0.0f;
  }
}

MPO_INLINE void add_rows(const float *from, long dp, float *to, long stride, long count, long d) {
  for (long t = 0; t < count; t++)
    for (long i = 0; i < d; i++) to[t * stride + i] += from[t * dp + i];
}

// All of one sequence and one key/value head: key tiles outside, so that dK and dV stay in scratch.
MPO_CLONES static void backward_sequence(attention_args *s, long first, long length, long g,
                                         float *scratch) {
  long h = s->h.heads, d = s->h.width, dp = s->dp, w = (h + 2 * s->h.groups) * d;
  long rg = h / s->h.groups, kq = (h + g) * d, vq = (h + s->h.groups + g) * d;
  long window = s->h.window;
  float *q = scratch, *go = q + POSITIONS * dp, *dq = go + POSITIONS * dp;
  float *p = dq + POSITIONS * dp, *ds = p + POSITIONS * KEYS, *kt = ds + POSITIONS * KEYS;
  float *vt = kt + KEYS * dp, *k = vt + KEYS * dp, *dk = k + KEYS * dp, *dv = dk + KEYS * dp;
  float *delta = dv + KEYS * dp;  // (T, R): sum_i dO o
  const float *base = s->qkv + first * w;
  float *d_base = s->d_qkv + first * w;
  for (long t = 0; t < length; t++) {
    memset(d_base + t * w + g * rg * d, 0, (size_t)(rg * d) * sizeof(float));
    for (long r = 0; r < rg; r++) {
      MPO_REASSOCIATE
      const float *o = s->out_in + ((first + t) * h + g * rg + r) * d;
      const float *b = s->d_out + ((first + t) * h + g * rg + r) * d;
      float sum = 0;
      for (long i = 0; i < d; i++) sum += o[i] * b[i];
      delta[t * rg + r] = sum;
    }
  }
  for (long key = 0; key < length; key += KEYS) {
    long keys = mpo_min(KEYS, length - key);
    pack_transposed(base + key * w + kq, w, keys, d, kt);
    pack_transposed(base + key * w + vq, w, keys, d, vt);
    pack_rows(base + key * w + kq, w, keys, d, dp, KEYS, k);
    memset(dk, 0, (size_t)(2 * KEYS * dp) * sizeof(float));
    // The last position whose window holds a key of this tile.
    long end = window > 0 ? mpo_min(length, key + keys - 1 + window) : length;
    for (long t0 = key / POSITIONS * POSITIONS; t0 < end; t0 += POSITIONS) {
      long count = mpo_min(POSITIONS, length - t0);
      for (long r = 0; r < rg; r++) {
        long head = g * rg + r;
        pack_rows(base + t0 * w + head * d, w, count, d, dp, count, q);
        pack_rows(s->d_out + ((first + t0) * h + head) * d, h * d, count, d, dp, count, go);
        mpo_tile(count, KEYS, d, q, dp, 1, kt, KEYS, p, KEYS, 0);
        mpo_tile(count, KEYS, d, go, dp, 1, vt, KEYS, ds, KEYS, 0);
        for (long t = 0; t < count; t++)
          backward_row(p + t * KEYS, ds + t * KEYS, visible_from(t0 + t, key, window),
                       mpo_min(keys, visible_to(t0 + t, key)), s->h,
                       s->lse_in[(first + t0 + t) * h + head], delta[(t0 + t) * rg + r]);
        mpo_tile(keys, dp, count, p, 1, KEYS, go, dp, dv, dp, 1);
        mpo_tile(keys, dp, count, ds, 1, KEYS, q, dp, dk, dp, 1);
        mpo_tile(count, dp, keys, ds, KEYS, 1, k, dp, dq, dp, 0);
        add_rows(dq, dp, d_base + t0 * w + head * d, w, count, d);
      }
    }
    for (long j = 0; j < keys; j++) {
      memcpy(d_base + (key + j) * w + kq, dk + j * dp, (size_t)d * sizeof(float));
      memcpy(d_base + (key + j) * w + vq, dv + j * dp, (size_t)d * sizeof(float));
    }
  }
}

static void backward_task(void *context, long begin, long end, int worker) {
  attention_args *s = context;
  for (long i = begin; i < end; i++) {
    long q = i / s->h.groups, first = s->sequences[q];
    backward_sequence(s, first, s->sequences[q + 1] - first, i % s->h.groups,
                      mpo_pool_scratch(s->pool, worker));
  }
}

// d_qkv (N, W) is overwritten; one item owns every gradient of its (sequence, key/value head).
// Nonzero: no memory.
int mpo_attention_backward(
    mpo_pool *pool, const float *d_out, const float *qkv, const float *out, const float *lse,
    const int *sequences, long s, mpo_heads h, float *d_qkv) {
  long dp = mpo_round_up(h.width, 16), longest = 0;
  for (long q = 0; q < s; q++) longest = mpo_max(longest, sequences[q + 1] - sequences[q]);
  long floats = 3 * POSITIONS * dp + 2 * POSITIONS * KEYS + 5 * KEYS * dp +
                longest * (h.heads / h.groups);
  if (mpo_pool_reserve(pool, floats * (long)sizeof(float), 0)) return 1;
  attention_args args = {.pool = pool, .qkv = qkv, .d_out = d_out, .out_in = out, .lse_in = lse,
                         .sequences = sequences, .d_qkv = d_qkv, .s = s, .dp = dp, .h = h};
  mpo_pool_for(pool, s * h.groups, 1, backward_task, &args);
  return 0;
}
