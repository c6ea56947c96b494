// Root-mean-square norm and its adjoint. One work-group per row; the weight's gradient in two
// stages, the second being sum_slices of bias.cl. `lift` is added to the weight (Gemma: 1).

// out = row * r * (lift + w) once the work-items' shares of the sum of squares are known. Each reads
// what it has written itself, so `row` needs no barrier.
static inline void normalise(
    __global const float *row, __global const float *w, float epsilon, float lift,
    __global float *o, __global float *r, ulong columns, vec squares, __local float *scratch) {
  float mean = group_sum(vec_sum(squares), scratch) / (float)columns;
  float inverse = 1.0f / sqrt(mean + epsilon);
  if (get_local_id(0) == 0) *r = inverse;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    store_part(
        load_part(row + i, left, 0) * inverse * (lift + load_part(w + i, left, 0)), o + i, left);
  }
}

KERNEL void rms_norm(
    __global const float *x, ulong xOffset, ulong xStride, __global const float *weight,
    ulong weightOffset, float epsilon, float lift, __global float *out, ulong outOffset,
    ulong outStride, __global float *inverseRMS, ulong inverseOffset, ulong columns,
    __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *row = x + xOffset + n * xStride;
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    vec v = load_part(row + i, columns - i, 0);
    KAHAN(sum, low, v * v);
  }
  normalise(
      row, weight + weightOffset, epsilon, lift, out + outOffset + n * outStride,
      inverseRMS + inverseOffset + n, columns, sum, scratch);
}

// The same of total = total + x.
KERNEL void add_rms_norm(
    __global const float *x, ulong xOffset, ulong xStride, __global float *total,
    ulong totalOffset, ulong totalStride, __global const float *weight, ulong weightOffset,
    float epsilon, float lift, __global float *out, ulong outOffset, ulong outStride,
    __global float *inverseRMS, ulong inverseOffset, ulong columns, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *a = x + xOffset + n * xStride;
  __global float *row = total + totalOffset + n * totalStride;
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec v = load_part(row + i, left, 0) + load_part(a + i, left, 0);
    store_part(v, row + i, left);
    KAHAN(sum, low, v * v);
  }
  normalise(
      row, weight + weightOffset, epsilon, lift, out + outOffset + n * outStride,
      inverseRMS + inverseOffset + n, columns, sum, scratch);
}

// With g = dOut * (lift + weight): dX (= | +=) r * (g - x * r^2 * mean(g * x)).
KERNEL void rms_norm_backward(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *x,
    ulong xOffset, ulong xStride, __global const float *weight, ulong weightOffset, float lift,
    __global const float *inverseRMS, ulong inverseOffset, __global float *dX, ulong dXOffset,
    ulong dXStride, ulong columns, uint accumulate, __local float *scratch) {
  const ulong n = get_group_id(0);
  __global const float *d = dOut + dOutOffset + n * dOutStride;
  __global const float *row = x + xOffset + n * xStride;
  __global const float *w = weight + weightOffset;
  __global float *o = dX + dXOffset + n * dXStride;
  const float r = inverseRMS[inverseOffset + n];
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec g = load_part(d + i, left, 0) * (lift + load_part(w + i, left, 0));
    KAHAN(sum, low, g * load_part(row + i, left, 0));
  }
  float pull = group_sum(vec_sum(sum), scratch) / (float)columns * r * r;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec g = load_part(d + i, left, 0) * (lift + load_part(w + i, left, 0));
    vec v = r * (g - load_part(row + i, left, 0) * pull);
    if (accumulate) v += load_part(o + i, left, 0);
    store_part(v, o + i, left);
  }
}

// partial[s, c] = sum of dOut * x * r over slice s of the rows. Groups (ceil(C / (WG VW)), slices).
KERNEL void rms_norm_weight_partial(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *x,
    ulong xOffset, ulong xStride, __global const float *inverseRMS, ulong inverseOffset,
    __global float *partial, ulong partialOffset, ulong rows, ulong columns, ulong sliceRows) {
  const ulong i = (ulong)get_global_id(0) * VW;
  if (i >= columns) return;
  const ulong left = columns - i, slice = get_group_id(1);
  const ulong end = min(rows, (slice + 1) * sliceRows);
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong n = slice * sliceRows; n < end; n++) {
    vec v = load_part(dOut + dOutOffset + n * dOutStride + i, left, 0)
        * load_part(x + xOffset + n * xStride + i, left, 0);
    KAHAN(sum, low, v * inverseRMS[inverseOffset + n]);
  }
  store_part(sum, partial + partialOffset + slice * columns + i, left);
}
