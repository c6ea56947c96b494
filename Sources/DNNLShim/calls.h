// What every call of oneDNN is wrapped in.
#ifndef DNNLSHIM_CALLS_H
#define DNNLSHIM_CALLS_H

#include <signal.h>

/// One OpenMP thread, and no signal handler on oneDNN's own stack, until `mpo_dnnl_leave`.
void mpo_dnnl_enter(sigset_t *before);
void mpo_dnnl_leave(const sigset_t *before);

#endif
