#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLimits.h"

// Peak of matrix tiles (x86's AMX): four sums of 16 x 16 in registers, as many as hide the latency of a
// product. Each adds 16 x 16 x 32 products of bf16.
#if defined(__x86_64__) && defined(__clang__) && defined(__linux__)
#include <immintrin.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int available(void) {
  unsigned a, b, c, d;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  if (!__builtin_cpu_supports("avx512bf16") || !(d >> 24 & 1) || !(d >> 22 & 1)) return 0;
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
}

// Tiles alone are slower on some processors than with other instructions between (NOTES.md, 2026-11-29).
#define GAP __asm__ volatile(".rept 32\n nop\n .endr")

__attribute__((target("amx-tile,amx-bf16"))) static double peak(long rounds) {
  struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int t = 0; t < 8; t++) {
    configuration.bytes[t] = 64;
    configuration.rows[t] = 16;
  }
  _tile_loadconfig(&configuration);
  // Numbers of either sign with all bits of their significands in use, as real ones have.
  _Alignas(64) uint16_t operands[4][512];
  uint32_t state = 1;
  for (int t = 0; t < 4; t++)
    for (int i = 0; i < 512; i++) {
      state = state * 1664525u + 1013904223u;
      operands[t][i] = (uint16_t)(0x3f00u | (state >> 24 & 0x7f) | (state >> 31 << 15));
    }
  _tile_loadd(4, operands[0], 64);
  _tile_loadd(5, operands[1], 64);
  _tile_loadd(6, operands[2], 64);
  _tile_loadd(7, operands[3], 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (long r = 0; r < rounds; r++) {
    _tile_dpbf16ps(0, 4, 6);
    GAP;
    _tile_dpbf16ps(1, 4, 7);
    GAP;
    _tile_dpbf16ps(2, 5, 6);
    GAP;
    _tile_dpbf16ps(3, 5, 7);
    GAP;
  }
  _Alignas(64) float sums[256];
  _tile_stored(0, sums, 64);
  _tile_release();
  return (double)sums[0];
}
#endif

double limit_tile_bf16(long rounds, double *sum) {
  *sum = 0;
#if defined(__x86_64__) && defined(__clang__) && defined(__linux__)
  if (available()) {
    *sum = peak(rounds);
    return 2.0 * 4 * 16 * 16 * 32 * (double)rounds;
  }
#endif
  (void)rounds;
  return 0;
}
