// A row added to every row, and sums over rows in two stages of fixed order, without atomics: slices
// of the rows first, to have work for every compute unit, then the slices. The second stage also
// ends the gradients of the norms' weights.

// x[n] += row. Groups (N ceil(M / BLOCK)).
KERNEL void add_row(
    __global const float *row, ulong rowOffset, __global float *x, ulong xOffset, ulong xStride,
    ulong columns) {
  __global const float *a = row + rowOffset;
  __global float *o = x + xOffset + ROW(columns) * xStride;
  for (EACH(i, columns)) {
    ulong left = columns - i;
    store_part(load_part(o + i, left, 0) + load_part(a + i, left, 0), o + i, left);
  }
}

// partial[s, c] = sum of x over slice s of the rows. Groups (ceil(M / (WG VW)), slices).
KERNEL void sum_rows_partial(
    __global const float *x, ulong xOffset, ulong xStride, __global float *partial,
    ulong partialOffset, ulong rows, ulong columns, ulong sliceRows) {
  const ulong i = (ulong)get_global_id(0) * VW;
  if (i >= columns) return;
  const ulong left = columns - i, slice = get_group_id(1);
  const ulong end = min(rows, (slice + 1) * sliceRows);
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong n = slice * sliceRows; n < end; n++)
    KAHAN(sum, low, load_part(x + xOffset + n * xStride + i, left, 0));
  store_part(sum, partial + partialOffset + slice * columns + i, left);
}

// out[c] += sum over slices, in order. Groups (ceil(C / (WG VW))).
KERNEL void sum_slices(
    __global const float *partial, ulong partialOffset, ulong slices, __global float *out,
    ulong outOffset, ulong columns) {
  const ulong i = (ulong)get_global_id(0) * VW;
  if (i >= columns) return;
  const ulong left = columns - i;
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong s = 0; s < slices; s++)
    KAHAN(sum, low, load_part(partial + partialOffset + s * columns + i, left, 0));
  __global float *o = out + outOffset + i;
  store_part(load_part(o, left, 0) + sum, o, left);
}
