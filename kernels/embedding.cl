// Rows chosen by index. One work-group per row of the index list: groups (N).

// out[n] = x[rows[n]]: the embedding lookup and the gather of response positions.
KERNEL void gather_rows(
    __global const int *rows, ulong rowsOffset, __global const float *x, ulong xOffset,
    ulong xStride, __global float *out, ulong outOffset, ulong outStride, ulong columns) {
  const ulong n = get_group_id(0);
  __global const float *from = x + xOffset + (ulong)rows[rowsOffset + n] * xStride;
  __global float *to = out + outOffset + n * outStride;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW)
    store_part(load_part(from + i, columns - i, 0), to + i, columns - i);
}

// dX[rows[n]] += dOut[n]. The rows are distinct, so no two work-groups share one.
KERNEL void scatter_rows(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const int *rows,
    ulong rowsOffset, __global float *dX, ulong dXOffset, ulong dXStride, ulong columns) {
  const ulong n = get_group_id(0);
  __global const float *from = dOut + dOutOffset + n * dOutStride;
  __global float *to = dX + dXOffset + (ulong)rows[rowsOffset + n] * dXStride;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    store_part(load_part(to + i, left, 0) + load_part(from + i, left, 0), to + i, left);
  }
}

// dTable[ids[n]] += dOut[n] where ids repeat: the work-group of an id's first occurrence adds all
// of them in order and the others leave: no atomics, and the same sum every time.
KERNEL void embedding_backward(
    __global const int *ids, ulong idsOffset, ulong count, __global const float *dOut,
    ulong dOutOffset, ulong dOutStride, __global float *dTable, ulong dTableOffset,
    ulong dTableStride, ulong columns, __local float *scratch) {
  __global const int *id = ids + idsOffset;
  const ulong n = get_group_id(0);
  const int mine = id[n];
  float seen = 0;
  for (ulong m = get_local_id(0); m < n; m += WG) seen = id[m] == mine ? 1.0f : seen;
  if (group_max(seen, scratch) > 0) return;
  __global const float *from = dOut + dOutOffset;
  __global float *to = dTable + dTableOffset + (ulong)mine * dTableStride;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec sum = load_part(to + i, left, 0);
    for (ulong m = n; m < count; m++)
      if (id[m] == mine) sum += load_part(from + m * dOutStride + i, left, 0);
    store_part(sum, to + i, left);
  }
}
