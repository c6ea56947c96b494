// What a device can do (Sources/Backend/OpenCL/Probe). Every kernel is a program of its own, chosen
// by a definition, so that what one device refuses says nothing of the rest. Stands alone: the
// prelude common.cl is not needed.

#ifndef LANES
#define LANES 4  // floats of a vector: 4 or 16
#endif
#if LANES == 16
typedef float16 lanes_t;
#else
typedef float4 lanes_t;
#endif

#ifdef PROBE_COPY
// Groups of any size over count vectors.
__kernel void probe_copy(__global const lanes_t *x, __global lanes_t *y, ulong count) {
  const ulong i = get_global_id(0);
  if (i < count) y[i] = x[i];
}
#endif

#ifdef PROBE_FMA
// 8 independent chains hide the latency of a multiply-add: 2 * 8 * LANES operations a round.
__kernel void probe_fma(__global float *y, ulong rounds) {
  lanes_t s[8];
  for (int i = 0; i < 8; i++) s[i] = (lanes_t)(get_global_id(0) * 1e-9f + i);
  for (ulong t = 0; t < rounds; t++)
#pragma unroll
    for (int i = 0; i < 8; i++) s[i] = fma(s[i], (lanes_t)(0.9999f), (lanes_t)(0.5f));
  const lanes_t sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  y[get_global_id(0)] = sum.x + sum.y + sum.z + sum.w;
}
#endif

#ifdef PROBE_LAUNCH
__kernel void probe_launch(__global float *y) {
  if (get_global_id(0) == 0) y[0] += 1.0f;
}
#endif

#ifdef PROBE_HALF
// Some drivers compute in half without offering the extension.
#ifndef cl_khr_fp16
#define cl_khr_fp16 1
#endif
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
__kernel void probe_half(__global half2 *x) {
  const size_t i = get_global_id(0);
  x[i] = fma(x[i], x[i], (half2)(1.0f));
}
#endif

#ifdef PROBE_LOCAL
// y = the last items of 0..<count, last first, through count ints of local memory.
__kernel void probe_local(__global int *y, __local int *s, int count) {
  const int lid = get_local_id(0), size = get_local_size(0);
  for (int i = lid; i < count; i += size) s[i] = i;
  barrier(CLK_LOCAL_MEM_FENCE);
  y[lid] = s[count - 1 - lid];
}
#endif

#ifdef PROBE_EMPTY
__kernel void probe_empty(__global float *y) { y[get_global_id(0)] = 1.0f; }
#endif
