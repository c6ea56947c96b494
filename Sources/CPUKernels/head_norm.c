// RMS norm of the query and key heads inside packed rows [q | k | v], and its adjoint. N rows, H
// query heads, G key/value heads, D head width, W = (H + 2G) D.
#include "norm_rows.h"

typedef struct {
  const float *d_out, *qkv, *weight[2], *r;
  float *out, *r_out, *d_weight[2];
  long n;
  mpo_heads h;
  mpo_rms_settings settings;
} head_norm_args;

MPO_CLONES static void head_norm_task(void *context, long begin, long end, int worker) {
  (void)worker;
  head_norm_args s = *(head_norm_args *)context;
  long d = s.h.width, normed = s.h.heads + s.h.groups, w = (normed + s.h.groups) * d;
  for (long n = begin; n < end; n++) {
    const float *x = s.qkv + n * w;
    float *out = s.out + n * w;
    for (long h = 0; h < normed; h++)
      s.r_out[n * normed + h] =
          norm_row(x + h * d, s.weight[h >= s.h.heads], s.settings, out + h * d, d);
    memcpy(out + normed * d, x + normed * d, (size_t)(s.h.groups * d) * sizeof(float));
  }
}

// out (N, W), r (N, H + G); value heads are copied
void mpo_head_norm(
    mpo_pool *pool, const float *qkv, const float *query_weight, const float *key_weight,
    mpo_heads h, mpo_rms_settings settings, float *out, float *r, long n) {
  head_norm_args args = {.qkv = qkv, .weight = {query_weight, key_weight}, .out = out,
                         .r_out = r, .n = n, .h = h, .settings = settings};
  mpo_pool_for(pool, n, mpo_grain((h.heads + 2 * h.groups) * h.width), head_norm_task, &args);
}

MPO_CLONES static void head_norm_dx_task(void *context, long begin, long end, int worker) {
  (void)worker;
  head_norm_args s = *(head_norm_args *)context;
  long d = s.h.width, normed = s.h.heads + s.h.groups, w = (normed + s.h.groups) * d;
  for (long n = begin; n < end; n++) {
    const float *x = s.qkv + n * w, *g = s.d_out + n * w;
    float *out = s.out + n * w;
    for (long h = 0; h < normed; h++)
      norm_row_backward(g + h * d, x + h * d, s.weight[h >= s.h.heads], s.settings.weight_offset,
                        s.r[n * normed + h], out + h * d, 0, d);
    memcpy(out + normed * d, g + normed * d, (size_t)(s.h.groups * d) * sizeof(float));
  }
}

// An item is a block of columns of one of the two weights; rows, then heads, add in order.
MPO_CLONES static void head_norm_dw_task(void *context, long begin, long end, int worker) {
  (void)worker;
  head_norm_args s = *(head_norm_args *)context;
  long d = s.h.width, normed = s.h.heads + s.h.groups, w = (normed + s.h.groups) * d;
  long blocks = (d + NORM_COLUMNS - 1) / NORM_COLUMNS;
  for (long item = begin; item < end; item++) {
    int keys = item >= blocks;
    long first = item % blocks * NORM_COLUMNS, width = mpo_min(NORM_COLUMNS, d - first);
    if (!s.d_weight[keys]) continue;
    long from = keys ? s.h.heads : 0, to = keys ? normed : s.h.heads;
    double sum[NORM_COLUMNS] = {0};
    for (long n = 0; n < s.n; n++)
      for (long h = from; h < to; h++) {
        long at = n * w + h * d + first;
        norm_weight_row(s.d_out + at, s.qkv + at, s.r[n * normed + h], width, sum);
      }
    for (long j = 0; j < width; j++) s.d_weight[keys][first + j] += (float)sum[j];
  }
}

// d_qkv (N, W) is overwritten; the gradients of the weights (D) accumulate, NULL leaves one out
void mpo_head_norm_backward(
    mpo_pool *pool, const float *d_out, const float *qkv, const float *query_weight,
    const float *key_weight, mpo_heads h, mpo_rms_settings settings, const float *r, float *d_qkv,
    float *d_query_weight, float *d_key_weight, long n) {
  head_norm_args args = {.d_out = d_out, .qkv = qkv, .weight = {query_weight, key_weight}, .r = r,
                         .out = d_qkv, .d_weight = {d_query_weight, d_key_weight}, .n = n, .h = h,
                         .settings = settings};
  if (d_query_weight || d_key_weight)
    mpo_pool_for(pool, 2 * ((h.width + NORM_COLUMNS - 1) / NORM_COLUMNS),
                 mpo_grain(n * h.heads * NORM_COLUMNS), head_norm_dw_task, &args);
  mpo_pool_for(pool, n, mpo_grain((h.heads + 2 * h.groups) * h.width), head_norm_dx_task, &args);
}
