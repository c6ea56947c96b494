// oneDNN's matrix products behind signatures that serve both of its major versions.
#ifndef DNNLSHIM_H
#define DNNLSHIM_H

/// Row-major c = alpha op(a) op(b) + beta c on the calling thread alone; op transposes when its flag
/// is nonzero. op(a): (m, k), op(b): (k, n). Returns oneDNN's status, 0 on success.
int mpo_dnnl_sgemm(
    int ta, int tb, long m, long n, long k, float alpha, const float *a, long lda, const float *b,
    long ldb, float beta, float *c, long ldc);

/// Whether this CPU multiplies bfloat16 itself (AVX-512 BF16 or AMX), so that products of it are
/// worth their conversion.
int mpo_dnnl_has_bf16(void);

/// The same product, c = op(a) op(b) or += when `accumulate` is nonzero, of bfloat16 operands with f32
/// sums and c. Returns oneDNN's status, 0 on success.
int mpo_dnnl_bf16(
    int ta, int tb, long m, long n, long k, const void *a, long lda, const void *b, long ldb,
    int accumulate, float *c, long ldc);

#endif
