// oneDNN's matrix product behind a signature that both of its major versions have.
#ifndef DNNLSHIM_H
#define DNNLSHIM_H

/// Row-major c = alpha op(a) op(b) + beta c on the calling thread alone; op transposes when its flag
/// is nonzero. op(a): (m, k), op(b): (k, n). Returns oneDNN's status, 0 on success.
int mpo_dnnl_sgemm(
    int ta, int tb, long m, long n, long k, float alpha, const float *a, long lda, const float *b,
    long ldb, float beta, float *c, long ldc);

#endif
