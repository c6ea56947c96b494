// Host kernels behind CPUBackend: a thread pool and one function per operation. Sizes are 64-bit;
// arrays are row-major f32 (indices int32) unless said otherwise. Functions that return int give
// nonzero when scratch memory could not be taken. Formulas stand at the definitions.
#ifndef CPUKERNELS_H
#define CPUKERNELS_H

#include <stddef.h>
#include <stdint.h>

// MARK: Thread pool (pool.c)

typedef struct mpo_pool mpo_pool;
/// Items begin..<end by `worker` in 0..<threads. Outputs must not depend on how items are cut.
typedef void (*mpo_task)(void *context, long begin, long end, int worker);

mpo_pool *mpo_pool_create(int threads);
void mpo_pool_destroy(mpo_pool *pool);
int mpo_pool_threads(const mpo_pool *pool);
/// Runs `task` over 0..<count in parts of at least `grain` items; nested calls run inline.
void mpo_pool_for(mpo_pool *pool, long count, long grain, mpo_task task, void *context);
/// Makes every worker's scratch at least `each` bytes and the shared one `shared`; contents are
/// lost. Nonzero: no memory.
int mpo_pool_reserve(mpo_pool *pool, long each, long shared);
void *mpo_pool_scratch(mpo_pool *pool, int worker);
void *mpo_pool_shared(mpo_pool *pool);

// MARK: bfloat16 (bfloat16.c)

typedef enum { MPO_F32 = 0, MPO_BF16 = 1 } mpo_type;

/// Rows of one type to contiguous rows of another: to bf16 the nearest, ties to even; with `round`
/// f32 to f32 takes the values that bf16 would have. Strides in elements.
void mpo_convert_rows(
    mpo_pool *pool, const void *x, mpo_type from, long x_stride, void *out, mpo_type to, int round,
    long rows, long columns);

// MARK: Matrix products (gemm.c)

/// Single-threaded c = alpha op(a) op(b) + beta c, row-major; nonzero when it did not run.
typedef int (*mpo_sgemm)(
    int ta, int tb, long m, long n, long k, float alpha, const float *a, long lda, const float *b,
    long ldb, float beta, float *c, long ldc);
/// The same over the pool; `sgemm` NULL takes the portable kernel.
int mpo_matmul(
    mpo_pool *pool, mpo_sgemm sgemm, int ta, int tb, long m, long n, long k, float alpha,
    const float *a, long lda, const float *b, long ldb, float beta, float *c, long ldc);

/// Single-threaded c = op(a) op(b) or += of bf16 operands with f32 sums; nonzero when it did not run.
typedef int (*mpo_half_gemm)(
    int ta, int tb, long m, long n, long k, const void *a, long lda, const void *b, long ldb,
    int accumulate, float *c, long ldc);
/// The same over the pool. Nonzero when some part did not run: c is then undefined, and where it was
/// to be added to, parts of it already are, so `half` must decline a shape before it writes.
int mpo_matmul_bf16(
    mpo_pool *pool, mpo_half_gemm half, int ta, int tb, long m, long n, long k, const void *a,
    long lda, const void *b, long ldb, int accumulate, float *c, long ldc);

/// c (M, N) = alpha a (M, K) b (N, K)^T + beta c for few rows: b is read once, as it lies (skinny.c).
/// `rounds` takes the nearest bf16 of f32 operands, with the result of a bf16 b to the bit.
int mpo_skinny(
    mpo_pool *pool, long m, long n, long k, float alpha, const void *a, mpo_type a_type, long lda,
    const void *b, mpo_type b_type, long ldb, int rounds, float beta, float *c, long ldc);
/// Whether `mpo_skinny` is the faster way for that many rows.
int mpo_skinny_suits(long m, long n, long k, mpo_type b_type);

/// Whether this processor multiplies tiles of bf16 (AMX) and the system lets this process do so.
int mpo_tiles_available(void);
/// Whether `mpo_tiles` is the faster way for a product of that size.
int mpo_tiles_suit(long m, long n, long k);
/// c = op(a) op(b) or += over the pool by matrix tiles; operands of either type (tiles.c). `rounds`
/// takes the nearest bf16 of f32 operands, else they keep all their bits. Call it only where
/// `mpo_tiles_available`. Nonzero: no memory.
int mpo_tiles(
    mpo_pool *pool, int ta, int tb, long m, long n, long k, const void *a, mpo_type a_type,
    long lda, const void *b, mpo_type b_type, long ldb, int rounds, int accumulate, float *c,
    long ldc);

// MARK: Elementwise (elementwise.c, bias.c, dropout.c)

void mpo_add(mpo_pool *pool, const float *a, const float *b, float *out, long n);
void mpo_interpolate(mpo_pool *pool, float *x, const float *y, float t, long n);
void mpo_fill(mpo_pool *pool, float *x, float value, long n);
void mpo_soft_cap(mpo_pool *pool, float *x, float cap, long n);
void mpo_copy_rows(
    mpo_pool *pool, const void *source, long source_stride, void *destination,
    long destination_stride, long rows, long width);
void mpo_add_row(mpo_pool *pool, const float *row, float *x, long stride, long n, long m);
void mpo_sum_rows(mpo_pool *pool, const float *x, long stride, float *out, long n, long m);
void mpo_dropout(
    mpo_pool *pool, const float *x, float rate, uint64_t seed, uint32_t stream, float *out, long n);

// MARK: Rows (embedding.c)

void mpo_gather_rows(mpo_pool *pool, const float *x, const int *rows, float *out, long m, long c);
void mpo_scatter_rows(
    mpo_pool *pool, const float *d_out, const int *rows, float *dx, long m, long c);
void mpo_embedding(
    mpo_pool *pool, const int *ids, const void *table, mpo_type type, float scale, int accumulate,
    float *out, long n, long c);
void mpo_embedding_backward(
    mpo_pool *pool, const int *ids, const float *d_out, float scale, float *d_table, long n,
    long c);

// MARK: Feed-forward (activation.c)

typedef enum { MPO_SILU = 0, MPO_GELU_TANH = 1, MPO_GELU = 2 } mpo_activation;

void mpo_gated_unit(
    mpo_pool *pool, const float *gate_up, mpo_activation activation, float *out, long n, long f);
void mpo_gated_unit_backward(
    mpo_pool *pool, const float *d_out, const float *gate_up, mpo_activation activation,
    float *d_gate_up, long n, long f);
void mpo_activate(
    mpo_pool *pool, const float *x, mpo_activation activation, float *out, long n);
void mpo_activate_backward(
    mpo_pool *pool, const float *d_out, const float *x, mpo_activation activation, float *dx,
    long n);

// MARK: Norm and position (norm.c, head_norm.c, layer_norm.c, rotary.c)

typedef struct {
  long heads, groups, width;  // H, G, D
  long window;                // positions that one sees; 0: all before it
  float scale;
  float softcap;  // of scores; 0: none
} mpo_heads;

typedef struct {
  float epsilon, weight_offset;
} mpo_rms_settings;

void mpo_rms_norm(
    mpo_pool *pool, float *x, const float *add, const float *weight, mpo_rms_settings settings,
    float *out, float *r, long n, long c);
void mpo_rms_norm_backward(
    mpo_pool *pool, const float *d_out, const float *x, const float *weight,
    mpo_rms_settings settings, const float *r, float *dx, int accumulate, float *d_weight, long n,
    long c);
void mpo_head_norm(
    mpo_pool *pool, const float *qkv, const float *query_weight, const float *key_weight,
    mpo_heads h, mpo_rms_settings settings, float *out, float *r, long n);
void mpo_head_norm_backward(
    mpo_pool *pool, const float *d_out, const float *qkv, const float *query_weight,
    const float *key_weight, mpo_heads h, mpo_rms_settings settings, const float *r, float *d_qkv,
    float *d_query_weight, float *d_key_weight, long n);
void mpo_layer_norm(
    mpo_pool *pool, const float *x, const float *weight, const float *bias, float epsilon,
    float *out, float *statistics, long n, long c);
void mpo_layer_norm_backward(
    mpo_pool *pool, const float *d_out, const float *x, const float *weight,
    const float *statistics, float *dx, int accumulate, float *d_weight, float *d_bias, long n,
    long c);
int mpo_norm(mpo_pool *pool, const float *x, long n, float *out);
void mpo_rotary(
    mpo_pool *pool, float *x, const int *positions, const float *cosine, const float *sine, long n,
    long width, long heads, long d, int inverse);

// MARK: Attention (attention.c, decode.c)

int mpo_attention(
    mpo_pool *pool, const float *qkv, const int *sequences, long s, mpo_heads shape,
    float *out, float *lse);
int mpo_attention_backward(
    mpo_pool *pool, const float *d_out, const float *qkv, const float *out, const float *lse,
    const int *sequences, long s, mpo_heads shape, float *d_qkv);
void mpo_append_kv(
    mpo_pool *pool, const float *qkv, const int *entries, long m, mpo_heads shape, float *keys,
    float *values);
int mpo_attention_decode(
    mpo_pool *pool, const float *qkv, const float *keys, const float *values, const int *runs,
    long b, long longest, mpo_heads shape, float *out);

// MARK: Vocabulary rows (softmax.c, loss.c, sampling.c)

typedef struct {
  float softcap, scale;
} mpo_transform;

void mpo_softmax(mpo_pool *pool, const float *logits, float scale, float *out, long n, long v);
int mpo_gather_log_prob(
    mpo_pool *pool, const float *logits, const int *targets, mpo_transform transform, float *out,
    long n, long v);
int mpo_log_ratio(
    mpo_pool *pool, const float *policy, const float *old, const float *magnet, const int *targets,
    mpo_transform transform, float *out, long stride, long n, long v);
int mpo_cross_entropy(
    mpo_pool *pool, float *logits, const int *targets, const float *weights,
    mpo_transform transform, float *nll, int gradient, long n, long v);

typedef struct {
  float alpha, eta, clip;
  mpo_transform transform;
} mpo_loss_settings;

int mpo_magnetic_loss(
    mpo_pool *pool, float *policy, const float *old, const float *magnet, const int *targets,
    const float *advantages, const float *weights, mpo_loss_settings settings, float *components,
    long stride, int gradient, long n, long v);
void mpo_kl_to_go(
    mpo_pool *pool, const float *advantages, const float *kl_magnet, const float *kl_old,
    const int *sequences, float alpha, float eta, float *out, long s);

typedef struct {
  float temperature, top_p, min_p;
  long top_k;
  uint64_t seed;
  uint32_t stream, index;
} mpo_sampling_settings;

int mpo_sample(
    mpo_pool *pool, const float *logits, const int *rows, mpo_sampling_settings settings,
    int *tokens, float *log_probs, long b, long v);

// MARK: Games and optimizer (games.c, optimizer.c)

typedef struct {
  double eta, alpha;
  long steps, sync_steps, first_step;
} mpo_update_settings;

/// Arrays of float, or of double when `is_double`.
int mpo_magnetic_update(
    mpo_pool *pool, int is_double, void *log_policy, void *log_magnet, const void *payoff,
    mpo_update_settings settings, long b, long n);

typedef struct {
  float learning_rate, beta1, beta2, epsilon, weight_decay, max_norm;
  long step;
} mpo_adamw_settings;

void mpo_adamw(
    mpo_pool *pool, float *p, const float *g, float *m, float *v, long n, const float *norm,
    mpo_adamw_settings settings);

/// The processor's name, zero-terminated.
void mpo_cpu_name(char name[64]);

// MARK: For tests

/// The vector exp and tanh of these kernels over n elements.
void mpo_exp_array(const float *x, float *out, long n);
void mpo_exp_double_array(const double *x, double *out, long n);
void mpo_tanh_array(const float *x, float *out, long n);

#endif
