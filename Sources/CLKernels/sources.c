// The text of every file in kernels/, embedded at compile time: the binary needs no resource files
// and an edit of a kernel rebuilds this file.
#include "CLKernels.h"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wc23-extensions"  // #embed
#endif

#define SOURCES(X)      \
  X(common)             \
  X(activation)         \
  X(attention)          \
  X(attention_decode)   \
  X(bias)               \
  X(cross_entropy)      \
  X(dropout)            \
  X(elementwise)        \
  X(embedding)          \
  X(fragments)          \
  X(fragments_dpas)     \
  X(fragments_mfma)     \
  X(fragments_nvidia)   \
  X(fragments_plain)    \
  X(fragments_wmma)     \
  X(games)              \
  X(head_norm)          \
  X(layer_norm)         \
  X(magnetic_loss)      \
  X(matmul_reduce)      \
  X(matmul_skinny)      \
  X(matmul_tensor)      \
  X(matmul_tiled)       \
  X(matmul_vector)      \
  X(mma_amd)            \
  X(mma_intel)          \
  X(mma_nvidia)         \
  X(norm)               \
  X(operands)           \
  X(optimizer)          \
  X(probe)              \
  X(probe_ptx)          \
  X(rotary)             \
  X(sampling)           \
  X(softmax)

static const unsigned char common[] = {
#embed "../../kernels/common.cl"
};
static const unsigned char activation[] = {
#embed "../../kernels/activation.cl"
};
static const unsigned char attention[] = {
#embed "../../kernels/attention.cl"
};
static const unsigned char attention_decode[] = {
#embed "../../kernels/attention_decode.cl"
};
static const unsigned char bias[] = {
#embed "../../kernels/bias.cl"
};
static const unsigned char cross_entropy[] = {
#embed "../../kernels/cross_entropy.cl"
};
static const unsigned char dropout[] = {
#embed "../../kernels/dropout.cl"
};
static const unsigned char elementwise[] = {
#embed "../../kernels/elementwise.cl"
};
static const unsigned char embedding[] = {
#embed "../../kernels/embedding.cl"
};
static const unsigned char fragments[] = {
#embed "../../kernels/fragments.cl"
};
static const unsigned char fragments_dpas[] = {
#embed "../../kernels/fragments_dpas.cl"
};
static const unsigned char fragments_mfma[] = {
#embed "../../kernels/fragments_mfma.cl"
};
static const unsigned char fragments_nvidia[] = {
#embed "../../kernels/fragments_nvidia.cl"
};
static const unsigned char fragments_plain[] = {
#embed "../../kernels/fragments_plain.cl"
};
static const unsigned char fragments_wmma[] = {
#embed "../../kernels/fragments_wmma.cl"
};
static const unsigned char games[] = {
#embed "../../kernels/games.cl"
};
static const unsigned char head_norm[] = {
#embed "../../kernels/head_norm.cl"
};
static const unsigned char layer_norm[] = {
#embed "../../kernels/layer_norm.cl"
};
static const unsigned char magnetic_loss[] = {
#embed "../../kernels/magnetic_loss.cl"
};
static const unsigned char matmul_reduce[] = {
#embed "../../kernels/matmul_reduce.cl"
};
static const unsigned char matmul_skinny[] = {
#embed "../../kernels/matmul_skinny.cl"
};
static const unsigned char matmul_tensor[] = {
#embed "../../kernels/matmul_tensor.cl"
};
static const unsigned char matmul_tiled[] = {
#embed "../../kernels/matmul_tiled.cl"
};
static const unsigned char matmul_vector[] = {
#embed "../../kernels/matmul_vector.cl"
};
static const unsigned char mma_amd[] = {
#embed "../../kernels/mma_amd.cl"
};
static const unsigned char mma_intel[] = {
#embed "../../kernels/mma_intel.cl"
};
static const unsigned char mma_nvidia[] = {
#embed "../../kernels/mma_nvidia.cl"
};
static const unsigned char norm[] = {
#embed "../../kernels/norm.cl"
};
static const unsigned char operands[] = {
#embed "../../kernels/operands.cl"
};
static const unsigned char optimizer[] = {
#embed "../../kernels/optimizer.cl"
};
static const unsigned char probe[] = {
#embed "../../kernels/probe.cl"
};
static const unsigned char probe_ptx[] = {
#embed "../../kernels/probe_ptx.cl"
};
static const unsigned char rotary[] = {
#embed "../../kernels/rotary.cl"
};
static const unsigned char sampling[] = {
#embed "../../kernels/sampling.cl"
};
static const unsigned char softmax[] = {
#embed "../../kernels/softmax.cl"
};

#define ENTRY(name) {#name, name, sizeof name},
static const CLKSource sources[] = {SOURCES(ENTRY)};

size_t clk_source_count(void) { return sizeof sources / sizeof *sources; }
CLKSource clk_source(size_t index) { return sources[index]; }
