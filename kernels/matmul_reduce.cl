// c = scale sum over slices of partial (+ c): ends a product whose depth was split. The slices are
// added in their order, so a result depends on nothing but their number.

// partial (slices, M, N). Groups as EACH in the prelude says, over rows of c.
KERNEL void matmul_reduce(
    __global const float *partial, ulong partialOffset, __global float *c, ulong cOffset,
    ulong cStride, ulong M, ulong N, ulong slices, float scale, uint accumulate) {
  const ulong row = ROW(N);
  __global const float *from = partial + partialOffset + row * N;
  __global float *to = c + cOffset + row * cStride;
  const ulong first = get_group_id(0) % BLOCKS(N) * BLOCK, end = min(N, first + BLOCK);
  for (ulong i = first + get_local_id(0); i < end; i += WG) {
    float sum = from[i];
    for (ulong s = 1; s < slices; s++) sum += from[s * M * N + i];
    to[i] = accumulate ? to[i] + scale * sum : scale * sum;
  }
}
