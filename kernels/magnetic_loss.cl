// The row part of the fused magnetic loss: three logit rows in, nine components and the gradient
// with respect to the policy's logits out, so that no (N, V) probability, log-ratio or KL array
// exists. Two walks for the values (partitions, then the sums that need them), one for the
// gradient. Groups (N).

// One term of KL(p || q) as p * d + (q - p), d = log p - log q. The extra q - p adds up to zero,
// but makes every term non-negative and cancels the first-order effect of rounding in the
// partitions; near d = 0 a series replaces d + exp(-d) - 1, which would cancel.
static inline vec kl_term(vec p, vec q, vec d) {
  vec far_ = select(p * d + (q - p), q, p == (vec)(0.0f));
  vec series = 1.0f / 40320 - d * (1.0f / 362880);
  series = 1.0f / 5040 - d * series;
  series = 1.0f / 720 - d * series;
  series = 1.0f / 120 - d * series;
  series = 1.0f / 24 - d * series;
  series = 1.0f / 6 - d * series;
  series = 0.5f - d * series;
  return select(far_, p * d * d * series, fabs(d) < (vec)(0.5f));
}

// log p - log q, the close parts first: near the magnet the logits nearly agree.
static inline vec log_ratio(vec zp, vec zq, float2 p, float2 q) {
  return ((zp - zq) - (p.x - q.x)) - (p.y - q.y);
}

KERNEL void magnetic_loss(
    __global float *policy, ulong policyOffset, ulong policyStride, __global const float *old,
    ulong oldOffset, ulong oldStride, __global const float *magnet, ulong magnetOffset,
    ulong magnetStride, __global const int *targets, ulong targetsOffset,
    __global const float *advantages, ulong advantagesOffset, __global const float *weights,
    ulong weightsOffset, __global float *components, ulong componentsOffset,
    ulong componentsStride, ulong columns, float alpha, float inverseEta, float clip, float cap,
    float scale, uint gradient, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global float *rowP = policy + policyOffset + n * policyStride;
  __global const float *rowO = old + oldOffset + n * oldStride;
  __global const float *rowM = magnet + magnetOffset + n * magnetStride;
  const ulong first = (ulong)get_local_id(0) * VW;

  Partition sumP, sumO, sumM;
  partition_start(&sumP);
  partition_start(&sumO);
  partition_start(&sumM);
  for (ulong i = first; i < columns; i += WG * VW) {
    ulong left = columns - i;
    partition_add(&sumP, load_logits(rowP + i, left, cap, scale));
    partition_add(&sumO, load_logits(rowO + i, left, cap, scale));
    partition_add(&sumM, load_logits(rowM + i, left, cap, scale));
  }
  const float2 p = partition_end(&sumP, scratch), o = partition_end(&sumO, scratch);
  const float2 m = partition_end(&sumM, scratch);

  vec klO = (vec)(0.0f), klM = (vec)(0.0f), ent = (vec)(0.0f);
  vec klOLow = (vec)(0.0f), klMLow = (vec)(0.0f), entLow = (vec)(0.0f);
  for (ulong i = first; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec zp = load_logits(rowP + i, left, cap, scale);
    vec zo = load_logits(rowO + i, left, cap, scale);
    vec zm = load_logits(rowM + i, left, cap, scale);
    vec lp = (zp - p.x) - p.y;
    vec prob = exp(lp);
    vec qo = exp((zo - o.x) - o.y), qm = exp((zm - m.x) - m.y);
    vec termO = kl_term(prob, qo, log_ratio(zp, zo, p, o));
    vec termM = kl_term(prob, qm, log_ratio(zp, zm, p, m));
    vec termE = select(prob * lp, (vec)(0.0f), prob == (vec)(0.0f));
    KAHAN(klO, klOLow, termO);
    KAHAN(klM, klMLow, termM);
    KAHAN(ent, entLow, termE);
  }
  const float klOld = group_sum(vec_sum(klO), scratch);
  const float klMagnet = group_sum(vec_sum(klM), scratch);
  const float entropy = -group_sum(vec_sum(ent), scratch);

  const ulong y = (ulong)targets[targetsOffset + n];
  const float a = advantages[advantagesOffset + n];
  const float zy = transform_logit(rowP[y], cap, scale);
  const float oy = transform_logit(rowO[y], cap, scale), my = transform_logit(rowM[y], cap, scale);
  const float ratio = exp(((zy - oy) - (p.x - o.x)) - (p.y - o.y));
  float surrogate = ratio * a, slope = surrogate;  // slope = d surrogate / d log pi(y)
  if (clip > 0) {
    float limited = (ratio < 1 - clip ? 1 - clip : ratio > 1 + clip ? 1 + clip : ratio) * a;
    if (limited < surrogate) {
      surrogate = limited;
      slope = 0;
    }
  }
  if (get_local_id(0) == 0) {
    __global float *c = components + componentsOffset + n;
    c[0] = -surrogate + alpha * klMagnet + inverseEta * klOld;
    c[componentsStride] = surrogate;
    c[2 * componentsStride] = klMagnet;
    c[3 * componentsStride] = klOld;
    c[4 * componentsStride] = entropy;
    c[5 * componentsStride] = ratio;
    c[6 * componentsStride] = (zy - p.x) - p.y;
    c[7 * componentsStride] = (oy - o.x) - o.y;
    c[8 * componentsStride] = (my - m.x) - m.y;
  }
  if (!gradient) return;
  // Everyone has read rowP[y] before someone overwrites it.
  barrier(CLK_GLOBAL_MEM_FENCE);
  const float w = weights[weightsOffset + n];
  for (ulong i = first; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec x = load_part(rowP + i, left, 0);
    vec zp = transform_logits(x, cap, scale);
    vec zo = transform_logits(load_part(rowO + i, left, 0), cap, scale);
    vec zm = transform_logits(load_part(rowM + i, left, 0), cap, scale);
    vec prob = exp((zp - p.x) - p.y);
    vec hit = select((vec)(0.0f), (vec)(1.0f), lanes(0) == (ivec)((int)(y - i)));
    if (y < i || y - i >= VW) hit = (vec)(0.0f);
    vec pull = alpha * (log_ratio(zp, zm, p, m) - klMagnet)
        + inverseEta * (log_ratio(zp, zo, p, o) - klOld);
    vec g = select(prob * (pull + slope), (vec)(0.0f), prob == (vec)(0.0f)) - slope * hit;
    store_part(w * g * transform_slope(x, cap, scale), rowP + i, left);
  }
}

// out[t] = advantages[t] - sum over u > t of (alpha klMagnet[u] + klOld[u] / eta) within each
// packed sequence. One work-group per sequence: work-items own contiguous runs; run totals are
// chained by everyone alike, then each run is walked from its end.
KERNEL void kl_to_go(
    __global const float *advantages, ulong advantagesOffset, __global const float *klMagnet,
    ulong klMagnetOffset, __global const float *klOld, ulong klOldOffset,
    __global const int *sequences, ulong sequencesOffset, __global float *out, ulong outOffset,
    float alpha, float inverseEta, __local float *total) {
  const ulong start = (ulong)sequences[sequencesOffset + get_group_id(0)];
  const ulong end = (ulong)sequences[sequencesOffset + get_group_id(0) + 1];
  const ulong run = (end - start + WG - 1) / WG;
  const ulong lo = min(end, start + get_local_id(0) * run), hi = min(end, lo + run);
  __global const float *m = klMagnet + klMagnetOffset, *o = klOld + klOldOffset;
  float sum = 0, low = 0;
  for (ulong t = lo; t < hi; t++) KAHAN1(sum, low, alpha * m[t] + inverseEta * o[t]);
  total[get_local_id(0)] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  sum = 0;
  low = 0;
  for (int i = WG - 1; i > (int)get_local_id(0); i--) KAHAN1(sum, low, total[i]);
  for (ulong t = hi; t > lo; t--) {
    out[outOffset + t - 1] = advantages[advantagesOffset + t - 1] - sum;
    KAHAN1(sum, low, alpha * m[t - 1] + inverseEta * o[t - 1]);
  }
}
