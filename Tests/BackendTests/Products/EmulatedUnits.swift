#if canImport(CLKernels)
  import MPOBackend

  /// The matrix units of AMD and Intel devices for any device: the instructions of
  /// kernels/mma_amd.cl and mma_intel.cl by their documented layouts ("CDNA 2" and "RDNA 3" ISA
  /// guides, cl_intel_subgroup_matrix_multiply_accumulate). Every lane leaves its operands in
  /// `spare` and reads those of its warp.
  enum EmulatedUnits {
    /// Two operands of one product: 16, 64 and 48 bytes for each work-item.
    static let all = [
      source(of: .mfma, spare: 16), source(of: .wmma, spare: 64), source(of: .dpas, spare: 48),
    ]

    private static func source(of unit: FragmentSource, spare: Int) -> FragmentSource {
      FragmentSource(
        name: "emulated_\(unit.name)", lanes: unit.lanes, spare: spare,
        preludes: unit.preludes.map {
          $0.name.hasPrefix("mma_") ? .init("instructions", text: instructions) : $0
        })
    }

    private static let instructions = """
      #define UNROLL _Pragma("nounroll")

      static inline float emulated_value(__local const ushort *words, int i) {
        return from_bfloat16(words[i]);
      }

      #if FRAGMENT_LANES == 64
      // Lane 16 q + r: row r of a and column r of b at depth 4 q to 4 q + 3; rows 4 q + i of
      // column r.
      static inline float4 mfma_f32_16x16x16_bf16(
          short4 a, short4 b, float4 c, __local ulong *spare) {
        const int lid = get_local_id(0), lane = lid % 64, first = lid - lane;
        __local ushort *words = (__local ushort *)spare;
        vstore4(as_ushort4(a), 0, words + 8 * lid);
        vstore4(as_ushort4(b), 1, words + 8 * lid);
        barrier(CLK_LOCAL_MEM_FENCE);
        float sum[4];
        vstore4(c, 0, sum);
        for (int i = 0; i < 4; i++)
          for (int k = 0; k < 16; k++) {
            const int x = first + k / 4 * 16 + lane / 16 * 4 + i;
            const int y = first + k / 4 * 16 + lane % 16;
            sum[i] +=
                emulated_value(words, 8 * x + k % 4) * emulated_value(words, 8 * y + 4 + k % 4);
          }
        barrier(CLK_LOCAL_MEM_FENCE);
        return vload4(0, sum);
      }
      #elif FRAGMENT_LANES == 32
      // Lane r and 16 + r: row r of a and column r of b; lane 16 h + r: rows 2 i + h of column r.
      static inline float8 wmma_f32_16x16x16_bf16(
          short16 a, short16 b, float8 c, __local ulong *spare) {
        const int lid = get_local_id(0), lane = lid % 32, first = lid - lane;
        __local ushort *words = (__local ushort *)spare;
        vstore16(as_ushort16(a), 0, words + 32 * lid);
        vstore16(as_ushort16(b), 1, words + 32 * lid);
        barrier(CLK_LOCAL_MEM_FENCE);
        float sum[8];
        vstore8(c, 0, sum);
        for (int i = 0; i < 8; i++)
          for (int k = 0; k < 16; k++) {
            // Either copy of an operand will do: take the other half's.
            const int x = first + 2 * i + lane / 16 + 16 * (k % 2), y = first + (lane + 16) % 32;
            sum[i] += emulated_value(words, 32 * x + k) * emulated_value(words, 32 * y + 16 + k);
          }
        barrier(CLK_LOCAL_MEM_FENCE);
        return vload8(0, sum);
      }
      #else
      // Lane l: element i of a is row i at depth l; int i of b is depths 2 i and 2 i + 1 of
      // column l; element i of c is row i of column l.
      static inline float8 bf16_matrix_mad_k16(short8 a, int8 b, float8 c, __local ulong *spare) {
        const int lid = get_local_id(0), lane = lid % 16, first = lid - lane;
        __local ushort *words = (__local ushort *)spare;
        vstore8(as_ushort8(a), 0, words + 24 * lid);
        vstore16(as_ushort16(b), 0, words + 24 * lid + 8);
        barrier(CLK_LOCAL_MEM_FENCE);
        float sum[8];
        vstore8(c, 0, sum);
        for (int i = 0; i < 8; i++)
          for (int k = 0; k < 16; k++)
            sum[i] += emulated_value(words, 24 * (first + k) + i) *
                      emulated_value(words, 24 * lid + 8 + k);
        barrier(CLK_LOCAL_MEM_FENCE);
        return vload8(0, sum);
      }
      #endif
      """
  }
#endif
