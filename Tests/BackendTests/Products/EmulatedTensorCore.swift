#if canImport(CLKernels)
  import MPOBackend

  /// The matrix unit of NVIDIA devices for any device: the instructions of kernels/mma_nvidia.cl by
  /// the fragment layouts of the PTX ISA ("Matrix Fragments for mma.m16n8k16", "ldmatrix"), with
  /// everything above them as it ships.
  enum EmulatedTensorCore {
    static let fragments = source(named: "emulated", instructions)

    /// 24 bytes for each work-item: a lane's registers of both operands of one product.
    static func source(named name: String, _ text: String) -> FragmentSource {
      FragmentSource(
        name: name, lanes: 32, spare: 24,
        preludes: [
          .init("fragments"), .init("instructions_\(name)", text: text), .init("fragments_nvidia"),
        ])
    }

    static let instructions = """
      // The PTX ISA's descriptions, by exchange through `spare`.
      // A barrier in each of a thousand unrolled products would take a compiler minutes.
      #define UNROLL _Pragma("nounroll")

      // Register i of lane 4 g + t: row g of matrix i, columns 2 t and 2 t + 1.
      static inline uint4 ldmatrix_x4(__local const ushort *row, __local ulong *spare) {
        const int lid = get_local_id(0), lane = lid % 32, first = lid - lane;
        spare[lid] = (ulong)(size_t)row;
        barrier(CLK_LOCAL_MEM_FENCE);
        uint r[4];
        for (int i = 0; i < 4; i++) {
          __local const ushort *p = (__local const ushort *)(size_t)spare[first + 8 * i + lane / 4];
          r[i] = p[lane % 4 * 2] | (uint)p[lane % 4 * 2 + 1] << 16;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        return (uint4)(r[0], r[1], r[2], r[3]);
      }

      // Register i of lane 4 g + t: rows 2 t and 2 t + 1 of matrix i, column g.
      static inline uint4 ldmatrix_x4_trans(__local const ushort *row, __local ulong *spare) {
        const int lid = get_local_id(0), lane = lid % 32, first = lid - lane;
        spare[lid] = (ulong)(size_t)row;
        barrier(CLK_LOCAL_MEM_FENCE);
        uint r[4];
        for (int i = 0; i < 4; i++) {
          __local const ushort *p =
              (__local const ushort *)(size_t)spare[first + 8 * i + lane % 4 * 2];
          __local const ushort *q =
              (__local const ushort *)(size_t)spare[first + 8 * i + lane % 4 * 2 + 1];
          r[i] = p[lane / 4] | (uint)q[lane / 4] << 16;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        return (uint4)(r[0], r[1], r[2], r[3]);
      }

      static inline float emulated_half(uint pair, int high) {
        return as_float(high ? pair & 0xffff0000u : pair << 16);
      }

      // Lane 4 g + t. a: register i holds row g + 8 (i % 2), columns 2 t + 8 (i / 2) and the next;
      // b: register i holds rows 2 t + 8 i and the next, column g; c: element i is row
      // g + 8 (i / 2), column 2 t + i % 2.
      static inline void mma_bf16_16x8x16(uint4 a, uint2 b, float *c, __local ulong *spare) {
        const int lid = get_local_id(0), lane = lid % 32, first = lid - lane;
        __local uint *words = (__local uint *)spare;
        words[6 * lid] = a.x;
        words[6 * lid + 1] = a.y;
        words[6 * lid + 2] = a.z;
        words[6 * lid + 3] = a.w;
        words[6 * lid + 4] = b.x;
        words[6 * lid + 5] = b.y;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < 4; i++) {
          const int row = lane / 4, column = lane % 4 * 2 + i % 2;
          float sum = c[i];
          for (int k = 0; k < 16; k++) {
            const int t = k % 8 / 2;
            const uint x = words[6 * (first + 4 * row + t) + i / 2 + 2 * (k / 8)];
            const uint y = words[6 * (first + 4 * column + t) + 4 + k / 8];
            sum += emulated_half(x, k % 2) * emulated_half(y, k % 2);
          }
          c[i] = sum;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
      }

      static inline void cp_async_16(__local ushort *to, __global const ushort *from) {
        *(__local uint4 *)to = *(__global const uint4 *)from;
      }
      #define cp_async_commit()
      #define cp_async_wait(n)

      static inline uint emulated_bfloat16(float x) {
        const uint bits = as_uint(x);
        if (isnan(x)) return 0x7fffu;
        return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
      }
      static inline uint cvt_rn_bf16x2(float low, float high) {
        return emulated_bfloat16(high) << 16 | emulated_bfloat16(low);
      }
      """
  }
#endif
