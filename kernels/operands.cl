// How products read op(a) and op(b): A_KIND and B_KIND are 0 for f32, 1 for bf16, 2 for f32 that is
// rounded to bf16. Values are f32 whatever the kind.

#ifndef A_KIND
#define A_KIND 0
#endif
#ifndef B_KIND
#define B_KIND 0
#endif

// x rounded to the nearest bf16, ties to even, as f32 (to_bfloat16 in vectors).
#define ROUNDED(T, U)                                                                         \
  static inline T rounded_##T(T x) {                                                          \
    const U bits = as_##U(x), nearest = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;     \
    return as_##T(                                                                            \
        select(nearest, bits | 0x400000u, (bits & 0x7fffffffu) > (U)(0x7f800000u)));            \
  }
ROUNDED(float, uint)
ROUNDED(float4, uint4)
ROUNDED(float16, uint16)

static inline float16 wide16(__global const ushort *p) {
  return as_float16(convert_uint16(vload16(0, p)) << 16);
}

#if VW == 1
#define ROUNDED_VEC rounded_float
#define WIDE_VEC(p) from_bfloat16(*(p))
#elif VW == 4
#define ROUNDED_VEC rounded_float4
#define WIDE_VEC(p) as_float4(convert_uint4(vload4(0, p)) << 16)
#else
#define ROUNDED_VEC rounded_float16
#define WIDE_VEC(p) wide16(p)
#endif

// As load_part, of bf16.
static inline vec wide_part(__global const ushort *p, ulong left) {
#if VW > 1
  if (left < VW) {
    float tail[VW];
    for (int i = 0; i < VW; i++) tail[i] = i < (int)left ? from_bfloat16(p[i]) : 0.0f;
    return VLOAD(tail);
  }
#endif
  return WIDE_VEC(p);
}

#if A_KIND == 1
typedef ushort a_element;
#define A_VALUE(x) from_bfloat16(x)
#define A_PART(p, left) wide_part(p, left)
#elif A_KIND == 2
typedef float a_element;
#define A_VALUE(x) rounded_float(x)
#define A_PART(p, left) ROUNDED_VEC(load_part(p, left, 0))
#else
typedef float a_element;
#define A_VALUE(x) (x)
#define A_PART(p, left) load_part(p, left, 0)
#endif

#if B_KIND == 1
typedef ushort b_element;
#define B_VALUE(x) from_bfloat16(x)
#define B_PART(p, left) wide_part(p, left)
#define B_LOAD16(p) wide16(p)
#elif B_KIND == 2
typedef float b_element;
#define B_VALUE(x) rounded_float(x)
#define B_PART(p, left) ROUNDED_VEC(load_part(p, left, 0))
#define B_LOAD16(p) rounded_float16(vload16(0, p))
#else
typedef float b_element;
#define B_VALUE(x) (x)
#define B_PART(p, left) load_part(p, left, 0)
#define B_LOAD16(p) vload16(0, p)
#endif
