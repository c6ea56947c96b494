// Elementwise operations over (rows, columns) with row strides. Groups as EACH in the prelude says.

KERNEL void fill(
    __global float *out, ulong outOffset, ulong outStride, ulong columns, uint bits) {
  __global float *o = out + outOffset + ROW(columns) * outStride;
  vec v = (vec)(as_float(bits));
  for (EACH(i, columns)) store_part(v, o + i, columns - i);
}

// out[i] = value of x[i]; name, types of x and out, value. A load and a store keep every bit pattern.
#define MOVE(name, from, to, value)                                                            \
  KERNEL void name(                                                                           \
      __global const from *x, ulong xOffset, ulong xStride, __global to *out, ulong outOffset,  \
      ulong outStride, ulong columns) {                                                       \
    __global const from *a = x + xOffset + ROW(columns) * xStride;                            \
    __global to *o = out + outOffset + ROW(columns) * outStride;                              \
    ulong first = get_group_id(0) % BLOCKS(columns) * BLOCK;                                  \
    ulong end = min(columns, first + BLOCK);                                                  \
    for (ulong i = first + get_local_id(0); i < end; i += WG) o[i] = value(a[i]);             \
  }
#define SAME(x) (x)

MOVE(copy, uint, uint, SAME)
MOVE(copy16, ushort, ushort, SAME)
MOVE(narrow, float, ushort, to_bfloat16)
MOVE(widen, ushort, float, from_bfloat16)

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

// x = cap tanh(x / cap).
KERNEL void soft_cap(__global float *x, ulong xOffset, ulong xStride, ulong columns, float cap) {
  __global float *a = x + xOffset + ROW(columns) * xStride;
  for (EACH(i, columns)) {
    ulong left = columns - i;
    store_part(cap * tanh(load_part(a + i, left, 0) / cap), a + i, left);
  }
}
