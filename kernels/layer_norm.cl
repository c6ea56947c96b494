// Layer norm with weight and bias, and its adjoint. One work-group per row; the gradients of weight
// and bias in two stages, the second being sum_slices of bias.cl. statistics (2, N): mean, then
// r = 1 / sqrt(var + epsilon).

// out = (x - mean) * r * weight + bias. Groups (N).
KERNEL void layer_norm(
    __global const float *x, ulong xOffset, ulong xStride, __global const float *weight,
    ulong weightOffset, __global const float *bias, ulong biasOffset, float epsilon,
    __global float *out, ulong outOffset, ulong outStride, __global float *statistics,
    ulong statisticsOffset, ulong rows, ulong columns, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *row = x + xOffset + n * xStride;
  __global float *o = out + outOffset + n * outStride;
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW)
    KAHAN(sum, low, load_part(row + i, columns - i, 0));
  const float mean = group_sum(vec_sum(sum), scratch) / (float)columns;
  // From the differences, so that a large mean costs no digits; lanes behind the end hold none.
  sum = (vec)(0.0f);
  low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    vec v = load_part(row + i, columns - i, mean) - mean;
    KAHAN(sum, low, v * v);
  }
  const float r = 1.0f / sqrt(group_sum(vec_sum(sum), scratch) / (float)columns + epsilon);
  if (get_local_id(0) == 0) {
    statistics[statisticsOffset + n] = mean;
    statistics[statisticsOffset + rows + n] = r;
  }
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec w = load_part(weight + weightOffset + i, left, 0);
    vec b = load_part(bias + biasOffset + i, left, 0);
    store_part((load_part(row + i, left, 0) - mean) * r * w + b, o + i, left);
  }
}

// With y = (x - mean) * r and g = dOut * weight: dX (= | +=) r * (g - mean(g) - y * mean(g * y)).
KERNEL void layer_norm_backward(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *x,
    ulong xOffset, ulong xStride, __global const float *weight, ulong weightOffset,
    __global const float *statistics, ulong statisticsOffset, __global float *dX, ulong dXOffset,
    ulong dXStride, ulong rows, ulong columns, uint accumulate, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *d = dOut + dOutOffset + n * dOutStride;
  __global const float *row = x + xOffset + n * xStride;
  __global const float *w = weight + weightOffset;
  __global float *o = dX + dXOffset + n * dXStride;
  const float mean = statistics[statisticsOffset + n], r = statistics[statisticsOffset + rows + n];
  vec sum = (vec)(0.0f), low = (vec)(0.0f), sumY = (vec)(0.0f), lowY = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec g = load_part(d + i, left, 0) * load_part(w + i, left, 0);
    KAHAN(sum, low, g);
    KAHAN(sumY, lowY, g * ((load_part(row + i, left, 0) - mean) * r));
  }
  const float a = group_sum(vec_sum(sum), scratch) / (float)columns;
  const float b = group_sum(vec_sum(sumY), scratch) / (float)columns;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec g = load_part(d + i, left, 0) * load_part(w + i, left, 0);
    vec v = r * (g - a - (load_part(row + i, left, 0) - mean) * r * b);
    if (accumulate) v += load_part(o + i, left, 0);
    store_part(v, o + i, left);
  }
}

// partial[s, c] = sum of dOut * y over slice s of the rows. Groups
// (ceil(C / (WG VW)), slices).
KERNEL void layer_norm_weight_partial(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *x,
    ulong xOffset, ulong xStride, __global const float *statistics, ulong statisticsOffset,
    __global float *partial, ulong partialOffset, ulong rows, ulong columns, ulong sliceRows) {
  const ulong i = (ulong)get_global_id(0) * VW;
  if (i >= columns) return;
  const ulong left = columns - i, slice = get_group_id(1);
  const ulong end = min(rows, (slice + 1) * sliceRows);
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong n = slice * sliceRows; n < end; n++) {
    const float mean = statistics[statisticsOffset + n];
    const float r = statistics[statisticsOffset + rows + n];
    vec y = (load_part(x + xOffset + n * xStride + i, left, 0) - mean) * r;
    KAHAN(sum, low, load_part(dOut + dOutOffset + n * dOutStride + i, left, 0) * y);
  }
  store_part(sum, partial + partialOffset + slice * columns + i, left);
}
