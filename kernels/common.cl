// Prelude of every kernel program: work-group reductions, short vectors, compensated sums, Philox.
// A work-group of WG work-items strides over a row in vectors of VW floats, so one source serves a
// GPU (WG = 256, VW = 1 or 4) and a CPU device, where barriers are dear and vectors are wide
// (WG = 1, VW = 16). No power of two is assumed of WG, and no size is narrower than 64 bits.

#ifndef WG
#define WG 64  // work-items in a work-group
#endif
#ifndef VW
#define VW 1  // floats in a vector: 1, 4 or 16
#endif
#ifndef BLOCK
#define BLOCK 4096  // elements that a work-group of an elementwise kernel covers; multiple of VW
#endif

// Elementwise kernels over (rows, columns): a work-group covers BLOCK columns of one row, groups
// (rows * ceil(columns / BLOCK)) in one dimension, since the others are short on some devices. The
// host passes a contiguous tensor as one row.
#define BLOCKS(columns) (((columns) + BLOCK - 1) / BLOCK)
#define ROW(columns) (get_group_id(0) / BLOCKS(columns))
#define EACH(i, columns)                                                                    \
  ulong first_ = get_group_id(0) % BLOCKS(columns) * BLOCK, i = first_ + get_local_id(0) * VW, \
        end_ = min((ulong)(columns), first_ + BLOCK);                                       \
  i < end_;                                                                                 \
  i += WG * VW

#define KERNEL __kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
#define LOW (-FLT_MAX)  // starts a running maximum: finite, so that LOW - LOW is no NaN

#if VW == 1
typedef float vec;
typedef int ivec;
#define ANY(c) (c)
#define VLOAD(p) (*(p))
#define VSTORE(v, p) (*(p) = (v))
static inline float vec_sum(vec v) { return v; }
static inline float vec_max(vec v) { return v; }
static inline ivec lanes(int first) { return first; }
#elif VW == 4
typedef float4 vec;
typedef int4 ivec;
#define ANY(c) any(c)
#define VLOAD(p) vload4(0, p)
#define VSTORE(v, p) vstore4(v, 0, p)
static inline float vec_sum(vec v) { return (v.x + v.y) + (v.z + v.w); }
static inline float vec_max(vec v) { return fmax(fmax(v.x, v.y), fmax(v.z, v.w)); }
static inline ivec lanes(int first) { return first + (int4)(0, 1, 2, 3); }
#elif VW == 16
typedef float16 vec;
typedef int16 ivec;
#define ANY(c) any(c)
#define VLOAD(p) vload16(0, p)
#define VSTORE(v, p) vstore16(v, 0, p)
static inline float vec_sum(vec v) {
  float8 a = v.lo + v.hi;
  float4 b = a.lo + a.hi;
  return (b.x + b.y) + (b.z + b.w);
}
static inline float vec_max(vec v) {
  float8 a = fmax(v.lo, v.hi);
  float4 b = fmax(a.lo, a.hi);
  return fmax(fmax(b.x, b.y), fmax(b.z, b.w));
}
static inline ivec lanes(int first) {
  return first + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
#else
#error "VW must be 1, 4 or 16"
#endif

// The next VW elements of a row of which `left` remain; lanes behind its end hold `rest`.
static inline vec load_part(__global const float *p, ulong left, float rest) {
#if VW > 1
  if (left < VW) {
    float tail[VW];
    for (int i = 0; i < VW; i++) tail[i] = i < (int)left ? p[i] : rest;
    return VLOAD(tail);
  }
#endif
  return VLOAD(p);
}

static inline void store_part(vec v, __global float *p, ulong left) {
#if VW > 1
  if (left < VW) {
    float tail[VW];
    VSTORE(v, tail);
    for (int i = 0; i < (int)left; i++) p[i] = tail[i];
    return;
  }
#endif
  VSTORE(v, p);
}

// Kahan: the compensation keeps sums over a vocabulary exact to a few ulps. OpenCL compilers may
// not reassociate without -cl-fast-relaxed-math, which is never given. An infinite sum has no
// compensation: inf - inf would make it NaN.
#define KAHAN(sum, low, term)                                                   \
  do {                                                                          \
    vec term_ = (term)-low;                                                     \
    vec next_ = sum + term_;                                                    \
    low = select((next_ - sum) - term_, (vec)(0.0f), isinf(next_));             \
    sum = next_;                                                                \
  } while (0)
#define KAHAN1(sum, low, term)                                                  \
  do {                                                                          \
    float term_ = (term)-low;                                                   \
    float next_ = sum + term_;                                                  \
    low = isinf(next_) ? 0.0f : (next_ - sum) - term_;                          \
    sum = next_;                                                                \
  } while (0)

// Reductions over the work-group in a fixed order; every work-item gets the result. `scratch` has
// WG floats and may be used again at once. All work-items must call them.
//
// Every kernel with local memory takes some of it as an argument: PoCL 3.1 leaves the arrays of a
// kernel that declares all of them inside in one static block, which its threads then share.
static inline float group_sum(float x, __local float *scratch) {
#if WG == 1
  return x;
#else
  const int lid = get_local_id(0);
  scratch[lid] = x;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int n = WG; n > 1;) {
    int half_ = (n + 1) / 2;
    if (lid < n - half_) scratch[lid] += scratch[lid + half_];
    barrier(CLK_LOCAL_MEM_FENCE);
    n = half_;
  }
  float r = scratch[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return r;
#endif
}

static inline float group_max(float x, __local float *scratch) {
#if WG == 1
  return x;
#else
  const int lid = get_local_id(0);
  scratch[lid] = x;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int n = WG; n > 1;) {
    int half_ = (n + 1) / 2;
    if (lid < n - half_) scratch[lid] = fmax(scratch[lid], scratch[lid + half_]);
    barrier(CLK_LOCAL_MEM_FENCE);
    n = half_;
  }
  float r = scratch[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return r;
#endif
}

// What happens to logits before a softmax (LogitTransform): soft cap when `cap` > 0, then scale.
static inline vec transform_logits(vec x, float cap, float scale) {
  return cap > 0 ? cap * tanh(x / cap) * scale : x * scale;
}
static inline float transform_logit(float x, float cap, float scale) {
  return cap > 0 ? cap * tanh(x / cap) * scale : x * scale;
}
// d transform / d x.
static inline vec transform_slope(vec x, float cap, float scale) {
  if (cap > 0) {
    vec t = tanh(x / cap);
    return (1.0f - t * t) * scale;
  }
  return (vec)(scale);
}

// Transformed logits of the next lanes; lanes behind the row's end are -infinity, which no soft cap
// may lift.
static inline vec load_logits(__global const float *p, ulong left, float cap, float scale) {
  vec z = transform_logits(load_part(p, left, -INFINITY), cap, scale);
#if VW > 1
  if (left < VW) z = select(z, (vec)(-INFINITY), lanes(0) >= (ivec)((int)left));
#endif
  return z;
}

// One work-item's share of sum exp(z), online: the running maximum of each lane and the compensated
// sum relative to it, so the row is read once.
typedef struct {
  vec top, sum, low;
} Partition;

static inline void partition_start(Partition *p) {
  p->top = (vec)(LOW);
  p->sum = (vec)(0.0f);
  p->low = (vec)(0.0f);
}

static inline void partition_add(Partition *p, vec z) {
  vec top = fmax(p->top, z);
  if (ANY(top > p->top)) {
    vec shrink = exp(p->top - top);
    p->sum *= shrink;
    p->low *= shrink;
    p->top = top;
  }
  KAHAN(p->sum, p->low, exp(z - top));
}

// (maximum, log of the sum relative to it) of the whole row. log p = (z - .x) - .y keeps digits
// that z - (.x + .y) would lose.
static inline float2 partition_end(Partition *p, __local float *scratch) {
  float top = group_max(vec_max(p->top), scratch);
  float sum = group_sum(vec_sum(p->sum * exp(p->top - top)), scratch);
  return (float2)(top, log(sum));
}

static inline float2 row_partition(
    __global const float *row, ulong columns, float cap, float scale, __local float *scratch) {
  Partition p;
  partition_start(&p);
  for (ulong i = (ulong)get_local_id(0) * VW; i < columns; i += WG * VW)
    partition_add(&p, load_logits(row + i, columns - i, cap, scale));
  return partition_end(&p, scratch);
}

// bfloat16 is the upper half of an f32, kept as ushort. The nearest, ties to even; a NaN keeps its
// sign and upper bits and is made quiet.
static inline ushort to_bfloat16(float x) {
  const uint bits = as_uint(x), rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  return (ushort)((bits & 0x7fffffffu) > 0x7f800000u ? bits >> 16 | 0x40u : rounded);
}
static inline float from_bfloat16(ushort x) { return as_float((uint)x << 16); }

// Philox4x32-10, word 0, as Philox.swift has it.
static inline uint philox(uint k0, uint k1, uint c0, uint c1, uint c2, uint c3) {
  for (int round_ = 0; round_ < 10; round_++) {
    uint high0 = mul_hi(c0, 0xD2511F53u), low0 = c0 * 0xD2511F53u;
    uint high1 = mul_hi(c2, 0xCD9E8D57u), low1 = c2 * 0xCD9E8D57u;
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c0;
}
