// Root-mean-square norm of the query and key heads inside packed rows [q heads | k heads | v heads],
// and its adjoint. One work-group per head of a row: groups (N (H + 2G)), value heads copied. The
// weights' gradients in two stages, the second being sum_slices of bias.cl. D is the head width.

// r of the head, written by the first work-item, and out = x * r * (lift + w).
KERNEL void head_rms_norm(
    __global const float *qkv, ulong qkvOffset, ulong qkvStride, __global const float *queryWeight,
    ulong queryOffset, __global const float *keyWeight, ulong keyOffset, float epsilon, float lift,
    __global float *out, ulong outOffset, ulong outStride, __global float *inverseRMS,
    ulong inverseOffset, ulong heads, ulong keyValueHeads, ulong width, __local float *scratch) {
  const ulong normed = heads + keyValueHeads, each = normed + keyValueHeads;
  const ulong n = get_group_id(0) / each, h = get_group_id(0) % each;
  __global const float *x = qkv + qkvOffset + n * qkvStride + h * width;
  __global float *o = out + outOffset + n * outStride + h * width;
  if (h >= normed) {
    for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW)
      store_part(load_part(x + i, width - i, 0), o + i, width - i);
    return;
  }
  __global const float *w = h < heads ? queryWeight + queryOffset : keyWeight + keyOffset;
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW) {
    vec v = load_part(x + i, width - i, 0);
    KAHAN(sum, low, v * v);
  }
  float inverse = 1.0f / sqrt(group_sum(vec_sum(sum), scratch) / (float)width + epsilon);
  if (get_local_id(0) == 0) inverseRMS[inverseOffset + n * normed + h] = inverse;
  for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW) {
    ulong left = width - i;
    store_part(
        load_part(x + i, left, 0) * inverse * (lift + load_part(w + i, left, 0)), o + i, left);
  }
}

// With g = dOut * (lift + w): dX = r * (g - x * r^2 * mean(g * x)) of each head.
KERNEL void head_rms_norm_backward(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *qkv,
    ulong qkvOffset, ulong qkvStride, __global const float *queryWeight, ulong queryOffset,
    __global const float *keyWeight, ulong keyOffset, float lift,
    __global const float *inverseRMS, ulong inverseOffset, __global float *dQKV, ulong dQKVOffset,
    ulong dQKVStride, ulong heads, ulong keyValueHeads, ulong width, __local float *scratch) {
  const ulong normed = heads + keyValueHeads, each = normed + keyValueHeads;
  const ulong n = get_group_id(0) / each, h = get_group_id(0) % each;
  __global const float *d = dOut + dOutOffset + n * dOutStride + h * width;
  __global float *o = dQKV + dQKVOffset + n * dQKVStride + h * width;
  if (h >= normed) {
    for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW)
      store_part(load_part(d + i, width - i, 0), o + i, width - i);
    return;
  }
  __global const float *x = qkv + qkvOffset + n * qkvStride + h * width;
  __global const float *w = h < heads ? queryWeight + queryOffset : keyWeight + keyOffset;
  const float r = inverseRMS[inverseOffset + n * normed + h];
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW) {
    ulong left = width - i;
    vec g = load_part(d + i, left, 0) * (lift + load_part(w + i, left, 0));
    KAHAN(sum, low, g * load_part(x + i, left, 0));
  }
  float pull = group_sum(vec_sum(sum), scratch) / (float)width * r * r;
  for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW) {
    ulong left = width - i;
    vec g = load_part(d + i, left, 0) * (lift + load_part(w + i, left, 0));
    store_part(r * (g - load_part(x + i, left, 0) * pull), o + i, left);
  }
}

// partial[s, i] = sum of dOut * x * r over slice s of the `count` heads from `first` on of all rows,
// rows outside. Groups (ceil(D / (WG VW)), slices).
KERNEL void head_rms_norm_weight_partial(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *qkv,
    ulong qkvOffset, ulong qkvStride, __global const float *inverseRMS, ulong inverseOffset,
    __global float *partial, ulong partialOffset, ulong rows, ulong first, ulong count,
    ulong normed, ulong width, ulong sliceHeads) {
  const ulong i = (ulong)get_global_id(0) * VW;
  if (i >= width) return;
  const ulong left = width - i, slice = get_group_id(1);
  const ulong end = min(rows * count, (slice + 1) * sliceHeads);
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong k = slice * sliceHeads; k < end; k++) {
    const ulong n = k / count, h = first + k % count;
    vec v = load_part(dOut + dOutOffset + n * dOutStride + h * width + i, left, 0)
        * load_part(qkv + qkvOffset + n * qkvStride + h * width + i, left, 0);
    KAHAN(sum, low, v * inverseRMS[inverseOffset + n * normed + h]);
  }
  store_part(sum, partial + partialOffset + slice * width + i, left);
}
