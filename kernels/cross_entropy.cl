// nll[n] = -log softmax(transform(logits[n]))[target], and the logits overwritten by
// weights[n] * d nll / d logits when asked: forward and adjoint in one kernel, so that the
// (rows, V) chunk is its own gradient and no second one exists. Groups (N).
KERNEL void cross_entropy(
    __global float *logits, ulong logitsOffset, ulong logitsStride, __global const int *targets,
    ulong targetsOffset, __global const float *weights, ulong weightsOffset, __global float *nll,
    ulong nllOffset, ulong columns, float cap, float scale, uint gradient, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global float *row = logits + logitsOffset + n * logitsStride;
  float2 z = row_partition(row, columns, cap, scale, scratch);
  const ulong y = (ulong)targets[targetsOffset + n];
  const float target = row[y];
  if (get_local_id(0) == 0)
    nll[nllOffset + n] = -((transform_logit(target, cap, scale) - z.x) - z.y);
  if (!gradient) return;
  // Everyone has read row[y] before someone overwrites it.
  barrier(CLK_GLOBAL_MEM_FENCE);
  const float w = weights[weightsOffset + n];
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec x = load_part(row + i, left, 0);
    vec p = exp((transform_logits(x, cap, scale) - z.x) - z.y);
    vec hit = select((vec)(0.0f), (vec)(1.0f), lanes(0) == (ivec)((int)(y - i)));
    if (y < i || y - i >= VW) hit = (vec)(0.0f);
    store_part(w * (p - hit) * transform_slope(x, cap, scale), row + i, left);
  }
}
