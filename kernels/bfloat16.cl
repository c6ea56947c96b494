// bfloat16 is the upper half of an f32, kept as ushort: no device needs half arithmetic for it.
// Groups as EACH in the prelude says.

KERNEL void narrow(
    __global const float *x, ulong xOffset, ulong xStride, __global ushort *out, ulong outOffset,
    ulong outStride, ulong columns) {
  __global const float *a = x + xOffset + ROW(columns) * xStride;
  __global ushort *o = out + outOffset + ROW(columns) * outStride;
  ulong first = get_group_id(0) % BLOCKS(columns) * BLOCK;
  ulong end = min(columns, first + BLOCK);
  for (ulong i = first + get_local_id(0); i < end; i += WG) o[i] = to_bfloat16(a[i]);
}

KERNEL void widen(
    __global const ushort *x, ulong xOffset, ulong xStride, __global float *out, ulong outOffset,
    ulong outStride, ulong columns) {
  __global const ushort *a = x + xOffset + ROW(columns) * xStride;
  __global float *o = out + outOffset + ROW(columns) * outStride;
  ulong first = get_group_id(0) % BLOCKS(columns) * BLOCK;
  ulong end = min(columns, first + BLOCK);
  for (ulong i = first + get_local_id(0); i < end; i += WG) o[i] = from_bfloat16(a[i]);
}
