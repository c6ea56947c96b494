// Matrix products of bfloat16 by oneDNN's matmul primitive. Making one costs as much as a small
// product, so each thread keeps those of its last shapes.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "DNNLShim.h"
#include "calls.h"

typedef struct {
  long ta, tb, m, n, k, lda, ldb, ldc, accumulate;
} product_key;

typedef struct {
  product_key key;
  dnnl_primitive_t primitive;
  dnnl_memory_t a, b, c;
} product;

enum { KEPT = 128 };

typedef struct {
  product kept[KEPT];
  dnnl_stream_t stream;
} thread_products;

static dnnl_engine_t engine;
static pthread_key_t products_key;
static int ready;

static void drop(product *p) {
  if (p->primitive) dnnl_primitive_destroy(p->primitive);
  if (p->a) dnnl_memory_destroy(p->a);
  if (p->b) dnnl_memory_destroy(p->b);
  if (p->c) dnnl_memory_destroy(p->c);
  memset(p, 0, sizeof *p);
}

static void drop_all(void *memory) {
  thread_products *t = memory;
  for (int i = 0; i < KEPT; i++) drop(&t->kept[i]);
  dnnl_stream_destroy(t->stream);
  free(t);
}

static void start(void) {
  ready = dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
          pthread_key_create(&products_key, drop_all) == 0;
}

static thread_products *products_of_thread(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start);
  if (!ready) return NULL;
  thread_products *t = pthread_getspecific(products_key);
  if (t) return t;
  t = calloc(1, sizeof *t);
  if (!t) return NULL;
  if (dnnl_stream_create(&t->stream, engine, dnnl_stream_default_flags) != dnnl_success ||
      pthread_setspecific(products_key, t) != 0) {
    if (t->stream) dnnl_stream_destroy(t->stream);
    free(t);
    return NULL;
  }
  return t;
}

// A (rows, columns) matrix whose elements lie `row` and `column` apart.
#if DNNL_VERSION_MAJOR >= 3
static int make_primitive(product *p, const dnnl_memory_desc_t *d, dnnl_primitive_attr_t attr) {
  dnnl_primitive_desc_t pd = NULL;
  int status =
      (int)dnnl_matmul_primitive_desc_create(&pd, engine, d[0], d[1], NULL, d[2], attr);
  if (status == 0) status = (int)dnnl_primitive_create(&p->primitive, pd);
  if (pd) dnnl_primitive_desc_destroy(pd);
  dnnl_memory_t *memory[] = {&p->a, &p->b, &p->c};
  for (int i = 0; status == 0 && i < 3; i++)
    status = (int)dnnl_memory_create(memory[i], d[i], engine, DNNL_MEMORY_NONE);
  return status;
}

static int describe(
    dnnl_memory_desc_t *d, long rows, long columns, dnnl_data_type_t type, long row, long column) {
  dnnl_dims_t dims = {rows, columns}, strides = {row, column};
  return (int)dnnl_memory_desc_create_with_strides(d, 2, dims, type, strides);
}

static void forget(dnnl_memory_desc_t *d) {
  for (int i = 0; i < 3; i++)
    if (d[i]) dnnl_memory_desc_destroy(d[i]);
}

static int append_sum(dnnl_post_ops_t ops) {
  return (int)dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
}
#else
static int make_primitive(product *p, const dnnl_memory_desc_t *d, dnnl_primitive_attr_t attr) {
  dnnl_matmul_desc_t matmul;
  dnnl_primitive_desc_t pd = NULL;
  int status = (int)dnnl_matmul_desc_init(&matmul, &d[0], &d[1], NULL, &d[2]);
  if (status == 0) status = (int)dnnl_primitive_desc_create(&pd, &matmul, attr, engine, NULL);
  if (status == 0) status = (int)dnnl_primitive_create(&p->primitive, pd);
  if (pd) dnnl_primitive_desc_destroy(pd);
  dnnl_memory_t *memory[] = {&p->a, &p->b, &p->c};
  for (int i = 0; status == 0 && i < 3; i++)
    status = (int)dnnl_memory_create(memory[i], &d[i], engine, DNNL_MEMORY_NONE);
  return status;
}

static int describe(
    dnnl_memory_desc_t *d, long rows, long columns, dnnl_data_type_t type, long row, long column) {
  dnnl_dims_t dims = {rows, columns}, strides = {row, column};
  return (int)dnnl_memory_desc_init_by_strides(d, 2, dims, type, strides);
}

static void forget(dnnl_memory_desc_t *d) { (void)d; }

static int append_sum(dnnl_post_ops_t ops) { return (int)dnnl_post_ops_append_sum(ops, 1.0f); }
#endif

static int make(product *p, const product_key *q) {
  dnnl_memory_desc_t d[3];
  memset(d, 0, sizeof d);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_post_ops_t ops = NULL;
  int status = describe(
      &d[0], q->m, q->k, dnnl_bf16, q->ta ? 1 : q->lda, q->ta ? q->lda : 1);
  if (status == 0)
    status = describe(&d[1], q->k, q->n, dnnl_bf16, q->tb ? 1 : q->ldb, q->tb ? q->ldb : 1);
  if (status == 0) status = describe(&d[2], q->m, q->n, dnnl_f32, q->ldc, 1);
  if (status == 0) status = (int)dnnl_primitive_attr_create(&attr);
  if (status == 0 && q->accumulate) {
    status = (int)dnnl_post_ops_create(&ops);
    if (status == 0) status = append_sum(ops);
    if (status == 0) status = (int)dnnl_primitive_attr_set_post_ops(attr, ops);
  }
  if (status == 0) status = make_primitive(p, d, attr);
  if (ops) dnnl_post_ops_destroy(ops);
  if (attr) dnnl_primitive_attr_destroy(attr);
  forget(d);
  if (status != 0) drop(p);
  return status;
}

static int run(const product_key *key, const void *a, const void *b, float *c) {
  thread_products *t = products_of_thread();
  if (!t) return (int)dnnl_out_of_memory;
  unsigned long hash = 0;
  for (unsigned i = 0; i < sizeof *key / sizeof(long); i++)
    hash = (hash ^ (unsigned long)((const long *)key)[i]) * 0x9e3779b97f4a7c15ul;
  product *p = &t->kept[hash >> 57];
  if (!p->primitive || memcmp(&p->key, key, sizeof *key) != 0) {
    drop(p);
    int status = make(p, key);
    if (status != 0) return status;
    p->key = *key;
  }
  int status = (int)dnnl_memory_set_data_handle(p->a, (void *)a);
  if (status == 0) status = (int)dnnl_memory_set_data_handle(p->b, (void *)b);
  if (status == 0) status = (int)dnnl_memory_set_data_handle(p->c, c);
  dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_SRC, p->a}, {DNNL_ARG_WEIGHTS, p->b}, {DNNL_ARG_DST, p->c}};
  if (status == 0) status = (int)dnnl_primitive_execute(p->primitive, t->stream, 3, arguments);
  if (status == 0) status = (int)dnnl_stream_wait(t->stream);
  return status;
}

int mpo_dnnl_has_bf16(void) {
  unsigned wanted = (unsigned)dnnl_cpu_isa_avx512_core_bf16;
  return ((unsigned)dnnl_get_effective_cpu_isa() & wanted) == wanted;
}

int mpo_dnnl_bf16(
    int ta, int tb, long m, long n, long k, const void *a, long lda, const void *b, long ldb,
    int accumulate, float *c, long ldc) {
  product_key key = {ta != 0, tb != 0, m, n, k, lda, ldb, ldc, accumulate != 0};
  sigset_t before;
  mpo_dnnl_enter(&before);
  int status = run(&key, a, b, c);
  mpo_dnnl_leave(&before);
  return status;
}
