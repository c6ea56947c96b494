// Philox4x32-10, as Philox.swift has it.
#ifndef MPO_PHILOX_H
#define MPO_PHILOX_H

#include "kernels.h"

// Domains (Philox.Domain): what a random number is for.
enum { MPO_DOMAIN_SAMPLING = 1, MPO_DOMAIN_DROPOUT = 8 };

// Word 0 of block (c0, c1, c2, c3) under the key `seed`.
MPO_INLINE uint32_t mpo_philox(uint64_t seed, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int i = 0; i < 10; i++) {
    uint64_t p0 = (uint64_t)c0 * 0xD2511F53u, p1 = (uint64_t)c2 * 0xCD9E8D57u;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c0;
}

// 24 bits in [0, 1), exact.
MPO_INLINE float mpo_uniform(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

#endif
