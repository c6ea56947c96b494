// What the processor does at best, measured: products and sums fed from memory of a given size.
#ifndef CLIMITS_H
#define CLIMITS_H

/// `rounds` times s += a[i] * w over `count` elements (a multiple of 256), as whole vectors in 16
/// sums: the arithmetic of `rounds` matrix-vector products without anything else. Returns a sum, so
/// that nothing is left out.
double limit_feed_f32(const float *a, long count, long rounds);
double limit_feed_f64(const double *a, long count, long rounds);

/// `rounds` rounds of f32 fused multiply-adds that stay in registers, with the widest vectors of this
/// processor. Returns the FLOPs done (a multiply-add is two); `sum` keeps the result alive.
double limit_fma_f32(long rounds, double *sum);
/// The same with bf16 dot products summed in f32 (AVX-512 BF16); 0 where the processor has none.
double limit_dot_bf16(long rounds, double *sum);
/// The same with matrix tiles of bf16 summed in f32 (AMX); 0 where the processor has none.
double limit_tile_bf16(long rounds, double *sum);

#endif
