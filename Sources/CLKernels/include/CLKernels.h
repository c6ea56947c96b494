// The embedded OpenCL kernel sources, and what Swift cannot import of the OpenCL and CLBlast headers.
#ifndef CLKERNELS_H
#define CLKERNELS_H
#include <stddef.h>
#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#ifdef __APPLE__
#include <OpenCL/opencl.h>
#else
#include <CL/cl.h>
#endif

// One file of kernels/: its base name and its text, which is not NUL-terminated.
typedef struct {
  const char *name;
  const unsigned char *text;
  size_t length;
} CLKSource;

size_t clk_source_count(void);
// The source `index` < clk_source_count(), in no particular order.
CLKSource clk_source(size_t index);

// The name of an OpenCL status, such as "CL_OUT_OF_RESOURCES"; "unknown status" for others.
const char *clk_status_name(cl_int status);

// Copies `size` bytes to `offset` of `buffer` behind what the queue holds. Takes a copy of `bytes`
// first, which an event callback frees, so the caller's memory may be gone when this returns.
cl_int clk_upload(
    cl_command_queue queue, cl_mem buffer, size_t offset, const void *bytes, size_t size);

// On a device that shares the host's memory: copies once, between `bytes` and the buffer's own pages,
// with no staging in between. Both wait for what the queue holds.
cl_int clk_map_write(
    cl_command_queue queue, cl_mem buffer, size_t offset, const void *bytes, size_t size);
cl_int clk_map_read(cl_command_queue queue, cl_mem buffer, size_t offset, void *bytes, size_t size);

// CLBlast's row-major SGEMM; returns its status (0 is success).
cl_int clk_sgemm(
    cl_command_queue queue, int transposeA, int transposeB, size_t m, size_t n, size_t k,
    float alpha, cl_mem a, size_t aOffset, size_t aStride, cl_mem b, size_t bOffset, size_t bStride,
    float beta, cl_mem c, size_t cOffset, size_t cStride);

#endif
