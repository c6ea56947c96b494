// Exact magnetic mirror descent on tabular games. B games, n actions. The state is double inside a
// call and rounded once at its end: floats would stop the duality gap near 1e-7 per step taken.
#include "kernels.h"

typedef struct {
  mpo_pool *pool;
  float *log_policy, *log_magnet;
  const float *payoff;
  long n;
  mpo_update_settings s;
} games_args;

// x -= log sum exp(x); fills pi = exp(x).
static void normalize(double *x, double *pi, long n) {
  double max = -INFINITY, sum = 0;
  for (long i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
  for (long i = 0; i < n; i++) sum += pi[i] = exp(x[i] - max);
  double lse = max + log(sum), inverse = 1 / sum;
  for (long i = 0; i < n; i++) x[i] -= lse;
  for (long i = 0; i < n; i++) pi[i] *= inverse;
}

MPO_INLINE double dot(const float *p, const double *pi, long n) {
  MPO_REASSOCIATE
  double sum = 0;
  for (long j = 0; j < n; j++) sum += (double)p[j] * pi[j];
  return sum;
}

MPO_CLONES static void update_policy(
    const float *payoff, const double *pi, const double *magnet, double *x, long n, double eta,
    double eta_alpha) {
  double inverse = 1 / (1 + eta_alpha);
  for (long i = 0; i < n; i++) {
    // eta_alpha = 0 must not meet a magnet of -inf.
    double pull = eta_alpha > 0 ? eta_alpha * magnet[i] : 0;
    x[i] = (x[i] + pull + eta * dot(payoff + i * n, pi, n)) * inverse;
  }
}

static void games_task(void *context, long begin, long end, int worker) {
  games_args s = *(games_args *)context;
  long n = s.n;
  double *x = mpo_pool_scratch(s.pool, worker), *magnet = x + n, *pi = magnet + n;
  double eta = s.s.eta, eta_alpha = eta * (double)s.s.alpha;
  for (long b = begin; b < end; b++) {
    float *log_policy = s.log_policy + b * n, *log_magnet = s.log_magnet + b * n;
    for (long i = 0; i < n; i++) {
      x[i] = log_policy[i];
      magnet[i] = log_magnet[i];
    }
    normalize(magnet, pi, n);
    normalize(x, pi, n);
    for (long step = 1; step <= s.s.steps; step++) {
      update_policy(s.payoff + b * n * n, pi, magnet, x, n, eta, eta_alpha);
      normalize(x, pi, n);
      if (s.s.sync_steps > 0 && (s.s.first_step + step) % s.s.sync_steps == 0)
        memcpy(magnet, x, (size_t)n * sizeof *x);
    }
    for (long i = 0; i < n; i++) {
      log_policy[i] = (float)x[i];
      log_magnet[i] = (float)magnet[i];
    }
  }
}

// log_policy, log_magnet (B, n) in place; payoff (B, n, n). Nonzero: no memory.
int mpo_magnetic_update(
    mpo_pool *pool, float *log_policy, float *log_magnet, const float *payoff,
    mpo_update_settings settings, long b, long n) {
  if (mpo_pool_reserve(pool, 3 * n * (long)sizeof(double), 0)) return 1;
  games_args args = {pool, log_policy, log_magnet, payoff, n, settings};
  mpo_pool_for(pool, b, mpo_grain(settings.steps * (n * n + 32 * n)), games_task, &args);
  return 0;
}
