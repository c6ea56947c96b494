// Elementwise operations over (rows, columns) with row strides. Groups as EACH in the prelude says.

KERNEL void fill(
    __global float *out, ulong outOffset, ulong outStride, ulong columns, uint bits) {
  __global float *o = out + outOffset + ROW(columns) * outStride;
  vec v = (vec)(as_float(bits));
  for (EACH(i, columns)) store_part(v, o + i, columns - i);
}

// Moves 32-bit words whatever they mean: a load and a store keep every bit pattern.
KERNEL void copy(
    __global const uint *x, ulong xOffset, ulong xStride, __global uint *out, ulong outOffset,
    ulong outStride, ulong columns) {
  __global const uint *a = x + xOffset + ROW(columns) * xStride;
  __global uint *o = out + outOffset + ROW(columns) * outStride;
  ulong first = get_group_id(0) % BLOCKS(columns) * BLOCK;
  ulong end = min(columns, first + BLOCK);
  for (ulong i = first + get_local_id(0); i < end; i += WG) o[i] = a[i];
}

// The same for 16-bit elements.
KERNEL void copy16(
    __global const ushort *x, ulong xOffset, ulong xStride, __global ushort *out, ulong outOffset,
    ulong outStride, ulong columns) {
  __global const ushort *a = x + xOffset + ROW(columns) * xStride;
  __global ushort *o = out + outOffset + ROW(columns) * outStride;
  ulong first = get_group_id(0) % BLOCKS(columns) * BLOCK;
  ulong end = min(columns, first + BLOCK);
  for (ulong i = first + get_local_id(0); i < end; i += WG) o[i] = a[i];
}

KERNEL void add(
    __global const float *x, ulong xOffset, ulong xStride, __global const float *y, ulong yOffset,
    ulong yStride, __global float *out, ulong outOffset, ulong outStride, ulong columns) {
  __global const float *a = x + xOffset + ROW(columns) * xStride;
  __global const float *b = y + yOffset + ROW(columns) * yStride;
  __global float *o = out + outOffset + ROW(columns) * outStride;
  for (EACH(i, columns)) {
    ulong left = columns - i;
    store_part(load_part(a + i, left, 0) + load_part(b + i, left, 0), o + i, left);
  }
}

// x = (1 - t) x + t y.
KERNEL void interpolate(
    __global float *x, ulong xOffset, ulong xStride, __global const float *y, ulong yOffset,
    ulong yStride, ulong columns, float t) {
  __global float *a = x + xOffset + ROW(columns) * xStride;
  __global const float *b = y + yOffset + ROW(columns) * yStride;
  for (EACH(i, columns)) {
    ulong left = columns - i;
    vec v = (1.0f - t) * load_part(a + i, left, 0) + t * load_part(b + i, left, 0);
    store_part(v, a + i, left);
  }
}
