// What this processor is called, for printing.
#include <string.h>

#include "CPUKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

void mpo_cpu_name(char name[64]) {
  strcpy(name, "CPU");
#if defined(__x86_64__)
  unsigned int words[12];
  if (__get_cpuid_max(0x80000000u, 0) < 0x80000004u) return;
  for (unsigned int i = 0; i < 3; i++) {
    __get_cpuid(0x80000002u + i, words + 4 * i, words + 4 * i + 1, words + 4 * i + 2,
                words + 4 * i + 3);
  }
  char text[49] = {0};
  memcpy(text, words, 48);
  const char *first = text;
  while (*first == ' ') first++;
  if (*first != 0) strcpy(name, first);
#elif defined(__aarch64__)
  strcpy(name, "arm64 CPU");
#endif
}
