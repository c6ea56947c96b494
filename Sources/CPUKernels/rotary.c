// Rotary position embedding in halves. N rows of `width`, H heads of width D first in each.
#include "kernels.h"

typedef struct {
  float *x;
  const int *positions;
  const float *cosine, *sine;
  long width, heads, d;
  float sign;
} rotary_args;

MPO_CLONES static void rotary_task(void *context, long begin, long end, int worker) {
  (void)worker;
  rotary_args s = *(rotary_args *)context;
  long half = s.d / 2;
  for (long n = begin; n < end; n++) {
    const float *cosine = s.cosine + s.positions[n] * half;
    const float *sine = s.sine + s.positions[n] * half;
    for (long h = 0; h < s.heads; h++) {
      float *restrict a = s.x + n * s.width + h * s.d, *restrict b = a + half;
      for (long i = 0; i < half; i++) {
        float u = a[i], v = b[i], c = cosine[i], t = s.sign * sine[i];
        a[i] = u * c - v * t;
        b[i] = v * c + u * t;
      }
    }
  }
}

// (a, b) -> (a c - b s, b c + a s) in place; `inverse` uses -s. cosine, sine (P, D/2)
void mpo_rotary(
    mpo_pool *pool, float *x, const int *positions, const float *cosine, const float *sine, long n,
    long width, long heads, long d, int inverse) {
  rotary_args args = {x, positions, cosine, sine, width, heads, d, inverse ? -1.0f : 1.0f};
  mpo_pool_for(pool, n, mpo_grain(heads * d), rotary_task, &args);
}
