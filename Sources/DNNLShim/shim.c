#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "DNNLShim.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <pthread.h>

#include "calls.h"

// Debian's oneDNN runs on OpenMP, whose threads spin and would fight with this package's pool. The
// thread count is a property of each calling thread, so every one of the pool sets its own to 1.
// Looked up at run time: which OpenMP runtime (if any) oneDNN brought is not ours to link.
static void use_one_thread(void) {
  static _Thread_local int done;
  if (done) return;
  done = 1;
  void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set) set(1);
}

// Inside its sgemm oneDNN points the stack pointer at a buffer of its own on the heap (valgrind:
// "client switching stacks"). A signal handler would run there, and the frame that the kernel
// pushes for it (kilobytes with AVX-512 state) overwrites whatever lies below the buffer: Ctrl-C
// corrupted the heap. So handlers wait for the end of the product; faults cannot wait.
static void hold_signals(sigset_t *before) {
  sigset_t held;
  sigfillset(&held);
  const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&held, faults[i]);
  pthread_sigmask(SIG_BLOCK, &held, before);
}

void mpo_dnnl_enter(sigset_t *before) {
  use_one_thread();
  hold_signals(before);
}

void mpo_dnnl_leave(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }

int mpo_dnnl_sgemm(
    int ta, int tb, long m, long n, long k, float alpha, const float *a, long lda, const float *b,
    long ldb, float beta, float *c, long ldc) {
  sigset_t before;
  mpo_dnnl_enter(&before);
  int status = (int)dnnl_sgemm(
      ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  mpo_dnnl_leave(&before);
  return status;
}
