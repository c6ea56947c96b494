// Magnetic mirror descent on small games, one work-group per game: groups (B). All steps run in one
// launch. The state (log pi, log mu, pi) lives in local memory when 3 n floats fit, else in global.

#ifndef GAME_LOCAL
#define GAME_LOCAL 1  // 1: state in local memory
#endif

#if GAME_LOCAL
#define SPACE __local
#define FENCE CLK_LOCAL_MEM_FENCE
#else
#define SPACE __global
#define FENCE (CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#endif

// log pi -= log sum exp(log pi).
static inline void normalise(SPACE float *logs, int n, __local float *scratch) {
  float top = LOW, sum = 0, low = 0;
  for (int i = get_local_id(0); i < n; i += WG) top = fmax(top, logs[i]);
  top = group_max(top, scratch);
  for (int i = get_local_id(0); i < n; i += WG) KAHAN1(sum, low, exp(logs[i] - top));
  float z = log(group_sum(sum, scratch));
  for (int i = get_local_id(0); i < n; i += WG) logs[i] = (logs[i] - top) - z;
}

KERNEL void magnetic_update(
    __global float *logPolicy, ulong policyOffset, ulong policyStride, __global float *logMagnet,
    ulong magnetOffset, ulong magnetStride, __global const float *payoff, ulong payoffOffset,
    ulong payoffStride, __global float *spare, ulong spareOffset, __local float *state, ulong size,
    float eta, float alpha, ulong steps, ulong syncSteps, ulong firstStep, __local float *scratch) {
  const int n = (int)size, lid = get_local_id(0);
  const ulong game = get_group_id(0);
  __global float *outPolicy = logPolicy + policyOffset + game * policyStride;
  __global float *outMagnet = logMagnet + magnetOffset + game * magnetStride;
  __global const float *P = payoff + payoffOffset + game * size * payoffStride;
#if GAME_LOCAL
  __local float *lp = state, *lm = state + n, *pi = state + 2 * n;
  for (int i = lid; i < n; i += WG) {
    lp[i] = outPolicy[i];
    lm[i] = outMagnet[i];
  }
#else
  __global float *lp = outPolicy, *lm = outMagnet, *pi = spare + spareOffset + game * size;
#endif
  // Whatever scale the logarithms come in, they leave normalised.
  barrier(FENCE);
  normalise(lp, n, scratch);
  normalise(lm, n, scratch);
  barrier(FENCE);
  const float pull = eta * alpha, shrink = 1.0f / (1.0f + pull);
  for (ulong t = 0; t < steps; t++) {
    for (int i = lid; i < n; i += WG) pi[i] = exp(lp[i]);
    barrier(FENCE);
    // Every work-item takes part, those behind the end on the last row: PoCL 3.1 drops the inner
    // loop of work-items that enter when others do not.
    for (int first = 0; first < n; first += WG) {
      const int i = min(first + lid, n - 1);
      float q = 0, low = 0;
      for (int j = 0; j < n; j++) KAHAN1(q, low, P[i * payoffStride + j] * pi[j]);
      // A magnet of weight 0 may have empty places.
      float magnet = pull > 0 ? pull * lm[i] : 0.0f;
      if (first + lid < n) lp[i] = (lp[i] + magnet + eta * q) * shrink;
    }
    normalise(lp, n, scratch);
    if (syncSteps > 0 && (firstStep + t + 1) % syncSteps == 0)
      for (int i = lid; i < n; i += WG) lm[i] = lp[i];
    // pi is read by all before it is written again.
    barrier(FENCE);
  }
#if GAME_LOCAL
  for (int i = lid; i < n; i += WG) {
    outPolicy[i] = lp[i];
    outMagnet[i] = lm[i];
  }
#endif
}
