// Rows chosen by index. One work-group per row of the index list: groups (N).

#ifndef HALF_TABLE
#define HALF_TABLE 0  // 1: the embedding's table is bfloat16
#endif
#if HALF_TABLE
typedef ushort entry;
// As load_part, of a row of bfloat16.
static inline vec load_entries(__global const entry *p, ulong left) {
  float part[VW];
  for (int i = 0; i < VW; i++) part[i] = (ulong)i < left ? from_bfloat16(p[i]) : 0.0f;
  return VLOAD(part);
}
#else
typedef float entry;
static inline vec load_entries(__global const entry *p, ulong left) { return load_part(p, left, 0); }
#endif

// out[n] (= | +=) scale * table[ids[n]].
KERNEL void embedding(
    __global const int *ids, ulong idsOffset, __global const entry *table, ulong tableOffset,
    ulong tableStride, __global float *out, ulong outOffset, ulong outStride, ulong columns,
    float scale, uint accumulate) {
  const ulong n = get_group_id(0);
  __global const entry *from = table + tableOffset + (ulong)ids[idsOffset + n] * tableStride;
  __global float *to = out + outOffset + n * outStride;
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    ulong left = columns - i;
    vec v = scale * load_entries(from + i, left);
    if (accumulate) v += load_part(to + i, left, 0);
    store_part(v, to + i, left);
  }
}

// out[n] = x[rows[n]]: the gather of response positions.
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

// dTable[ids[n]] += scale * dOut[n] where ids repeat: the work-group of an id's first occurrence adds all
// of them in order and the others leave: no atomics, and the same sum every time.
KERNEL void embedding_backward(
    __global const int *ids, ulong idsOffset, ulong count, __global const float *dOut,
    ulong dOutOffset, ulong dOutStride, __global float *dTable, ulong dTableOffset,
    ulong dTableStride, ulong columns, float scale, __local float *scratch) {
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
      if (id[m] == mine) sum += scale * load_part(from + m * dOutStride + i, left, 0);
    store_part(sum, to + i, left);
  }
}
