#include "CLimits.h"

#if defined(__linux__) && defined(__x86_64__) && defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define FEED(name, real, lanes)                                                        \
  typedef real name##_vec __attribute__((ext_vector_type(lanes), aligned(64)));        \
  CLONES double name(const real *a, long count, long rounds) {                         \
    _Pragma("clang fp contract(fast)") name##_vec s[16];                               \
    for (int k = 0; k < 16; k++) s[k] = (name##_vec)(real)0;                           \
    for (long r = 0; r < rounds; r++) {                                                \
      name##_vec w = (name##_vec)(real)(1.0 / (double)(r + 2));                        \
      for (long i = 0; i < count; i += 16 * lanes)                                     \
        for (int k = 0; k < 16; k++) s[k] += *(const name##_vec *)(a + i + k * lanes) * w; \
    }                                                                                  \
    double sum = 0;                                                                    \
    for (int k = 0; k < 16; k++)                                                       \
      for (int l = 0; l < lanes; l++) sum += (double)s[k][l];                          \
    return sum;                                                                        \
  }

FEED(limit_feed_f32, float, 16)
FEED(limit_feed_f64, double, 8)
