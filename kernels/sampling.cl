// One token per row: softmax, thresholds, inverse transform. One work-group per row: groups (B).

// Sum of p over {p >= t}, and how many.
static inline float kept_mass(
    __global const float *p, ulong columns, float t, __local float *scratch) {
  vec sum = (vec)(0.0f), low = (vec)(0.0f);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    vec x = load_part(p + i, columns - i, 0);
    KAHAN(sum, low, select((vec)(0.0f), x, x >= (vec)(t)));
  }
  return group_sum(vec_sum(sum), scratch);
}

static inline float kept_count(
    __global const float *p, ulong columns, float t, __local float *scratch) {
  vec sum = (vec)(0.0f);  // exact: a vocabulary is below 2^24
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW) {
    vec x = load_part(p + i, columns - i, -1.0f);
    sum += select((vec)(0.0f), (vec)(1.0f), x >= (vec)(t));
  }
  return group_sum(vec_sum(sum), scratch);
}

// The largest float t with mass (or count) of {p >= t} at least `need`, exactly: positive floats
// order as their bits do, so 31 halvings of the bit range find it without a sort, ties included.
static inline float threshold(
    __global const float *p, ulong columns, float top, bool mass, float need,
    __local float *scratch) {
  uint lo = 0, hi = as_uint(top) + 1;
  while (hi - lo > 1) {
    uint mid = lo + (hi - lo) / 2;
    float t = as_float(mid);
    float have = mass ? kept_mass(p, columns, t, scratch) : kept_count(p, columns, t, scratch);
    if (have >= need) lo = mid;
    else hi = mid;
  }
  return as_float(lo);
}

KERNEL void sample(
    __global const float *logits, ulong logitsOffset, ulong logitsStride, __global const int *rows,
    ulong rowsOffset, __global int *tokens, ulong tokensOffset, __global float *logProbs,
    ulong logProbsOffset, __global float *probabilities, ulong probabilitiesOffset, ulong columns,
    float scale, ulong topK, float topP, float minP, uint greedy, uint seedLow, uint seedHigh,
    uint stream, uint index, __local float *scratch) {
  const ulong n = get_group_id(0);
  const ulong lid = get_local_id(0);
  __global const float *row = logits + logitsOffset + n * logitsStride;
  __global float *p = probabilities + probabilitiesOffset + n * columns;
  const float2 z = row_partition(row, columns, 0, scale, scratch);
  // The token's index, exact in a float as a vocabulary is below 2^24; LOW in all work-items but
  // the one that finds it.
  float found = LOW;

  if (greedy) {
    // Lowest index among the maxima, negated until the maximum over work-items is taken.
    for (ulong i = lid; i < columns && found == LOW; i += WG)
      if (row[i] * scale == z.x) found = -(float)i;
    found = -group_max(found, scratch);
  } else {
    for (ulong i = lid * VW; i < columns; i += WG * VW) {
      ulong left = columns - i;
      store_part(exp((scale * load_part(row + i, left, 0) - z.x) - z.y), p + i, left);
    }
    barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
    float top = exp(-z.y), least = minP > 0 ? minP * top : 0.0f;
    if (topK > 0 && topK < columns)
      least = fmax(least, threshold(p, columns, top, false, (float)topK, scratch));
    if (topP < 1) least = fmax(least, threshold(p, columns, top, true, topP, scratch));

    // Work-items own contiguous runs, so that index order is run order.
    const ulong run = (columns + WG - 1) / WG;
    const ulong lo = min(columns, lid * run), hi = min(columns, lo + run);
    float sum = 0, low = 0;
    for (ulong i = lo; i < hi; i++)
      if (p[i] >= least && p[i] > 0) KAHAN1(sum, low, p[i]);
    scratch[lid] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    float total = 0, base = 0;
    for (ulong i = 0; i < WG; i++) {
      if (i == lid) base = total;
      total += scratch[i];
    }
    const uint bits = philox(seedLow, seedHigh, index, (uint)rows[rowsOffset + n], stream, 1);
    const float u = (float)(bits >> 8) * 0x1p-24f;
    // Rounding may lift u * total to total, behind the last token.
    const float target = fmin(u * total, nextafter(total, 0.0f));
    barrier(CLK_LOCAL_MEM_FENCE);
    if (base <= target && target < base + sum) {
      sum = 0;
      low = 0;
      for (ulong i = lo; i < hi && found == LOW; i++) {
        if (p[i] >= least && p[i] > 0) {
          KAHAN1(sum, low, p[i]);
          if (base + sum > target) found = (float)i;
        }
      }
    }
    found = group_max(found, scratch);
  }
  if (lid == 0) {
    // Only NaN logits leave no token found; index 0 then keeps the output in range.
    const ulong chosen = found >= 0 && found < columns ? (ulong)found : 0;
    tokens[tokensOffset + n] = (int)chosen;
    logProbs[logProbsOffset + n] = (scale * row[chosen] - z.x) - z.y;
  }
}
