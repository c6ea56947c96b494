// Matrix instructions of AMD devices by the compiler's builtins: mfma on CDNA (gfx90a on, waves of
// 64), wmma on RDNA 3 (waves of 32). One of the two compiles on a device.

#if !defined(__AMDGCN__)
#error "matrix builtins need a compiler for AMD devices"
#endif

#define UNROLL _Pragma("unroll")

// c (16, 16) += a (16, 16) b (16, 16).
#if FRAGMENT_LANES == 64
static inline float4 mfma_f32_16x16x16_bf16(short4 a, short4 b, float4 c, __local ulong *spare) {
  return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(a, b, c, 0, 0, 0);
}
#else
static inline float8 wmma_f32_16x16x16_bf16(short16 a, short16 b, float8 c, __local ulong *spare) {
  return __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(a, b, c);
}
#endif
