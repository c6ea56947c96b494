// Tensor-core and asynchronous-copy instructions of NVIDIA devices (compute capability 8.0 on) as
// inline PTX, named after the PTX ISA. Nothing here knows of tiles.

#if !defined(__NV_CL_C_VERSION) && !defined(__NVPTX__)
#error "inline PTX needs a compiler for NVIDIA devices"
#endif

// Sums and fragments are registers only when every loop over them is unrolled.
#define UNROLL _Pragma("unroll")

// Addresses of shared memory fit 32 bits.
#define SHARED(p) ((uint)(size_t)(p))

// Four 8 x 8 matrices of b16: matrix i has its rows at the addresses of lanes 8 i to 8 i + 7.
static inline uint4 ldmatrix_x4(__local const ushort *row, __local ulong *spare) {
  uint a, b, c, d;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "r"(SHARED(row))
               : "memory");
  return (uint4)(a, b, c, d);
}

// The same, each matrix transposed.
static inline uint4 ldmatrix_x4_trans(__local const ushort *row, __local ulong *spare) {
  uint a, b, c, d;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "r"(SHARED(row))
               : "memory");
  return (uint4)(a, b, c, d);
}

// c (16, 8) += a (16, 16) b (16, 8).
static inline void mma_bf16_16x8x16(uint4 a, uint2 b, float *c, __local ulong *spare) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y));
}

static inline void cp_async_16(__local ushort *to, __global const ushort *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(SHARED(to)), "l"(from)
               : "memory");
}
#define cp_async_commit() asm volatile("cp.async.commit_group;" ::: "memory")
#define cp_async_wait(n) asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory")

static inline uint cvt_rn_bf16x2(float low, float high) {
  uint pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}
