// Softmax and what is read off one. One work-group per row: groups (N). Max-subtracted everywhere;
// maximum and sum come from one online pass.

KERNEL void softmax(
    __global const float *logits, ulong logitsOffset, ulong logitsStride, __global float *out,
    ulong outOffset, ulong outStride, ulong columns, float scale, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *row = logits + logitsOffset + n * logitsStride;
  __global float *o = out + outOffset + n * outStride;
  float2 z = row_partition(row, columns, 0, scale, scratch);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    store_part(exp((scale * load_part(row + i, left, 0) - z.x) - z.y), o + i, left);
  }
}

KERNEL void gather_log_prob(
    __global const float *logits, ulong logitsOffset, ulong logitsStride,
    __global const int *targets, ulong targetsOffset, __global float *out, ulong outOffset,
    ulong columns, float cap, float scale, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *row = logits + logitsOffset + n * logitsStride;
  float2 z = row_partition(row, columns, cap, scale, scratch);
  if (get_local_id(0) == 0) {
    float y = transform_logit(row[targets[targetsOffset + n]], cap, scale);
    out[outOffset + n] = (y - z.x) - z.y;
  }
}

// out[0, n] = log p(y) - log p_old(y), out[1, n] = log p(y) - log mu(y): the three partitions in
// one walk over the vocabulary. Differences of logits are taken before the partitions are, because
// close policies have close logits.
KERNEL void log_ratio(
    __global const float *policy, ulong policyOffset, ulong policyStride, __global const float *old,
    ulong oldOffset, ulong oldStride, __global const float *magnet, ulong magnetOffset,
    ulong magnetStride, __global const int *targets, ulong targetsOffset, __global float *out,
    ulong outOffset, ulong outStride, ulong columns, float cap, float scale,
    __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *p = policy + policyOffset + n * policyStride;
  __global const float *o = old + oldOffset + n * oldStride;
  __global const float *m = magnet + magnetOffset + n * magnetStride;
  Partition sumP, sumO, sumM;
  partition_start(&sumP);
  partition_start(&sumO);
  partition_start(&sumM);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    partition_add(&sumP, load_logits(p + i, left, cap, scale));
    partition_add(&sumO, load_logits(o + i, left, cap, scale));
    partition_add(&sumM, load_logits(m + i, left, cap, scale));
  }
  float2 zp = partition_end(&sumP, scratch), zo = partition_end(&sumO, scratch);
  float2 zm = partition_end(&sumM, scratch);
  if (get_local_id(0) == 0) {
    ulong y = (ulong)targets[targetsOffset + n];
    float a = transform_logit(p[y], cap, scale);
    float b = transform_logit(o[y], cap, scale), c = transform_logit(m[y], cap, scale);
    out[outOffset + n] = ((a - b) - (zp.x - zo.x)) - (zp.y - zo.y);
    out[outOffset + outStride + n] = ((a - c) - (zp.x - zm.x)) - (zp.y - zm.y);
  }
}
