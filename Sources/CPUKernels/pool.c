// A thread pool with one primitive, a parallel for. The caller is a worker too, and does everything
// itself when the others do not wake in time, so a small job never waits for the scheduler.
//
// A job is cut into parts, claimed from one atomic ticket (generation << 32 | parts << 16 | next).
// A worker that read an older ticket fails its compare-and-swap, so nobody has to check in, and the
// job's fields stay as they are until the last part of its generation is finished.
// Which thread takes a part varies: tasks write disjoint outputs that do not depend on the cut.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "CPUKernels.h"

typedef struct {
  void *memory;
  size_t bytes;
} scratch;

struct mpo_pool {
  int threads;
  pthread_t *workers;
  scratch *scratch;  // threads + 1: the last belongs to the caller of an operation
  pthread_mutex_t mutex;
  pthread_cond_t wake, done;
  _Atomic uint64_t ticket;
  _Atomic long remaining;
  _Atomic int sleepers, waiting, stop;
  _Atomic(mpo_task) task;
  _Atomic(void *) context;
  _Atomic long count;
};

typedef struct {
  mpo_pool *pool;
  int index;
} start_info;

// Nested calls run inline on the worker that makes them.
static _Thread_local int inside = -1;

// About 50 us on x86: longer than the gap between two operations, shorter than a time slice.
enum { SPINS = 1000 };

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Claims and runs parts of the job now published, until none is left.
static void work(mpo_pool *pool, int worker) {
  uint64_t ticket = atomic_load(&pool->ticket);
  for (;;) {
    mpo_task task = atomic_load_explicit(&pool->task, memory_order_relaxed);
    void *context = atomic_load_explicit(&pool->context, memory_order_relaxed);
    long count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    long parts = (long)(ticket >> 16 & 0xffff), part = (long)(ticket & 0xffff);
    if (part >= parts) return;
    if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
    long base = count / parts, extra = count % parts;
    long begin = part * base + (part < extra ? part : extra);
    inside = worker;
    task(context, begin, begin + base + (part < extra), worker);
    inside = -1;
    if (atomic_fetch_sub(&pool->remaining, 1) == 1 && atomic_load(&pool->waiting)) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->done);
      pthread_mutex_unlock(&pool->mutex);
    }
    ticket = atomic_load(&pool->ticket);
  }
}

static void *worker_main(void *argument) {
  start_info info = *(start_info *)argument;
  free(argument);
  mpo_pool *pool = info.pool;
  uint64_t seen = 0;
  for (;;) {
    int spins = 0;
    while (atomic_load(&pool->ticket) >> 32 == seen && !atomic_load(&pool->stop)) {
      if (spins++ < SPINS) {
        relax();
        continue;
      }
      pthread_mutex_lock(&pool->mutex);
      atomic_fetch_add(&pool->sleepers, 1);
      while (atomic_load(&pool->ticket) >> 32 == seen && !atomic_load(&pool->stop))
        pthread_cond_wait(&pool->wake, &pool->mutex);
      atomic_fetch_sub(&pool->sleepers, 1);
      pthread_mutex_unlock(&pool->mutex);
    }
    if (atomic_load(&pool->stop)) return NULL;
    seen = atomic_load(&pool->ticket) >> 32;
    work(pool, info.index);
  }
}

mpo_pool *mpo_pool_create(int threads) {
  if (threads < 1) threads = 1;
  if (threads > 4096) threads = 4096;  // 4 parts each must fit 16 bits
  mpo_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->workers = calloc((size_t)threads, sizeof *pool->workers);
  pool->scratch = calloc((size_t)threads + 1, sizeof *pool->scratch);
  if (!pool->workers || !pool->scratch) {
    free(pool->workers);
    free(pool->scratch);
    free(pool);
    return NULL;
  }
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->done, NULL);
  pool->threads = 1;
  for (int i = 1; i < threads; i++) {
    start_info *info = malloc(sizeof *info);
    if (!info) break;
    *info = (start_info){pool, i};
    if (pthread_create(&pool->workers[i], NULL, worker_main, info)) {
      free(info);
      break;
    }
    pool->threads = i + 1;
  }
  return pool;
}

void mpo_pool_destroy(mpo_pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->stop, 1);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->workers[i], NULL);
  for (int i = 0; i <= pool->threads; i++) free(pool->scratch[i].memory);
  pthread_cond_destroy(&pool->wake);
  pthread_cond_destroy(&pool->done);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->scratch);
  free(pool->workers);
  free(pool);
}

int mpo_pool_threads(const mpo_pool *pool) { return pool->threads; }

// Large scratch on pages of 2 MiB where the system has them.
static void *large_pages(size_t bytes) {
  enum { HUGE_PAGE = 2 << 20 };
  if (bytes < HUGE_PAGE / 2) return aligned_alloc(64, bytes);
  void *memory = aligned_alloc(HUGE_PAGE, bytes);
#if defined(__linux__)
  if (memory) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

int mpo_pool_reserve(mpo_pool *pool, long each, long shared) {
  for (int i = 0; i <= pool->threads; i++) {
    size_t bytes = (size_t)(i < pool->threads ? each : shared);
    scratch *s = &pool->scratch[i];
    if (bytes <= s->bytes) continue;
    bytes = (bytes + bytes / 4 + 4095) & ~(size_t)4095;
    free(s->memory);
    s->bytes = 0;
    s->memory = large_pages(bytes);
    if (!s->memory) return 1;
    s->bytes = bytes;
  }
  return 0;
}

void *mpo_pool_scratch(mpo_pool *pool, int worker) { return pool->scratch[worker].memory; }
void *mpo_pool_shared(mpo_pool *pool) { return pool->scratch[pool->threads].memory; }

void mpo_pool_for(mpo_pool *pool, long count, long grain, mpo_task task, void *context) {
  if (count <= 0) return;
  long parts = (count + grain - 1) / grain;
  // A few parts per thread even out what the scheduler and the causal triangle do.
  if (parts > 4L * pool->threads) parts = 4L * pool->threads;
  if (parts <= 1 || pool->threads == 1 || inside >= 0) {
    task(context, 0, count, inside >= 0 ? inside : 0);
    return;
  }
  atomic_store_explicit(&pool->task, task, memory_order_relaxed);
  atomic_store_explicit(&pool->context, context, memory_order_relaxed);
  atomic_store_explicit(&pool->count, count, memory_order_relaxed);
  atomic_store(&pool->remaining, parts);
  uint64_t generation = ((atomic_load(&pool->ticket) >> 32) + 1) & 0xffffffff;
  atomic_store(&pool->ticket, generation << 32 | (uint64_t)parts << 16);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
  }
  work(pool, 0);
  for (int spins = 0; atomic_load(&pool->remaining) > 0; spins++) {
    if (spins < SPINS) {
      relax();
      continue;
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->waiting, 1);
    while (atomic_load(&pool->remaining) > 0) pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->waiting, 0);
    pthread_mutex_unlock(&pool->mutex);
  }
}
