// What NVIDIA's compiler takes as inline PTX (Sources/Backend/OpenCL/Probe), one program for each
// definition. Elsewhere every program is refused, which is the answer. Names of instructions and
// the layout of fragments: PTX ISA, "Warp-level matrix instructions".

#ifdef PROBE_INSTRUCTION
// One instruction, from the table in OpenCLProbe+PTX.swift, that needs no operands.
__kernel void probe_instruction(__global float *y) {
#if PROBE_INSTRUCTION == 1
  asm volatile("wgmma.fence.sync.aligned;");
#elif PROBE_INSTRUCTION == 2
  asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
#elif PROBE_INSTRUCTION == 3
  asm volatile("cp.async.bulk.commit_group;");
#elif PROBE_INSTRUCTION == 4
  asm volatile("griddepcontrol.wait;");
#elif PROBE_INSTRUCTION == 5
  asm volatile("bar.sync 1, 32;");
#endif
  y[get_global_id(0)] = 1.0f;
}
#endif

#ifdef PROBE_SHUFFLE
// Neighbours of a warp of 32 swap their numbers.
__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void probe_shuffle(__global int *y) {
  int mine = get_local_id(0), other;
  asm volatile("shfl.sync.bfly.b32 %0, %1, 1, 31, 0xffffffff;" : "=r"(other) : "r"(mine));
  y[mine] = other;
}
#endif

#ifdef PROBE_RED
// Every work-item adds 1.
__kernel void probe_red(__global float *y) {
  asm volatile("red.global.add.f32 [%0], %1;" ::"l"(y), "f"(1.0f) : "memory");
}
#endif

#define MMA(d, a, b)                                                                            \
  asm volatile(                                                                                 \
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "                                    \
      "{%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"                                      \
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                          \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

#ifdef PROBE_MMA
#ifndef STAGE
#define STAGE 0  // 0: registers from global memory; 1: ldmatrix; 2: cp.async into local memory
#endif
#ifndef POINTER
#define POINTER 0  // a local address as 0: 64-bit operand, 1: cast to 32 bits, 2: through cvta
#endif

// y (16, 8) f32 = a (16, 16) b (16, 8), bf16; a row-major, b column-major. One warp.
__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void probe_mma(
    __global const ushort *a, __global const ushort *b, __global float *y) {
  __local ushort tile[256] __attribute__((aligned(16)));
  const int lid = get_local_id(0), group = lid / 4, pair = 2 * (lid % 4);
  uint x[4], w[2];
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
#if STAGE == 1
  for (int i = lid; i < 256; i += 32) tile[i] = a[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  __local ushort *row = tile + lid % 16 * 16 + lid / 16 * 8;
#if POINTER == 2
  uint at;
  asm volatile("{ .reg .u64 z; cvta.to.shared.u64 z, %1; cvt.u32.u64 %0, z; }"
               : "=r"(at)
               : "l"(row));
#define AT "r"(at)
#elif POINTER == 1
#define AT "r"((uint)(size_t)row)
#else
#define AT "l"(row)
#endif
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
               : AT
               : "memory");
#else
#if STAGE == 2
  __local ushort *to = tile + lid * 8;
#if POINTER == 1
#define AT "r"((uint)(size_t)to)
#else
#define AT "l"(to)
#endif
  asm volatile("cp.async.cg.shared.global [%0],[%1],16;" ::AT, "l"(a + lid * 8) : "memory");
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  barrier(CLK_LOCAL_MEM_FENCE);
  __local const ushort *from = tile;
#else
  __global const ushort *from = a;
#endif
  for (int i = 0; i < 4; i++) {
    const int at = (group + i % 2 * 8) * 16 + pair + i / 2 * 8;
    x[i] = from[at] | (uint)from[at + 1] << 16;
  }
#endif
  for (int i = 0; i < 2; i++) {
    const int at = group * 16 + pair + 8 * i;
    w[i] = b[at] | (uint)b[at + 1] << 16;
  }
  MMA(sum, x, w);
  for (int i = 0; i < 4; i++) y[(group + i / 2 * 8) * 8 + pair + i % 2] = sum[i];
}
#endif

#ifdef PROBE_MMA_PEAK
// 8 independent products of 16 x 8 x 16 a warp and round.
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void probe_mma_peak(
    __global float *y, ulong rounds) {
  uint x[4] = {0x3f803f80u + get_local_id(0), 0x3f813f80u, 0x3f803f82u, 0x3f843f80u};
  uint w[2] = {0x3c003c00u, 0x3c013c00u};
  float d[8][4];
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 4; j++) d[i][j] = i + j;
#pragma unroll 1
  for (ulong t = 0; t < rounds; t++)
#pragma unroll
    for (int i = 0; i < 8; i++) MMA(d[i], x, w);
  float sum = 0.0f;
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 4; j++) sum += d[i][j];
  y[get_global_id(0)] = sum;
}
#endif
