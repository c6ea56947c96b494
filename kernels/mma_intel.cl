// Matrix instructions of Intel devices with sub-groups of 16
// (cl_intel_subgroup_matrix_multiply_accumulate).

#if !defined(cl_intel_subgroup_matrix_multiply_accumulate)
#error "the device lacks cl_intel_subgroup_matrix_multiply_accumulate"
#endif

#define UNROLL _Pragma("unroll")
#define FRAGMENT_KERNEL __attribute__((intel_reqd_sub_group_size(16)))

// c (8, 16) += a (8, 16) b (16, 16).
static inline float8 bf16_matrix_mad_k16(short8 a, int8 b, float8 c, __local ulong *spare) {
  return intel_sub_group_bf16_bf16_matrix_mad_k16(a, b, c);
}
