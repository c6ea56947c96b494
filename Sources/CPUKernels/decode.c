// Attention of one new token per row against two runs of the cache, its prompt's and its own. B rows,
// H query heads, G key/value heads, R = H/G, D head width; caches (entries, G, D).
#include "attention.h"

typedef struct {
  mpo_pool *pool;
  const float *qkv, *keys, *values;
  const int *runs;
  float *out;
  long dp;
  mpo_heads h;
} decode_args;

// s[r, j] = q[r] . k[j] for whole vectors of width d: keys are read once, straight from the cache.
// A head's rows lie G D apart, too far for the hardware to fetch ahead, so this does, and brings
// the values of the same tile for the product that follows.
MPO_INLINE void scores(
    const float *q, long heads, const float *k, const float *v, long stride, long keys, long d,
    float *s) {
  MPO_CONTRACT
  for (long j = 0; j < keys; j += 16) {
    long count = mpo_min(16, keys - j);
    for (long t = 0; t < count; t++) {
      const float *ahead = k + (j + t + 12) * stride, *value = v + (j + t) * stride;
      for (long i = 0; i < d; i += 16) {
        __builtin_prefetch(ahead + i);
        __builtin_prefetch(value + i);
      }
    }
    for (long r = 0; r < heads; r++) {
      v16 sum[16];
      for (long t = 0; t < 16; t++) {
        // Behind the last key its own score is made again; softmax_step leaves it out.
        const float *row = k + (j + mpo_min(t, count - 1)) * stride;
        sum[t] = v16_load(q + r * d) * v16_load(row);
        for (long i = 16; i < d; i += 16) sum[t] += v16_load(q + r * d + i) * v16_load(row + i);
      }
      mpo_sums16(sum, 1.0f, s + r * KEYS + j);
    }
  }
}

MPO_CLONES static void decode_item(decode_args *s, long b, long g, float *scratch) {
  long h = s->h.heads, d = s->h.width, dp = s->dp, w = (h + 2 * s->h.groups) * d;
  long rg = h / s->h.groups, stride = s->h.groups * d;
  const int *runs = s->runs + 4 * b;
  long length = (long)runs[1] + runs[3];
  float *o = scratch, *p = o + rg * dp, *kt = p + rg * KEYS, *v = kt + KEYS * dp;
  float *max = v + KEYS * dp, *sum = max + rg;
  const float *q = s->qkv + b * w + g * rg * d;
  memset(o, 0, (size_t)(rg * dp) * sizeof(float));
  for (long r = 0; r < rg; r++) {
    max[r] = -INFINITY;
    sum[r] = 0;
  }
  for (long key = 0, keys; key < length; key += keys) {
    // A tile ends with its run.
    long first = key < runs[1] ? runs[0] + key : runs[2] + (key - runs[1]);
    keys = mpo_min(KEYS, (key < runs[1] ? runs[1] : length) - key);
    long at = first * stride + g * d;
    const float *k = s->keys + at, *values = s->values + at;
    if (d == dp) {
      scores(q, rg, k, values, stride, keys, d, p);
    } else {
      pack_transposed(k, stride, keys, d, kt);
      mpo_tile(rg, KEYS, d, q, d, 1, kt, KEYS, p, KEYS, 0);
    }
    for (long r = 0; r < rg; r++)
      softmax_step(p + r * KEYS, 0, keys, s->h, max + r, sum + r, o + r * dp, dp);
    if (d == dp) {
      mpo_tile(rg, dp, keys, p, KEYS, 1, values, stride, o, dp, 1);
    } else {
      pack_rows(values, stride, keys, d, dp, keys, v);
      mpo_tile(rg, dp, keys, p, KEYS, 1, v, dp, o, dp, 1);
    }
  }
  for (long r = 0; r < rg; r++) {
    float inverse = 1.0f / sum[r], *to = s->out + (b * h + g * rg + r) * d;
    for (long i = 0; i < d; i++) to[i] = length > 0 ? o[r * dp + i] * inverse : 0.0f;
  }
}

static void decode_task(void *context, long begin, long end, int worker) {
  decode_args *s = context;
  float *scratch = mpo_pool_scratch(s->pool, worker);
  for (long i = begin; i < end; i++)
    decode_item(s, i / s->h.groups, i % s->h.groups, scratch);
}

// out (B, H D): row b attends to entries runs[b, 0] ..< + runs[b, 1] and runs[b, 2] ..< + runs[b, 3].
// Nonzero: no memory.
int mpo_attention_decode(
    mpo_pool *pool, const float *qkv, const float *keys, const float *values, const int *runs,
    long b, long longest, mpo_heads h, float *out) {
  long rg = h.heads / h.groups, dp = mpo_round_up(h.width, 16);
  long floats = rg * dp + rg * KEYS + 2 * KEYS * dp + 2 * rg;
  if (mpo_pool_reserve(pool, floats * (long)sizeof(float), 0)) return 1;
  decode_args args = {pool, qkv, keys, values, runs, out, dp, h};
  mpo_pool_for(pool, b * h.groups, mpo_grain(longest * h.width * (rg + 2)), decode_task, &args);
  return 0;
}

typedef struct {
  const float *qkv;
  const int *entries;
  mpo_heads h;
  float *keys, *values;
} append_args;

static void append_task(void *context, long begin, long end, int worker) {
  (void)worker;
  append_args s = *(append_args *)context;
  long part = s.h.groups * s.h.width, w = s.h.heads * s.h.width + 2 * part;
  for (long m = begin; m < end; m++) {
    const float *k = s.qkv + m * w + s.h.heads * s.h.width;
    long to = s.entries[m] * part;
    memcpy(s.keys + to, k, (size_t)part * sizeof(float));
    memcpy(s.values + to, k + part, (size_t)part * sizeof(float));
  }
}

// Row m's k and v go to keys/values[entries[m]].
void mpo_append_kv(
    mpo_pool *pool, const float *qkv, const int *entries, long m, mpo_heads h, float *keys,
    float *values) {
  append_args args = {qkv, entries, h, keys, values};
  mpo_pool_for(pool, m, mpo_grain(2 * h.groups * h.width), append_task, &args);
}
