// Magnetic mirror descent on one game in one precision; games.c includes this for float and for
// double. `real` is the precision of payoffs, exp and products. The logarithms are double in both:
// they are O(n) of the work, and an error u of log pi at every step would end as u / (eta * alpha).
#include "games_layouts.h"

// x -= log sum exp(x), by the largest: for any x.
MPO_INLINE void GAMES(normalize)(double *x, real *e, long n) {
  double max = -INFINITY, sum = 0;
  for (long i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
  for (long i = 0; i < n; i++) e[i] = (real)(x[i] - max);
  {
    MPO_REASSOCIATE
    for (long i = 0; i < n; i++) sum += (double)EXP(e[i]);
  }
  double lse = max + log(sum);
  for (long i = 0; i < n; i++) x[i] -= lse;
}

// exp(x), 0 below FAINT: what is left out weighs 1e-34 of the sum, and its products would be
// subnormal numbers, at a hundred cycles each.
MPO_INLINE real GAMES(weight)(double x) {
  real z = (real)x;
  return z < FAINT ? (real)0 : EXP(z);
}

// e = exp(x), returns its sum. n is a multiple of LANES.
MPO_INLINE real GAMES(exponentials)(const double *x, real *e, long n) {
  MPO_REASSOCIATE
  real sum = 0;
  _Pragma(ONE_VECTOR)
  for (long i = 0; i < n; i++) {
    e[i] = GAMES(weight)(x[i]);
    sum += e[i];
  }
  return sum;
}

// x = shrink x + anchor + scale y, then as `exponentials`: in one pass, since a step is bound by
// the latency of this chain.
MPO_INLINE real GAMES(advance)(
    double *restrict x, const double *restrict anchor, const real *restrict y, real *restrict e,
    long n, double shrink, double scale) {
  MPO_REASSOCIATE
  real sum = 0;
  _Pragma(ONE_VECTOR)
  for (long i = 0; i < n; i++) {
    x[i] = x[i] * shrink + anchor[i] + (double)y[i] * scale;
    e[i] = GAMES(weight)(x[i]);
    sum += e[i];
  }
  return sum;
}

typedef struct {
  mpo_pool *pool;  // NULL: this game on one thread
  const real *payoff;
  real *pack, *e, *y;
  double *x, *magnet, *anchor;  // N each
  long n, slots, bounds[SLOTS + 1];
  int half, many;
  _Atomic int refused;
} GAMES(game);

// Slots are the units that threads share and do not depend on their number: panels of the full
// layout, whose rows are their own; in the half layout block rows of about equal area, each with a
// y of its own (N), added up in order.
MPO_INLINE void GAMES(cut)(GAMES(game) *g) {
  long blocks = mpo_round_up(g->n, LANES) / LANES;
  g->slots = g->half ? mpo_min(SLOTS, mpo_max(1, g->n / 64)) : (blocks + 3) / 4;
  if (!g->half) return;
  for (long k = 0, i = 0; k <= g->slots; k++) {
    long target = GAMES(half_start)(blocks, blocks) / g->slots * k;
    while (i < blocks && GAMES(half_start)(i, blocks) < target) i++;
    g->bounds[k] = k == g->slots ? blocks : i;
  }
}

MPO_CLONES static void GAMES(pack_task)(void *context, long begin, long end, int worker) {
  (void)worker;
  GAMES(game) *g = context;
  if (!g->half) {
    GAMES(pack_full)(g->payoff, g->pack, g->n, begin, end);
    return;
  }
  for (long k = begin; k < end; k++)
    if (!GAMES(pack_half)(g->payoff, g->pack, g->n, g->bounds[k], g->bounds[k + 1]))
      atomic_store(&g->refused, 1);
}

MPO_INLINE void GAMES(product_of)(const GAMES(game) *g, int many, long begin, long end) {
  long blocks = mpo_round_up(g->n, LANES) / LANES;
  if (!g->half) {
    GAMES(full_product)(many, g->pack, g->e, g->y, g->n, begin, end);
    return;
  }
  for (long k = begin; k < end; k++)
    GAMES(half_product)
    (many, g->pack, g->e, g->y + k * blocks * LANES, blocks, g->bounds[k], g->bounds[k + 1]);
}

MPO_INLINE void GAMES(product)(const GAMES(game) *g, long begin, long end) {
  if (g->many) GAMES(product_of)(g, 1, begin, end);
  else GAMES(product_of)(g, 0, begin, end);
}

MPO_CLONES static void GAMES(product_task)(void *context, long begin, long end, int worker) {
  (void)worker;
  GAMES(product)(context, begin, end);
}

static void GAMES(over_slots)(GAMES(game) *g, mpo_task task) {
  if (g->pool) mpo_pool_for(g->pool, g->slots, 1, task, g);
  else task(g, 0, g->slots, 0);
}

static void GAMES(pack)(GAMES(game) *g, int try_half) {
  g->half = try_half;
  GAMES(cut)(g);
  GAMES(over_slots)(g, GAMES(pack_task));
  if (!atomic_load(&g->refused)) return;
  g->half = 0;
  GAMES(cut)(g);
  GAMES(over_slots)(g, GAMES(pack_task));
}

// The steps of one game, whose x and magnet are normalised and packed.
MPO_CLONES static void GAMES(descend)(GAMES(game) *g, mpo_update_settings s) {
  long n = mpo_round_up(g->n, LANES);
  double pull = s.eta * s.alpha, shrink = 1 / (1 + pull);
  long sync = s.sync_steps > 0 ? s.sync_steps - s.first_step % s.sync_steps : 0;
  // A magnet of weight 0 may have empty places.
  for (long i = 0; i < n; i++) g->anchor[i] = pull > 0 ? pull * shrink * g->magnet[i] : 0;
  // x is not normalised at every step: exp(x) / sum is pi whatever is added to x. Only a sum that
  // runs away is taken out, so that neither a maximum nor a logarithm is waited for.
  double sum = (double)GAMES(exponentials)(g->x, g->e, n);
  for (long step = 1; step <= s.steps; step++) {
    if (sum < 0x1p-8 || sum > 0x1p8) {
      GAMES(normalize)(g->x, g->e, n);
      sum = (double)GAMES(exponentials)(g->x, g->e, n);
    }
    if (g->pool) mpo_pool_for(g->pool, g->slots, 1, GAMES(product_task), g);
    else GAMES(product)(g, 0, g->slots);
    for (long k = 1; g->half && k < g->slots; k++)
      for (long i = g->bounds[k] * LANES; i < n; i++) g->y[i] += g->y[k * n + i];
    double scale = s.eta * shrink / sum;
    sum = (double)GAMES(advance)(g->x, g->anchor, g->y, g->e, n, shrink, scale);
    if (step != sync) continue;
    sync += s.sync_steps;
    memcpy(g->magnet, g->x, (size_t)n * sizeof *g->x);
    for (long i = 0; i < n; i++) g->anchor[i] = pull > 0 ? pull * shrink * g->magnet[i] : 0;
  }
}

MPO_INLINE long GAMES(bytes)(long n) {
  long wide = mpo_round_up(n, LANES), blocks = wide / LANES;
  long pack = mpo_max(wide * n, GAMES(half_start)(blocks, blocks));
  return 3 * wide * (long)sizeof(double) + (pack + (SLOTS + 1) * wide) * (long)sizeof(real);
}

// One game in `memory` (64-byte aligned, `bytes(n)`); pool NULL: on this thread.
static void GAMES(play)(
    mpo_pool *pool, void *memory, real *log_policy, real *log_magnet, const real *payoff, long n,
    mpo_update_settings settings) {
  long wide = mpo_round_up(n, LANES);
  GAMES(game) g = {
      .pool = pool, .payoff = payoff, .n = n, .many = has_many_registers()};
  g.x = memory;
  g.magnet = g.x + wide;
  g.anchor = g.magnet + wide;
  g.e = (real *)(g.anchor + wide);
  g.y = g.e + wide;
  g.pack = g.y + SLOTS * wide;
  for (long i = 0; i < wide; i++) {
    g.x[i] = i < n ? (double)log_policy[i] : -INFINITY;
    g.magnet[i] = i < n ? (double)log_magnet[i] : -INFINITY;
  }
  GAMES(normalize)(g.magnet, g.e, wide);
  GAMES(normalize)(g.x, g.e, wide);
  if (settings.steps > 0) {
    GAMES(pack)(&g, wide * n * (long)sizeof(real) > FULL_BYTES);
    GAMES(descend)(&g, settings);
    GAMES(normalize)(g.magnet, g.e, wide);
    GAMES(normalize)(g.x, g.e, wide);
  }
  for (long i = 0; i < n; i++) {
    log_policy[i] = (real)g.x[i];
    log_magnet[i] = (real)g.magnet[i];
  }
}

static void GAMES(task)(void *context, long begin, long end, int worker) {
  games_args s = *(games_args *)context;
  for (long b = begin; b < end; b++)
    GAMES(play)
    (NULL, mpo_pool_scratch(s.pool, worker), (real *)s.log_policy + b * s.n,
     (real *)s.log_magnet + b * s.n, (const real *)s.payoff + b * s.n * s.n, s.n, s.settings);
}

static int GAMES(update)(games_args *s, long b) {
  long n = s->n, bytes = GAMES(bytes)(n);
  // Few large games: threads share each. Many: each thread has its own, in its own cache.
  if (n >= 256 && b < 4 * mpo_pool_threads(s->pool)) {
    if (mpo_pool_reserve(s->pool, 0, bytes)) return 1;
    for (long i = 0; i < b; i++)
      GAMES(play)
      (s->pool, mpo_pool_shared(s->pool), (real *)s->log_policy + i * n,
       (real *)s->log_magnet + i * n, (const real *)s->payoff + i * n * n, n, s->settings);
    return 0;
  }
  if (mpo_pool_reserve(s->pool, bytes, 0)) return 1;
  mpo_pool_for(
      s->pool, b, mpo_grain(s->settings.steps * (n * n + 32 * n)), GAMES(task), s);
  return 0;
}
