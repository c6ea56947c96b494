// Magnetic mirror descent on tabular games, one work-group per game: groups (B). All steps run in
// one launch, with one barrier each. n actions.
//
// A work-item owns every WG-th run of ROWS vectors of GV actions. GPU: GV = ROWS = 1, WG near n.
// CPU device: WG = 1, vectors as wide as the registers. Where n (n + 1) reals fit in local memory the
// payoffs stay there for all steps, transposed, so that neighbouring work-items (or lanes) read
// neighbouring places.
//
// pi is never normalised: exp(x) / sum is pi whatever is added to x, and every work-item adds the
// sum up by itself, in the same order. So nobody waits for a reduction.

#ifndef DOUBLE
#define DOUBLE 0  // 1: f64
#endif
#ifndef STATE_LOCAL
#define STATE_LOCAL 1  // 1: x, exp(x) and the magnet in local memory, else in global
#endif
#ifndef RESIDENT
#define RESIDENT 1  // 1: the payoffs fit in local memory
#endif
#ifndef GV
#define GV 1  // actions in a vector: 1, 8 or 16
#endif
#ifndef ROWS
#define ROWS 1  // vectors of actions that a work-item sums at once: 1, 2 or 4
#endif
#ifndef TILE
#define TILE 16  // payoffs of a row that are staged at once when not RESIDENT and WG > 1
#endif

#if DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double real;
#define LOWEST (-DBL_MAX)
#define FAINT (-700.0)
#else
typedef float real;
#define LOWEST LOW
#define FAINT (-80.0f)
#endif

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#if GV == 1
typedef real gvec;
#define GLOAD(p) (*(p))
#define GSTORE(v, p) (*(p) = (v))
#else
#if DOUBLE
typedef JOIN(double, GV) gvec;
#else
typedef JOIN(float, GV) gvec;
#endif
#define GLOAD(p) JOIN(vload, GV)(0, p)
#define GSTORE(v, p) JOIN(vstore, GV)(v, 0, p)
#endif
// Sums in flight of a work-item: enough to hide a product's latency.
#if GV == 1
#define AHEAD 4
#else
#define AHEAD (ROWS == 4 ? 4 : 8)
#endif
#define SPAN (ROWS * GV)

#if STATE_LOCAL
#define SPACE __local
#define FENCE CLK_LOCAL_MEM_FENCE
#else
#define SPACE __global
#define FENCE (CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#endif

static inline real lanes_sum(gvec v) {
#if GV == 1
  return v;
#else
  real part[GV], sum = 0;
  GSTORE(v, part);
  for (int k = 0; k < GV; k++) sum += part[k];
  return sum;
#endif
}

// c ? yes : no, lane by lane. For vectors by the builtin: oclgrind 21.10 gets wrong what the operator
// becomes (it sign-extends a negated comparison to 1).
#if GV == 1
#define CHOOSE(no, yes, c) ((c) ? (yes) : (no))
#else
#define CHOOSE(no, yes, c) select(no, yes, c)
#endif

#if GV == 1
#define RAISED(x) exp(x)
#elif DOUBLE
// exp(x) for x >= FAINT, as the CPU backend's: 2^k e^r with |r| <= ln(2) / 2, under 2 ulp. PoCL's own
// takes a third of a step at n = 64, for ranges that do not come here.
static inline gvec RAISED(gvec x) {
  gvec c = CHOOSE(x, (gvec)(710.0), x > 710.0);
  gvec shifted = c * 0x1.71547652b82fep0 + 0x1.8p52, k = shifted - 0x1.8p52;
  gvec r = c - k * 0x1.62e42feep-1;
  r = r - k * 0x1.a39ef35793c76p-33;
  gvec r2 = r * r, r4 = r2 * r2;
  gvec a = 0x1.0000000000001p-1 + r * 0x1.5555555555556p-3;
  gvec b = 0x1.5555555553d68p-5 + r * 0x1.11111111109b5p-7;
  gvec d = 0x1.6c16c17889ef1p-10 + r * 0x1.a01a01a7c2efep-13;
  gvec f = 0x1.a019b9149a41cp-16 + r * 0x1.71de0db2f6b19p-19;
  gvec g = 0x1.28917c89a43a7p-22 + r * 0x1.af389ecfc4b9cp-26;
  gvec p = ((a + r2 * b) + r4 * ((d + r2 * f) + r4 * g)) * r2 + r + 1.0;
  // 2^(k-1) * 2: 2^1024 has no bits.
  JOIN(long, GV) bits = JOIN(as_long, GV)(shifted) - 0x4338000000000000L + 1022L;
  return (p + p) * JOIN(as_double, GV)(bits << 52L);
}
#else
static inline gvec RAISED(gvec x) {
  gvec c = CHOOSE(x, (gvec)(89.0f), x > 89.0f);
  gvec shifted = c * 1.44269504088896341f + 0x1.8p23f, k = shifted - 0x1.8p23f;
  gvec r = c - k * 0.693359375f;
  r = r - k * -2.12194440e-4f;
  gvec p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return (p + p) * JOIN(as_float, GV)((JOIN(as_int, GV)(shifted) - 0x4b400000 + 126) << 23);
}
#endif

// exp(x), 0 below FAINT: what is left out weighs 1e-34 of the sum, and its products would be
// subnormal numbers, which some devices take a hundred cycles for.
static inline gvec weight(gvec x) {
  gvec e = RAISED(CHOOSE(x, (gvec)(FAINT), x < FAINT));
  return CHOOSE(e, (gvec)(0), x < FAINT);
}

// log sum exp of n places, by the largest and with a compensated sum: for any x.
static inline real log_sum_exp(SPACE const real *x, int n) {
  real top = LOWEST, sum = 0, low = 0;
  for (int j = 0; j < n; j++) top = fmax(top, x[j]);
  for (int j = 0; j < n; j++) {
    real term = exp(x[j] - top) - low, next = sum + term;
    low = (next - sum) - term;
    sum = next;
  }
  return top + log(sum);
}

static inline real total(SPACE const real *e, int wide) {
  gvec sum = (gvec)(0);
  for (int j = 0; j < wide; j += GV) sum += GLOAD(e + j);
  return lanes_sum(sum);
}

#if RESIDENT
// SPAN actions from `row` on of P e; T[j * pitch + i] = P[i, j].
static inline void product_rows(
    __local const real *T, int pitch, SPACE const real *e, int n, int row, gvec *y) {
  gvec s[ROWS * AHEAD];
#pragma unroll
  for (int k = 0; k < ROWS * AHEAD; k++) s[k] = (gvec)(0);
  int j = 0;
  for (; j + AHEAD <= n; j += AHEAD) {
#pragma unroll
    for (int u = 0; u < AHEAD; u++)
#pragma unroll
      for (int r = 0; r < ROWS; r++)
        s[u * ROWS + r] += GLOAD(T + (j + u) * pitch + row + r * GV) * e[j + u];
  }
  for (; j < n; j++)
#pragma unroll
    for (int r = 0; r < ROWS; r++) s[r] += GLOAD(T + j * pitch + row + r * GV) * e[j];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    gvec sum = s[r];
#pragma unroll
    for (int u = 1; u < AHEAD; u++) sum += s[u * ROWS + r];
    y[r] = sum;
  }
}
#elif GV > 1
// The same from rows of P in global memory, each a dot product along the row.
static inline void product_rows(
    __global const real *P, ulong stride, SPACE const real *e, int n, int row, gvec *y) {
  real out[SPAN];
  const int whole = n / GV * GV;
  for (int first = 0; first < SPAN; first += 4) {
    gvec s[4];
    __global const real *p[4];
#pragma unroll
    for (int r = 0; r < 4; r++) {
      s[r] = (gvec)(0);
      p[r] = P + (ulong)min(row + first + r, n - 1) * stride;
    }
    for (int j = 0; j < whole; j += GV) {
      gvec right = GLOAD(e + j);
#pragma unroll
      for (int r = 0; r < 4; r++) s[r] += GLOAD(p[r] + j) * right;
    }
    for (int r = 0; r < 4; r++) {
      real sum = lanes_sum(s[r]);
      for (int j = whole; j < n; j++) sum += p[r][j] * e[j];
      out[first + r] = sum;
    }
  }
  for (int r = 0; r < ROWS; r++) y[r] = GLOAD(out + r * GV);
}
#else
// The same for WG rows at once: tiles of P pass through local memory, so that global memory is read
// along its rows. Every work-item calls it.
static inline void product_rows(
    __global const real *P, ulong stride, __local real *T, SPACE const real *e, int n, int first,
    gvec *y) {
  const int lid = get_local_id(0);
  real sum = 0;
  for (int start = 0; start < n; start += TILE) {
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = lid; k < TILE * WG; k += WG) {
      int i = min(first + k / TILE, n - 1), j = start + k % TILE;
      T[k % TILE * (WG + 1) + k / TILE] = j < n ? P[(ulong)i * stride + j] : (real)(0);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = 0; j < TILE; j++) sum += T[j * (WG + 1) + lid] * e[min(start + j, n - 1)];
  }
  *y = sum;
}
#endif

KERNEL void magnetic_update(
    __global real *logPolicy, ulong policyOffset, ulong policyStride, __global real *logMagnet,
    ulong magnetOffset, ulong magnetStride, __global const real *payoff, ulong payoffOffset,
    ulong payoffStride, __global real *spare, ulong spareOffset, __local real *localState,
    __local real *T, ulong size, ulong width, ulong tilePitch, real shrink, real pull, real push,
    ulong steps, ulong syncSteps, ulong firstStep) {
  const int n = (int)size, wide = (int)width, lid = get_local_id(0);
  const ulong game = get_group_id(0);
  __global real *outPolicy = logPolicy + policyOffset + game * policyStride;
  __global real *outMagnet = logMagnet + magnetOffset + game * magnetStride;
  __global const real *P = payoff + payoffOffset + game * size * payoffStride;
#if STATE_LOCAL
  SPACE real *state = localState;
#else
  SPACE real *state = spare + spareOffset + game * 5 * width;
#endif
  // x and e twice: a step reads one copy and writes the other.
  SPACE real *x = state, *e = state + 2 * wide, *magnet = state + 4 * wide;
#if RESIDENT
  const int pitch = (int)tilePitch;
  for (ulong k = lid; k < size * width; k += WG) {
    int i = (int)(k / size), j = (int)(k % size);
    T[j * pitch + i] = i < n ? P[(ulong)i * payoffStride + j] : (real)(0);
  }
#endif
  for (int i = lid; i < wide; i += WG) {
    x[i] = i < n ? outPolicy[i] : -INFINITY;
    magnet[i] = i < n ? outMagnet[i] : -INFINITY;
  }
  // Whatever scale the logarithms come in, they leave normalised.
  barrier(FENCE);
  const real policyScale = log_sum_exp(x, n), magnetScale = log_sum_exp(magnet, n);
  barrier(FENCE);
  for (int i = lid; i < wide; i += WG) {
    x[i] -= policyScale;
    e[i] = x[i] < FAINT ? (real)(0) : exp(x[i]);
    magnet[i] -= magnetScale;
  }
  int now = 0;
  for (ulong t = 0; t < steps;) {
    barrier(FENCE);
    SPACE const real *oldX = x + now * wide, *oldE = e + now * wide;
    now = 1 - now;
    SPACE real *newX = x + now * wide, *newE = e + now * wide;
    const real sum = total(oldE, wide);
    // A sum that runs away is taken out of x instead of a step; all work-items agree on that.
    const int runaway = sum < (real)(1.0f / 256) || sum > (real)(256);
    const real shift = runaway ? log_sum_exp(oldX, n) : (real)(0);
    const real scale = push / sum;
    const int sync = syncSteps > 0 && (firstStep + t + 1) % syncSteps == 0;
    // Every work-item takes part, those behind the end on the last row: PoCL 3.1 drops the inner
    // loop of work-items that enter when others do not.
    for (int first = 0; first < wide; first += WG * SPAN) {
      const int mine = first + lid * SPAN, i = min(mine, wide - SPAN);
      gvec y[ROWS];
#if RESIDENT
      product_rows(T, pitch, oldE, n, i, y);
#elif GV > 1
      product_rows(P, payoffStride, oldE, n, i, y);
#else
      product_rows(P, payoffStride, T, oldE, n, first, y);
#endif
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        gvec old = GLOAD(oldX + i + r * GV), m = (gvec)(0);
        if (mine < wide) m = GLOAD(magnet + i + r * GV);
        // A magnet of weight 0 may have empty places.
        gvec next = old * shrink + (pull > 0 ? pull * m : (gvec)(0)) + scale * y[r];
        if (runaway) next = old - shift;
        if (mine < wide) {
          GSTORE(next, newX + i + r * GV);
          GSTORE(weight(next), newE + i + r * GV);
          if (sync && !runaway) GSTORE(next, magnet + i + r * GV);
        }
      }
    }
    if (!runaway) t++;
  }
  barrier(FENCE);
  SPACE const real *lastX = x + now * wide;
  const real lastScale = log_sum_exp(lastX, n), lastMagnet = log_sum_exp(magnet, n);
  for (int i = lid; i < n; i += WG) {
    outPolicy[i] = lastX[i] - lastScale;
    outMagnet[i] = magnet[i] - lastMagnet;
  }
}
