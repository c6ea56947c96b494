// malloc and open of the whole process, the Swift runtime's included: an executable's symbols come
// before those of the C library.
#define _GNU_SOURCE
#include "fuzz_watch.h"

// Any header of the C library says whether it is glibc.
#include <stdlib.h>

#ifdef __GLIBC__
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_bool watching;
static atomic_long live, peak;
static long limit;
static char root[PATH_MAX];

static void end(int code, const char *what, const char *text) {
  atomic_store(&watching, false);
  dprintf(2, "%s%s\n", what, text);
  _exit(code);
}

// Asked before the memory is taken, so that a lie costs nothing.
static void check(size_t bytes) {
  if (!atomic_load_explicit(&watching, memory_order_relaxed)) return;
  if (bytes <= (size_t)limit && atomic_load(&live) + (long)bytes <= limit) return;
  char text[64];
  snprintf(text, sizeof text, "%zu bytes more, the bound is %ld", bytes, limit);
  end(FUZZ_EXIT_MEMORY, "over-allocation: asked for ", text);
}

static void *taken(void *memory) {
  if (memory && atomic_load_explicit(&watching, memory_order_relaxed)) {
    long size = (long)malloc_usable_size(memory);
    long now = atomic_fetch_add(&live, size) + size;
    if (now > atomic_load(&peak)) atomic_store(&peak, now);
  }
  return memory;
}

static void given(void *memory) {
  if (memory && atomic_load_explicit(&watching, memory_order_relaxed))
    atomic_fetch_sub(&live, (long)malloc_usable_size(memory));
}

void *malloc(size_t n) {
  check(n);
  return taken(__libc_malloc(n));
}

void *calloc(size_t n, size_t width) {
  size_t bytes;
  if (__builtin_mul_overflow(n, width, &bytes)) bytes = SIZE_MAX;
  check(bytes);
  return taken(__libc_calloc(n, width));
}

void *realloc(void *old, size_t n) {
  check(n);
  given(old);
  return taken(__libc_realloc(old, n));
}

void free(void *memory) {
  given(memory);
  __libc_free(memory);
}

void *memalign(size_t alignment, size_t n) {
  check(n);
  return taken(__libc_memalign(alignment, n));
}

void *aligned_alloc(size_t alignment, size_t n) { return memalign(alignment, n); }

int posix_memalign(void **out, size_t alignment, size_t n) {
  void *memory = memalign(alignment, n);
  if (!memory) return ENOMEM;
  *out = memory;
  return 0;
}

// Below `root`, links followed; a file that does not exist is judged by its name. The runtime's own
// source of random numbers is no input's doing.
static void check_path(const char *path) {
  if (!strcmp(path, "/dev/urandom")) return;
  if (!atomic_load_explicit(&watching, memory_order_relaxed) || !root[0]) return;
  atomic_store(&watching, false);
  char real[PATH_MAX];
  const char *seen = realpath(path, real) ? real : path;
  size_t n = strlen(root);
  int below = !strncmp(seen, root, n) && (seen[n] == '/' || seen[n] == 0) && !strstr(seen, "/../");
  if (!below) end(FUZZ_EXIT_PATH, "path escape: opened ", path);
  atomic_store(&watching, true);
}

#define OPEN(name, folder, ...)                                                  \
  int name(__VA_ARGS__, int flags, ...) {                                        \
    va_list rest;                                                                \
    va_start(rest, flags);                                                       \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0;          \
    va_end(rest);                                                                \
    if ((folder) == AT_FDCWD || path[0] == '/') check_path(path);                \
    return (int)syscall(SYS_openat, folder, path, flags, mode);                  \
  }
OPEN(open, AT_FDCWD, const char *path)
OPEN(open64, AT_FDCWD, const char *path)
OPEN(openat, at, int at, const char *path)
OPEN(openat64, at, int at, const char *path)

void fuzz_watch_begin(size_t budget, const char *folder) {
  limit = (long)budget;
  if (!folder || !realpath(folder, root)) root[0] = 0;
  atomic_store(&live, 0);
  atomic_store(&peak, 0);
  atomic_store(&watching, true);
}

size_t fuzz_watch_end(void) {
  atomic_store(&watching, false);
  return (size_t)atomic_load(&peak);
}

#else
void fuzz_watch_begin(size_t budget, const char *root) { (void)budget, (void)root; }
size_t fuzz_watch_end(void) { return 0; }
#endif
