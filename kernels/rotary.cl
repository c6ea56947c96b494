// Rotary position embedding in place, halves as Hugging Face stores them. Groups (N). `sign` is -1
// for the adjoint, which turns the other way.
KERNEL void rotary(
    __global float *x, ulong xOffset, ulong xStride, __global const int *positions,
    ulong positionsOffset, __global const float *cosine, ulong cosineOffset, ulong cosineStride,
    __global const float *sine, ulong sineOffset, ulong sineStride, ulong heads, ulong half_,
    float sign_) {
  const ulong n = get_group_id(0);
  const ulong p = (ulong)positions[positionsOffset + n];
  __global float *row = x + xOffset + n * xStride;
  __global const float *c = cosine + cosineOffset + p * cosineStride;
  __global const float *s = sine + sineOffset + p * sineStride;
  const ulong blocks = (half_ + VW - 1) / VW;
  for (ulong j = get_local_id(0); j < heads * blocks; j += WG) {
    ulong i = j % blocks * VW, left = half_ - i;
    __global float *low = row + j / blocks * 2 * half_ + i, *high = low + half_;
    vec a = load_part(low, left, 0), b = load_part(high, left, 0);
    vec cs = load_part(c + i, left, 0), sn = sign_ * load_part(s + i, left, 0);
    store_part(a * cs - b * sn, low, left);
    store_part(b * cs + a * sn, high, left);
  }
}
