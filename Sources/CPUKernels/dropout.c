// Dropout by counters: the same call on a gradient is the adjoint.
#include "philox.h"

enum { UNIT = 4096 };

typedef struct {
  const float *x;
  float *out;
  long n;
  float rate, scale;
  uint64_t seed;
  uint32_t stream;
} dropout_args;

MPO_CLONES static void dropout_task(void *context, long begin, long end, int worker) {
  (void)worker;
  dropout_args s = *(dropout_args *)context;
  for (long block = begin; block < end; block++) {
    long first = block * UNIT;
    int count = (int)mpo_min(UNIT, s.n - first);
    const float *x = s.x + first;
    float *out = s.out + first;
    // A block starts at a multiple of 4096, so its elements share the counter's upper word.
    uint32_t low = (uint32_t)first, high = (uint32_t)((uint64_t)first >> 32);
    MPO_WIDE_IN_PLACE
    for (int i = 0; i < count; i++) {
      uint32_t word = mpo_philox(s.seed, low + (uint32_t)i, high, s.stream, MPO_DOMAIN_DROPOUT);
      // A product, so that a NaN that is dropped is still seen.
      out[i] = x[i] * (mpo_uniform(word) >= s.rate ? s.scale : 0.0f);
    }
  }
}

// out[i] = x[i] / (1 - rate) where u_i >= rate, else x[i] * 0; u_i the uniform of block
// (i low, i high, stream, dropout). out may be x.
void mpo_dropout(
    mpo_pool *pool, const float *x, float rate, uint64_t seed, uint32_t stream, float *out,
    long n) {
  dropout_args args = {x, out, n, rate, 1.0f / (1.0f - rate), seed, stream};
  mpo_pool_for(pool, (n + UNIT - 1) / UNIT, 2, dropout_task, &args);
}
