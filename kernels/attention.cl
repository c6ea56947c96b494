// Causal grouped-query attention over packed sequences, flash style (Dao et al., 2022): tiles of
// queries and keys in local memory and an online softmax, so no (T, T) array exists. The adjoint is
// two kernels that own what they write (dQ by query tile, dK and dV by key tile) and so needs no
// atomics and gives the same bits every time.
//
// qkv rows: [q heads | k heads | v heads], width (H + 2G) D. Query head h reads
// key head h / (H / G). Token i sees token j of its sequence when 0 <= i - j < window (the host
// passes a window beyond any length for none); tiles outside are never read.

#ifndef D
#define D 64  // head width
#endif
#ifndef TQ
#define TQ 16  // queries in a tile; multiple of RB
#endif
#ifndef TK
#define TK 32  // keys in a tile; multiple of RB and VW
#endif
#ifndef RB
#define RB 4  // rows that a work-item handles at once, so that one load feeds RB products
#endif

#ifndef CAPPED
#define CAPPED 0  // 1: scores have a soft cap
#endif

#define DV ((D + VW - 1) / VW)  // vectors in a head; lanes behind D are zero
#define LD (DV + 1)             // vectors from row to row of a tile: odd, against bank conflicts

static inline void tile_load(
    __local vec *tile, int size, __global const float *from, ulong stride, ulong valid) {
  for (int i = get_local_id(0); i < size * DV; i += WG) {
    int r = i / DV, d = i % DV;
    tile[r * LD + d] =
        (ulong)r < valid ? load_part(from + r * stride + d * VW, D - d * VW, 0) : (vec)(0.0f);
  }
}

static inline void tile_clear(__local vec *tile, int size) {
  for (int i = get_local_id(0); i < size * LD; i += WG) tile[i] = (vec)(0.0f);
}

// out[a, b] = row a of x . row b of y.
static inline void tile_dot(
    __local float *out, __local const vec *x, int rowsX, __local const vec *y, int rowsY) {
  for (int i = get_local_id(0); i < rowsX / RB * rowsY; i += WG) {
    int a = i / rowsY * RB, b = i % rowsY;
    vec sum[RB];
    for (int j = 0; j < RB; j++) sum[j] = (vec)(0.0f);
    for (int d = 0; d < DV; d++) {
      vec v = y[b * LD + d];
      for (int j = 0; j < RB; j++) sum[j] += x[(a + j) * LD + d] * v;
    }
    for (int j = 0; j < RB; j++) out[(a + j) * rowsY + b] = vec_sum(sum[j]);
  }
}

// acc[a] += sum over b < rowsY of m[a * strideA + b * strideB] * y[b].
static inline void tile_add(
    __local vec *acc, int rows, __local const float *m, int strideA, int strideB,
    __local const vec *y, int rowsY) {
  for (int i = get_local_id(0); i < rows / RB * DV; i += WG) {
    int a = i / DV * RB, d = i % DV;
    vec sum[RB];
    for (int j = 0; j < RB; j++) sum[j] = acc[(a + j) * LD + d];
    for (int b = 0; b < rowsY; b++) {
      vec v = y[b * LD + d];
      for (int j = 0; j < RB; j++) sum[j] += m[(a + j) * strideA + b * strideB] * v;
    }
    for (int j = 0; j < RB; j++) acc[(a + j) * LD + d] = sum[j];
  }
}

static inline void tile_store(
    __global float *to, ulong stride, ulong valid, __local const vec *tile, int size) {
  for (int i = get_local_id(0); i < size * DV; i += WG) {
    int r = i / DV, d = i % DV;
    if ((ulong)r < valid) store_part(tile[r * LD + d], to + r * stride + d * VW, D - d * VW);
  }
}

#define SYNC barrier(CLK_LOCAL_MEM_FENCE)

// First key that a tile of queries from q0 on sees.
static inline ulong first_key(ulong start, ulong q0, ulong window) {
  return q0 - start < window ? start : q0 + 1 - window;
}
#define SEES(query, key) ((key) <= (query) && (query) - (key) < window)

#ifdef FORWARD
// Groups (ceil(longest / TQ), H, S).
KERNEL void attention(
    __global const float *qkv, ulong qkvOffset, ulong qkvStride, __global const int *sequences,
    ulong sequencesOffset, __global float *out, ulong outOffset, ulong outStride,
    __global float *logSumExp, ulong lseOffset, ulong lseStride, ulong heads, ulong keyValueHeads,
    float scale, ulong window, float cap, __local float *s) {
  __local vec q[TQ * LD], kv[TK * LD], o[TQ * LD];
  __local float top[TQ], sum[TQ], shrink[TQ];
  const ulong start = (ulong)sequences[sequencesOffset + get_group_id(2)];
  const ulong end = (ulong)sequences[sequencesOffset + get_group_id(2) + 1];
  const ulong q0 = start + get_group_id(0) * TQ;
  if (q0 >= end) return;
  const ulong h = get_group_id(1), g = h / (heads / keyValueHeads);
  const ulong rows = min((ulong)TQ, end - q0), last = q0 + rows;
  const int lid = get_local_id(0);
  __global const float *x = qkv + qkvOffset;
  __global const float *k = x + (heads + g) * D, *v = k + keyValueHeads * D;
  tile_load(q, TQ, x + q0 * qkvStride + h * D, qkvStride, rows);
  tile_clear(o, TQ);
  for (int r = lid; r < TQ; r += WG) {
    top[r] = LOW;
    sum[r] = 0;
  }
  for (ulong k0 = first_key(start, q0, window); k0 < last; k0 += TK) {
    const int keys = (int)min((ulong)TK, last - k0);
    SYNC;
    tile_load(kv, TK, k + k0 * qkvStride, qkvStride, keys);
    SYNC;
    tile_dot(s, q, TQ, kv, TK);
    SYNC;
    tile_load(kv, TK, v + k0 * qkvStride, qkvStride, keys);
#if CAPPED
    for (int i = lid * VW; i < TQ * TK; i += WG * VW)
      VSTORE(cap * tanh(VLOAD(s + i) * scale / cap), s + i);
    SYNC;
#endif
    for (int r = lid; r < TQ; r += WG) {
      // LOW is finite: a row that sees nothing of the tile adds exp(-inf - LOW) = 0 for each key.
      float high = top[r];
      for (int b = 0; b < TK; b++) {
        float z = CAPPED ? s[r * TK + b] : s[r * TK + b] * scale;
        if (b >= keys || !SEES(q0 + r, k0 + b)) z = -INFINITY;
        s[r * TK + b] = z;
        high = fmax(high, z);
      }
      shrink[r] = exp(top[r] - high);
      top[r] = high;
    }
    SYNC;
    for (int i = lid * VW; i < TQ * TK; i += WG * VW)
      VSTORE(exp(VLOAD(s + i) - top[i / TK]), s + i);
    for (int i = lid; i < TQ * DV; i += WG) o[i / DV * LD + i % DV] *= shrink[i / DV];
    SYNC;
    for (int r = lid; r < TQ; r += WG) {
      float total = 0;
      for (int b = 0; b < keys; b++) total += s[r * TK + b];
      sum[r] = sum[r] * shrink[r] + total;
    }
    tile_add(o, TQ, s, TK, 1, kv, keys);
  }
  SYNC;
  for (int i = lid; i < TQ * DV; i += WG) o[i / DV * LD + i % DV] *= 1.0f / sum[i / DV];
  for (int r = lid; r < (int)rows; r += WG)
    logSumExp[lseOffset + (q0 + r) * lseStride + h] = top[r] + log(sum[r]);
  SYNC;
  tile_store(out + outOffset + q0 * outStride + h * D, outStride, rows, o, TQ);
}
#endif

#ifdef DELTA
// delta[n, h] = dOut . out: what the softmax's adjoint subtracts. Groups (N).
KERNEL void attention_delta(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *out,
    ulong outOffset, ulong outStride, __global float *delta, ulong deltaOffset, ulong heads) {
  const ulong n = get_group_id(0);
  for (ulong h = get_local_id(0); h < heads; h += WG) {
    __global const float *a = dOut + dOutOffset + n * dOutStride + h * D;
    __global const float *b = out + outOffset + n * outStride + h * D;
    vec sum = (vec)(0.0f);
    for (int d = 0; d < D; d += VW) sum += load_part(a + d, D - d, 0) * load_part(b + d, D - d, 0);
    delta[deltaOffset + n * heads + h] = vec_sum(sum);
  }
}
#endif

// s becomes p = exp(z - lse), z the scaled and capped score, where the key is visible and 0
// elsewhere; dp becomes scale * p * (dp - delta) * (cap's slope), the gradient of the raw scores.
static inline void tile_softmax_backward(
    __local float *s, __local float *dp, ulong q0, ulong queries, ulong k0, ulong keys,
    __global const float *lse, ulong lseStride, __global const float *delta, ulong deltaStride,
    float scale, ulong window, float cap) {
  for (int i = get_local_id(0); i < TQ * TK; i += WG) {
    int a = i / TK, b = i % TK;
    float p = 0, d = 0;
    if ((ulong)a < queries && (ulong)b < keys && SEES(q0 + a, k0 + b)) {
      float z = s[i] * scale, slope = scale;
#if CAPPED
      const float t = tanh(z / cap);
      z = cap * t;
      slope *= (1.0f - t) * (1.0f + t);
#endif
      p = exp(z - lse[(q0 + a) * lseStride]);
      d = slope * p * (dp[i] - delta[(q0 + a) * deltaStride]);
    }
    s[i] = p;
    dp[i] = d;
  }
}

#ifdef BACKWARD_Q
// dQ by query tiles. Groups (ceil(longest / TQ), H, S).
KERNEL void attention_backward_q(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *qkv,
    ulong qkvOffset, ulong qkvStride, __global const float *logSumExp, ulong lseOffset,
    ulong lseStride, __global const float *delta, ulong deltaOffset, __global const int *sequences,
    ulong sequencesOffset, __global float *dQKV, ulong dQKVOffset, ulong dQKVStride, ulong heads,
    ulong keyValueHeads, float scale, ulong window, float cap, __local float *s) {
  __local vec q[TQ * LD], dO[TQ * LD], dQ[TQ * LD], kt[TK * LD], vt[TK * LD];
  __local float dp[TQ * TK];
  const ulong start = (ulong)sequences[sequencesOffset + get_group_id(2)];
  const ulong end = (ulong)sequences[sequencesOffset + get_group_id(2) + 1];
  const ulong q0 = start + get_group_id(0) * TQ;
  if (q0 >= end) return;
  const ulong h = get_group_id(1), g = h / (heads / keyValueHeads);
  const ulong rows = min((ulong)TQ, end - q0), last = q0 + rows;
  __global const float *x = qkv + qkvOffset;
  __global const float *k = x + (heads + g) * D, *v = k + keyValueHeads * D;
  tile_load(q, TQ, x + q0 * qkvStride + h * D, qkvStride, rows);
  tile_load(dO, TQ, dOut + dOutOffset + q0 * dOutStride + h * D, dOutStride, rows);
  tile_clear(dQ, TQ);
  for (ulong k0 = first_key(start, q0, window); k0 < last; k0 += TK) {
    const ulong keys = min((ulong)TK, last - k0);
    SYNC;
    tile_load(kt, TK, k + k0 * qkvStride, qkvStride, keys);
    tile_load(vt, TK, v + k0 * qkvStride, qkvStride, keys);
    SYNC;
    tile_dot(s, q, TQ, kt, TK);
    tile_dot(dp, dO, TQ, vt, TK);
    SYNC;
    tile_softmax_backward(
        s, dp, q0, rows, k0, keys, logSumExp + lseOffset + h, lseStride, delta + deltaOffset + h,
        heads, scale, window, cap);
    SYNC;
    tile_add(dQ, TQ, dp, TK, 1, kt, (int)keys);
  }
  SYNC;
  tile_store(dQKV + dQKVOffset + q0 * dQKVStride + h * D, dQKVStride, rows, dQ, TQ);
}
#endif

#ifdef BACKWARD_KV
// dK and dV by key tiles, over all query heads of the group. Groups (ceil(longest / TK), G, S).
KERNEL void attention_backward_kv(
    __global const float *dOut, ulong dOutOffset, ulong dOutStride, __global const float *qkv,
    ulong qkvOffset, ulong qkvStride, __global const float *logSumExp, ulong lseOffset,
    ulong lseStride, __global const float *delta, ulong deltaOffset, __global const int *sequences,
    ulong sequencesOffset, __global float *dQKV, ulong dQKVOffset, ulong dQKVStride, ulong heads,
    ulong keyValueHeads, float scale, ulong window, float cap, __local float *s) {
  __local vec kt[TK * LD], vt[TK * LD], dK[TK * LD], dV[TK * LD], q[TQ * LD], dO[TQ * LD];
  __local float dp[TQ * TK];
  const ulong start = (ulong)sequences[sequencesOffset + get_group_id(2)];
  const ulong end = (ulong)sequences[sequencesOffset + get_group_id(2) + 1];
  const ulong k0 = start + get_group_id(0) * TK;
  if (k0 >= end) return;
  const ulong g = get_group_id(1), each = heads / keyValueHeads;
  const ulong keys = min((ulong)TK, end - k0);
  __global const float *x = qkv + qkvOffset;
  const ulong kColumn = (heads + g) * D, vColumn = kColumn + keyValueHeads * D;
  tile_load(kt, TK, x + k0 * qkvStride + kColumn, qkvStride, keys);
  tile_load(vt, TK, x + k0 * qkvStride + vColumn, qkvStride, keys);
  // Behind it no query sees the last key of this tile.
  const ulong lastQuery = min(end, k0 + keys - 1 + window);
  tile_clear(dK, TK);
  tile_clear(dV, TK);
  for (ulong h = g * each; h < (g + 1) * each; h++) {
    for (ulong q0 = k0; q0 < lastQuery; q0 += TQ) {
      const ulong rows = min((ulong)TQ, end - q0);
      SYNC;
      tile_load(q, TQ, x + q0 * qkvStride + h * D, qkvStride, rows);
      tile_load(dO, TQ, dOut + dOutOffset + q0 * dOutStride + h * D, dOutStride, rows);
      SYNC;
      tile_dot(s, q, TQ, kt, TK);
      tile_dot(dp, dO, TQ, vt, TK);
      SYNC;
      tile_softmax_backward(
          s, dp, q0, rows, k0, keys, logSumExp + lseOffset + h, lseStride, delta + deltaOffset + h,
          heads, scale, window, cap);
      SYNC;
      tile_add(dV, TK, s, 1, TK, dO, (int)rows);
      tile_add(dK, TK, dp, 1, TK, q, (int)rows);
    }
  }
  SYNC;
  __global float *to = dQKV + dQKVOffset + k0 * dQKVStride;
  tile_store(to + kColumn, dQKVStride, keys, dK, TK);
  tile_store(to + vColumn, dQKVStride, keys, dV, TK);
}
#endif
