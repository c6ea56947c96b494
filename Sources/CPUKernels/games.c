// Exact magnetic mirror descent on tabular games, f32 and f64. B games, n actions. A game's payoffs
// are laid out once and stay in a core's cache for all its steps: games are the outer loop. Results
// do not depend on the number of threads.
#include <stdatomic.h>

#include "kernels.h"

typedef struct {
  mpo_pool *pool;
  void *log_policy, *log_magnet;
  const void *payoff;
  long n;
  mpo_update_settings settings;
} games_args;

// Most slots of one game's step; more would cost more in adding their parts up.
enum { SLOTS = 32 };
// The largest transposed matrix that is taken whole: what a 32 KiB first-level cache holds beside
// the state. Above it, half of an antisymmetric one is read.
enum { FULL_BYTES = 24 << 10 };

// Whether 16 sums of 64 bytes stay in registers beside what they need.
static int has_many_registers(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return 0;
#endif
}

#define real float
#define GAMES(name) name##_f32
#define LANES 16
#define EXP mpo_exp
#define EPSILON 0x1p-23f
#define FAINT -80.0f
#define ONE_VECTOR "clang loop vectorize_width(16) interleave_count(1)"
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#include "games_typed.h"
#undef real
#undef GAMES
#undef LANES
#undef EXP
#undef EPSILON
#undef FAINT
#undef EVENS
#undef ONE_VECTOR
#undef ODDS
#define real double
#define GAMES(name) name##_f64
#define LANES 8
#define EXP mpo_exp_double
#define EPSILON 0x1p-52
#define FAINT -700.0
#define ONE_VECTOR "clang loop vectorize_width(8) interleave_count(1)"
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15
#include "games_typed.h"

// log_policy, log_magnet (B, n) in place; payoff (B, n, n); all float, or all double when
// `is_double`. Nonzero: no memory.
int mpo_magnetic_update(
    mpo_pool *pool, int is_double, void *log_policy, void *log_magnet, const void *payoff,
    mpo_update_settings settings, long b, long n) {
  if (b == 0 || n == 0) return 0;
  games_args args = {pool, log_policy, log_magnet, payoff, n, settings};
  return is_double ? update_f64(&args, b) : update_f32(&args, b);
}
