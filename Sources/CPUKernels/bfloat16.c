// Rows between f32 and bfloat16 (the upper half of an f32, kept as uint16).
#include "kernels.h"

typedef struct {
  const char *x;
  char *out;
  mpo_type from, to;
  long x_stride, columns, unit, units;
  int round;
} convert_args;

// One vectorised loop for each pair of types; `round` makes f32 to f32 go by way of bfloat16.
MPO_CLONES void mpo_convert_row(
    const void *x, mpo_type from, void *out, mpo_type to, long n, int round) {
  if (from == MPO_BF16 && to == MPO_BF16) {
    memcpy(out, x, (size_t)n * 2);
  } else if (from == MPO_BF16) {
    const uint16_t *a = x;
    uint32_t *o = out;
    for (long j = 0; j < n; j++) o[j] = (uint32_t)a[j] << 16;
  } else if (to == MPO_BF16) {
    const uint32_t *a = x;
    uint16_t *o = out;
    for (long j = 0; j < n; j++) o[j] = (uint16_t)(mpo_round_bf16(a[j]) >> 16);
  } else if (round) {
    const uint32_t *a = x;
    uint32_t *o = out;
    for (long j = 0; j < n; j++) o[j] = mpo_round_bf16(a[j]);
  } else {
    memcpy(out, x, (size_t)n * 4);
  }
}

static long size_of(mpo_type type) { return type == MPO_BF16 ? 2 : 4; }

static void convert_task(void *context, long begin, long end, int worker) {
  (void)worker;
  convert_args s = *(convert_args *)context;
  for (long i = begin; i < end; i++) {
    long row = i / s.units, first = i % s.units * s.unit;
    mpo_convert_row(
        s.x + (row * s.x_stride + first) * size_of(s.from), s.from,
        s.out + (row * s.columns + first) * size_of(s.to), s.to,
        mpo_min(s.unit, s.columns - first), s.round);
  }
}

// out (rows, columns) contiguous; strides in elements.
void mpo_convert_rows(
    mpo_pool *pool, const void *x, mpo_type from, long x_stride, void *out, mpo_type to, int round,
    long rows, long columns) {
  if (rows == 0 || columns == 0) return;
  long unit = 16384;
  long units = (columns + unit - 1) / unit;
  convert_args args = {x, out, from, to, x_stride, columns, unit, units, round};
  mpo_pool_for(pool, rows * args.units, mpo_grain(mpo_min(unit, columns)), convert_task, &args);
}
