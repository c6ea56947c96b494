// Token sampling, one row per task. B rows, V vocabulary. With e_j = exp(z_j - max) <= 1, which
// orders as p does, the thresholds are found exactly by descending through the bits of e (floats
// >= 0 order as their bits): one histogram of the upper 11, then bisection within the bin.
#include <stdint.h>

#include "philox.h"
#include "rows.h"

typedef struct {
  mpo_pool *pool;
  const float *logits;
  const int *rows;
  int *tokens;
  float *log_probs;
  long v;
  mpo_sampling_settings s;
} sample_args;

static uint32_t bits_of(float x) {
  uint32_t b;
  memcpy(&b, &x, 4);
  return b;
}

// Upper bits of a histogram bin, and bins up to that of 1.0; four histograms in turn, since most
// elements fall in few bins and would wait for each other's additions.
enum { SHIFT = 21, BINS = (0x3f800000 >> SHIFT) + 1, TURNS = 4 };

// Sum of {e >= t}, counting 1 or e for each.
MPO_CLONES static double weight_above(const float *e, long n, float t, int by_count) {
  MPO_REASSOCIATE
  double sum = 0;
  if (by_count)
    for (long j = 0; j < n; j++) sum += e[j] >= t ? 1.0 : 0.0;
  else
    for (long j = 0; j < n; j++) sum += e[j] >= t ? (double)e[j] : 0.0;
  return sum;
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

// The largest t such that the weight of {e >= t} reaches `target`, 0 when the whole row does not;
// an element weighs 1 (by_count) or e. `list` holds n floats of scratch.
static float threshold(const float *e, long n, double target, int by_count, float *list) {
  double bins[TURNS][BINS], above = 0;
  memset(bins, 0, sizeof bins);
  for (long j = 0; j < n; j++) {
    uint32_t bin = bits_of(e[j]) >> SHIFT;
    // A NaN's bits lie beyond; whatever is drawn from its row, the log-probability is NaN.
    bin = bin < BINS ? bin : BINS - 1;
    bins[j % TURNS][bin] += by_count ? 1.0 : (double)e[j];
  }
  long bin = BINS - 1;
  for (; bin >= 0; bin--) {
    double in_bin = (bins[0][bin] + bins[1][bin]) + (bins[2][bin] + bins[3][bin]);
    if (above + in_bin >= target) break;
    above += in_bin;
  }
  if (bin < 0) return 0;
  long count = 0;
  for (long j = 0; j < n; j++)
    if (bits_of(e[j]) >> SHIFT == (uint32_t)bin) list[count++] = e[j];
  uint32_t bits = (uint32_t)bin << SHIFT;
  for (int bit = SHIFT - 1; bit >= 0; bit--) {
    uint32_t higher = bits | 1u << bit;
    if (above + weight_above(list, count, float_of(higher), by_count) >= target) bits = higher;
  }
  return float_of(bits);
}

// The lowest e of the kept set. Where top-k holds fewer than topP of the mass it decides alone;
// else top-p's threshold is above its own, and is looked for among its elements only.
static float kept_threshold(
    const float *e, long v, const mpo_sampling_settings *s, float *kept, float *list) {
  float keep = s->min_p;
  double target = s->top_p < 1 ? (double)s->top_p * weight_above(e, v, 0, 0) : 0;
  long count = v;
  if (s->top_k > 0 && s->top_k < v) {
    float t = threshold(e, v, (double)s->top_k, 1, list);
    keep = t > keep ? t : keep;
    if (s->top_p >= 1) return keep;
    count = 0;
    for (long j = 0; j < v; j++)
      if (e[j] >= t) kept[count++] = e[j];
    e = kept;
  }
  if (s->top_p < 1) {
    float t = threshold(e, count, target, 0, list);
    keep = t > keep ? t : keep;
  }
  return keep;
}

// Logits over the temperature, `scratch` or x itself, with their exponentials.
MPO_CLONES static const float *exponentials(
    const float *x, long v, float inverse_temperature, float *scratch, float *e, mpo_stats *stats) {
  const float *z = x;
  if (inverse_temperature != 1.0f) {
    for (long j = 0; j < v; j++) scratch[j] = x[j] * inverse_temperature;
    z = scratch;
  }
  *stats = mpo_row_exp(z, v, e);
  return z;
}

// Sum of the kept e in fixed blocks: `blocks` gets each, the return value is their sum in order.
MPO_CLONES static double kept_mass(float *e, long v, float keep, double *blocks) {
  double total = 0;
  for (long start = 0, b = 0; start < v; start += MPO_BLOCK, b++) {
    long end = mpo_min(v, start + MPO_BLOCK);
    double sum = 0;
    {
      MPO_REASSOCIATE
      for (long j = start; j < end; j++) {
        e[j] = e[j] >= keep ? e[j] : 0.0f;
        sum += (double)e[j];
      }
    }
    blocks[b] = sum;
    total += sum;
  }
  return total;
}

// The first index whose running mass exceeds `target`, else the last with any mass.
static long inverse_transform(const float *e, long v, const double *blocks, double target) {
  long count = (v + MPO_BLOCK - 1) / MPO_BLOCK, last = 0;
  double below = 0;
  for (long b = 0; b < count; b++) {
    if (!(blocks[b] > 0)) continue;
    if (below + blocks[b] > target || b == count - 1) {
      double running = below;
      for (long j = b * MPO_BLOCK; j < mpo_min(v, (b + 1) * MPO_BLOCK); j++) {
        if (!(e[j] > 0)) continue;
        last = j;
        running += (double)e[j];
        if (running > target) return j;
      }
    }
    below += blocks[b];
  }
  // Rounding left the target at the very end: the last kept element.
  for (long j = v - 1; j >= 0; j--)
    if (e[j] > 0) return j;
  return last;
}

static void sample_task(void *context, long begin, long end, int worker) {
  sample_args s = *(sample_args *)context;
  long blocks_count = (s.v + MPO_BLOCK - 1) / MPO_BLOCK;
  double *blocks = mpo_pool_scratch(s.pool, worker);
  float *scaled = (float *)(blocks + blocks_count), *e = scaled + s.v;
  for (long b = begin; b < end; b++) {
    const float *x = s.logits + b * s.v;
    mpo_stats stats;
    const float *z = exponentials(
        x, s.v, s.s.temperature > 0 ? 1.0f / s.s.temperature : 1.0f, scaled, e, &stats);
    long token = 0;
    if (s.s.temperature > 0) {
      float keep = kept_threshold(e, s.v, &s.s, e + s.v, e + 2 * s.v);
      double mass = kept_mass(e, s.v, keep, blocks);
      uint32_t word = mpo_philox(
          s.s.seed, s.s.index, (uint32_t)s.rows[b], s.s.stream, MPO_DOMAIN_SAMPLING);
      token = inverse_transform(e, s.v, blocks, (double)mpo_uniform(word) * mass);
    } else {
      while (token < s.v - 1 && x[token] != stats.max) token++;
    }
    s.tokens[b] = (int)token;
    s.log_probs[b] = (float)((double)z[token] - stats.lse);
  }
}

// tokens, log_probs (B); see `ComputeBackend.sample`. Nonzero: no memory.
int mpo_sample(
    mpo_pool *pool, const float *logits, const int *rows, mpo_sampling_settings settings,
    int *tokens, float *log_probs, long b, long v) {
  long blocks = (v + MPO_BLOCK - 1) / MPO_BLOCK;
  if (mpo_pool_reserve(pool, blocks * (long)sizeof(double) + 4 * v * (long)sizeof(float), 0))
    return 1;
  sample_args args = {pool, logits, rows, tokens, log_probs, v, settings};
  mpo_pool_for(pool, b, mpo_grain(16 * v), sample_task, &args);
  return 0;
}
