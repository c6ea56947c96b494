// Gradient norm and AdamW. The norm stays on the device: adamw reads it there, so a step needs no
// round trip to the host.

// partial[g] = sum of x^2 over slice g. Groups (slices).
KERNEL void sum_squares(
    __global const float *x, ulong xOffset, ulong count, ulong sliceCount, __global float *partial,
    ulong partialOffset, __local float *scratch) {
  __global const float *v = x + xOffset;
  const ulong end = min(count, (get_group_id(0) + 1) * sliceCount);
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = get_group_id(0) * sliceCount + get_local_id(0) * VW; i < end; i += WG * VW) {
    vec a = load_part(v + i, end - i, 0);
    KAHAN(sum, low, a * a);
  }
  float total = group_sum(vec_sum(sum), scratch);
  if (get_local_id(0) == 0) partial[partialOffset + get_group_id(0)] = total;
}

// out[0] = sqrt(sum of partial). One group.
KERNEL void norm_end(
    __global const float *partial, ulong partialOffset, ulong slices, __global float *out,
    ulong outOffset, __local float *scratch) {
  float sum = 0, low = 0;
  for (ulong i = get_local_id(0); i < slices; i += WG) KAHAN1(sum, low, partial[partialOffset + i]);
  float total = group_sum(sum, scratch);
  if (get_local_id(0) == 0) out[outOffset] = sqrt(total);
}

// correction1/2 = 1 - beta^step. Groups (ceil(count / BLOCK)).
KERNEL void adamw(
    __global float *parameters, ulong parametersOffset, __global const float *gradients,
    ulong gradientsOffset, __global float *first, ulong firstOffset, __global float *second,
    ulong secondOffset, __global const float *gradNorm, ulong gradNormOffset, ulong count,
    float learningRate, float beta1, float beta2, float epsilon, float decay, float correction1,
    float correction2, float maxGradNorm) {
  float clip = 1;
  if (maxGradNorm > 0) {
    float ratio = maxGradNorm / (gradNorm[gradNormOffset] + 1e-6f);
    clip = ratio < 1 || isnan(ratio) ? ratio : 1.0f;
  }
  const ulong end = min(count, (get_group_id(0) + 1) * (ulong)BLOCK);
  for (ulong i = get_group_id(0) * (ulong)BLOCK + get_local_id(0) * VW; i < end; i += WG * VW) {
    ulong left = count - i;
    vec g = clip * load_part(gradients + gradientsOffset + i, left, 0);
    vec p = load_part(parameters + parametersOffset + i, left, 0);
    vec m = beta1 * load_part(first + firstOffset + i, left, 0) + (1.0f - beta1) * g;
    vec v = beta2 * load_part(second + secondOffset + i, left, 0) + (1.0f - beta2) * g * g;
    p -= learningRate * decay * p;
    p -= learningRate * (m / correction1) / (sqrt(v / correction2) + epsilon);
    store_part(m, first + firstOffset + i, left);
    store_part(v, second + secondOffset + i, left);
    store_part(p, parameters + parametersOffset + i, left);
  }
}
