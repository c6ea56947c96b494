// How a game's payoffs lie in memory and how P e is formed from that, in one precision; included by
// games_typed.h.
//
// n actions, N = n rounded up to LANES. Places n..<N hold log pi = -inf, so they weigh nothing.
//
// Two layouts of the payoff, made once per call, so that every load of a step is a whole vector:
//   full: P transposed in panels of up to 4 vectors of rows, each (n, width), width <= 4 LANES.
//   half: A = (P - P') / 2 above the diagonal, for games with P + P' = constant. The constant
//         moves every action's value alike, which normalisation takes out again. Each vector
//         loaded serves A and A' = -A, so a step reads half as much: for matrices that no
//         first-level cache holds.

typedef real GAMES(vec) __attribute__((ext_vector_type(LANES)));
typedef real GAMES(vec_unaligned)
    __attribute__((ext_vector_type(LANES), aligned(sizeof(real)), may_alias));
#undef VEC
#undef LOAD
#undef STORE
#define VEC GAMES(vec)
#define LOAD(p) (*(const GAMES(vec_unaligned) *)(p))
#define STORE(p, v) (*(GAMES(vec_unaligned) *)(p) = (v))

// y (LANES * wide) += the panel (n, LANES * wide) times e, actions begin..<end; `ahead` actions at
// once, so that enough sums are in flight.
MPO_INLINE void GAMES(panel_rows)(
    int wide, int ahead, const real *panel, const real *e, real *y, long begin, long end) {
  MPO_CONTRACT
  VEC s[16];
  for (int k = 0; k < wide * ahead; k++) s[k] = (VEC)(real)0;
  long j = begin, width = (long)LANES * wide;
  for (; j + ahead <= end; j += ahead) {
    for (int u = 0; u < ahead; u++)
      for (int w = 0; w < wide; w++)
        s[u * wide + w] += LOAD(panel + (j + u) * width + w * LANES) * e[j + u];
  }
  for (; j < end; j++)
    for (int w = 0; w < wide; w++) s[w] += LOAD(panel + j * width + w * LANES) * e[j];
  for (int step = ahead / 2; step > 0; step /= 2)
    for (int k = 0; k < wide * step; k++) s[k] += s[k + wide * step];
  for (int w = 0; w < wide; w++) STORE(y + w * LANES, LOAD(y + w * LANES) + s[w]);
}

// Panels begin..<end of y = P e, four vectors of rows each but for the last. `many`: registers for
// 16 sums.
MPO_INLINE void GAMES(full_product)(
    int many, const real *pack, const real *e, real *y, long n, long begin, long end) {
  long vectors = mpo_round_up(n, LANES) / LANES;
  for (long p = begin; p < end; p++) {
    const real *panel = pack + p * 4 * LANES * n;
    real *out = y + p * 4 * LANES;
    long wide = mpo_min(4, vectors - 4 * p);
    for (long w = 0; w < wide; w++) STORE(out + w * LANES, (VEC)(real)0);
    for (long j = 0; j < n; j += MPO_BLOCK) {
      long last = mpo_min(n, j + MPO_BLOCK);
      if (wide == 4) GAMES(panel_rows)(4, many ? 4 : 1, panel, e, out, j, last);
      else if (wide == 3) GAMES(panel_rows)(3, many ? 4 : 1, panel, e, out, j, last);
      else if (wide == 2) GAMES(panel_rows)(2, many ? 8 : 2, panel, e, out, j, last);
      else GAMES(panel_rows)(1, many ? 8 : 4, panel, e, out, j, last);
    }
  }
}

MPO_INLINE void GAMES(pack_full)(const real *p, real *pack, long n, long begin, long end) {
  for (long panel = begin; panel < end; panel++) {
    long row = panel * 4 * LANES, width = mpo_min(4 * LANES, mpo_round_up(n, LANES) - row);
    real *to = pack + row * n;
    for (long block = 0; block < n; block += LANES)
      for (long r = 0; r < width; r++)
        for (long j = block; j < mpo_min(n, block + LANES); j++)
          to[j * width + r] = row + r < n ? p[(row + r) * n + j] : (real)0;
  }
}

// Where block row i (LANES rows) of the half layout starts: its diagonal block whole, then by eight
// rows the blocks to its right.
MPO_INLINE long GAMES(half_start)(long i, long blocks) {
  return (i * blocks - i * (i - 1) / 2) * LANES * LANES;
}

// Sums of neighbours: (a0 + a1, a2 + a3, ..., b0 + b1, ...). A macro: vectors wider than the
// baseline are no arguments.
#undef PAIR
#define PAIR(a, b) (__builtin_shufflevector(a, b, EVENS) + __builtin_shufflevector(a, b, ODDS))

// `rows` (8 or 4) of eight rows of A right of their diagonal block: their share of y from e, and by
// A' = -A the share of the columns' y from these rows' e.
MPO_INLINE void GAMES(half_rows)(
    int rows, const real *a, const real *e, real *y, long row, long column, long end) {
  MPO_CONTRACT
  VEC s[8], left[8];
  for (int r = 0; r < rows; r++) {
    s[r] = (VEC)(real)0;
    left[r] = (VEC)e[row + r];
  }
  for (long j = column; j < end; j += LANES, a += 8 * LANES) {
    VEC right = LOAD(e + j), even = LOAD(y + j), odd = (VEC)(real)0;
    for (int r = 0; r < rows; r += 2) {
      VEC a0 = LOAD(a + r * LANES), a1 = LOAD(a + (r + 1) * LANES);
      s[r] += a0 * right;
      s[r + 1] += a1 * right;
      even -= a0 * left[r];
      odd -= a1 * left[r + 1];
    }
    STORE(y + j, even + odd);
  }
  VEC low = PAIR(PAIR(s[0], s[1]), PAIR(s[2], s[3])), high = low;
  if (rows == 8) high = PAIR(PAIR(s[4], s[5]), PAIR(s[6], s[7]));
  VEC sums = PAIR(low, high);
  if (LANES == 16) sums = PAIR(sums, sums);
  for (int r = 0; r < rows; r++) y[row + r] += sums[r];
}

// y = what block rows begin..<end of A give; y from the first of them on is overwritten.
MPO_INLINE void GAMES(half_product)(
    int many, const real *pack, const real *e, real *y, long blocks, long begin, long end) {
  MPO_CONTRACT
  for (long j = begin * LANES; j < blocks * LANES; j += LANES) STORE(y + j, (VEC)(real)0);
  for (long i = begin; i < end; i++) {
    const real *a = pack + GAMES(half_start)(i, blocks);
    long row = i * LANES, right = row + LANES, rest = (blocks - i - 1) * LANES;
    VEC s[4] = {LOAD(y + row), (VEC)(real)0, (VEC)(real)0, (VEC)(real)0};
    for (int r = 0; r < LANES; r += 4)
      for (int u = 0; u < 4; u++) s[u] -= LOAD(a + (r + u) * LANES) * e[row + r + u];
    STORE(y + row, (s[0] + s[1]) + (s[2] + s[3]));
    a += LANES * LANES;
    if (rest == 0) continue;
    for (int r = 0; r < LANES; r += 8, a += 8 * rest) {
      GAMES(half_rows)(many ? 8 : 4, a, e, y, row + r, right, blocks * LANES);
      if (!many) GAMES(half_rows)(4, a + 4 * LANES, e, y, row + r + 4, right, blocks * LANES);
    }
  }
}

// Packs block rows begin..<end; 0 when some pair's P[i, j] + P[j, i] differs from 2 P[0, 0] by more
// than a unit in the last place of the largest of the three, or is no number.
MPO_INLINE int GAMES(pack_half)(const real *p, real *pack, long n, long begin, long end) {
  long blocks = mpo_round_up(n, LANES) / LANES;
  real total = 2 * p[0], bound = total < 0 ? -total : total;
  for (long i = begin; i < end; i++) {
    real *to = pack + GAMES(half_start)(i, blocks);
    for (long block = i; block < blocks; block++) {
      real across[LANES][LANES];
      for (long c = 0; c < LANES; c++)
        for (long r = 0; r < LANES; r++) {
          long row = i * LANES + r, column = block * LANES + c;
          across[r][c] = row < n && column < n ? p[column * n + row] : total / 2;
        }
      int sound = 1;
      for (long r = 0; r < LANES; r++) {
        long row = i * LANES + r, columns = mpo_min(LANES, n - block * LANES);
        real *line = block == i ? to + r * LANES
                                : to + LANES * LANES + r / 8 * 8 * (blocks - i - 1) * LANES
                                      + (block - i - 1) * 8 * LANES + r % 8 * LANES;
        for (long c = 0; c < LANES; c++) {
          real here = total / 2, there = across[r][c];
          if (row < n && c < columns) here = p[row * n + block * LANES + c];
          real defect = (here - total) + there, size = bound;
          size = size < here ? here : size < -here ? -here : size;
          size = size < there ? there : size < -there ? -there : size;
          sound &= defect <= size * EPSILON && -defect <= size * EPSILON;
          line[c] = here * (real)0.5 - there * (real)0.5;
        }
      }
      if (!sound) return 0;
    }
  }
  return 1;
}
