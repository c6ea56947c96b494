// Attention of one new token per row against two runs of the cache, its prompt's and its own, and the
// append that fills the cache. keys and values: (entries, G, D).

#ifndef D
#define D 64  // head width
#endif
#ifndef TILE
#define TILE 64  // cache entries between two updates of the running softmax
#endif

#ifndef CAPPED
#define CAPPED 0  // 1: scores have a soft cap
#endif

#define DV ((D + VW - 1) / VW)
// Work-items left over by the vectors of a head share the keys, each with a sum of its own.
#define PARTS (WG / DV > 0 ? WG / DV : 1)

// Row m of qkv's k and v parts goes to entries[m]. Groups (M).
KERNEL void append_kv(
    __global const float *qkv, ulong qkvOffset, ulong qkvStride, __global const int *entries,
    ulong entriesOffset, __global float *keys, ulong keysOffset, __global float *values,
    ulong valuesOffset, ulong heads, ulong keyValueHeads) {
  const ulong m = get_group_id(0), width = keyValueHeads * D;
  __global const float *k = qkv + qkvOffset + m * qkvStride + heads * D;
  const ulong to = (ulong)entries[entriesOffset + m] * width;
  for (ulong i = (ulong)get_local_id(0) * VW; i < width; i += WG * VW) {
    ulong left = width - i;
    store_part(load_part(k + i, left, 0), keys + keysOffset + to + i, left);
    store_part(load_part(k + width + i, left, 0), values + valuesOffset + to + i, left);
  }
}

// Groups (B, H).
KERNEL void attention_decode(
    __global const float *qkv, ulong qkvOffset, ulong qkvStride, __global const float *keys,
    ulong keysOffset, __global const float *values, ulong valuesOffset, __global const int *runs,
    ulong runsOffset, __global float *out, ulong outOffset, ulong outStride, ulong heads,
    ulong keyValueHeads, float scale, float cap, __local float *scratch) {
  __local float p[TILE];
  __local vec q[DV], acc[PARTS * DV];
  const ulong b = get_group_id(0), h = get_group_id(1), g = h / (heads / keyValueHeads);
  __global const int *run = runs + runsOffset + 4 * b;
  const ulong shared = (ulong)run[1], length = shared + (ulong)run[3], width = keyValueHeads * D;
  __global const float *from = qkv + qkvOffset + b * qkvStride + h * D;
  const int lid = get_local_id(0);
  for (int d = lid; d < DV; d += WG) q[d] = load_part(from + d * VW, D - d * VW, 0);
  for (int i = lid; i < PARTS * DV; i += WG) acc[i] = (vec)(0.0f);
  float top = LOW, sum = 0;
  int count;
  for (ulong t0 = 0; t0 < length; t0 += count) {
    // A tile ends with its run.
    const ulong entry = t0 < shared ? (ulong)run[0] + t0 : (ulong)run[2] + (t0 - shared);
    count = (int)min((ulong)TILE, (t0 < shared ? shared : length) - t0);
    __global const float *k = keys + keysOffset + entry * width + g * D;
    __global const float *v = values + valuesOffset + entry * width + g * D;
    barrier(CLK_LOCAL_MEM_FENCE);
    float high = LOW;
    for (int t = lid; t < count; t += WG) {
      __global const float *key = k + t * width;
      vec dot_ = (vec)(0.0f);
      for (int d = 0; d < DV; d++) dot_ += q[d] * load_part(key + d * VW, D - d * VW, 0);
      p[t] = vec_sum(dot_) * scale;
#if CAPPED
      p[t] = cap * tanh(p[t] / cap);
#endif
      high = fmax(high, p[t]);
    }
    high = fmax(top, group_max(high, scratch));
    float total = 0;
    for (int t = lid; t < count; t += WG) {
      p[t] = exp(p[t] - high);
      total += p[t];
    }
    const float shrink = exp(top - high);
    sum = sum * shrink + group_sum(total, scratch);
    top = high;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = lid; i < PARTS * DV; i += WG) {
      const int d = i % DV;
      vec a = acc[i] * shrink;
      for (int t = i / DV; t < count; t += PARTS)
        a += p[t] * load_part(v + t * width + d * VW, D - d * VW, 0);
      acc[i] = a;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  __global float *o = out + outOffset + b * outStride + h * D;
  for (int d = lid; d < DV; d += WG) {
    vec a = acc[d];
    for (int part = 1; part < PARTS; part++) a += acc[part * DV + d];
    store_part(a * (1.0f / sum), o + d * VW, D - d * VW);
  }
}
