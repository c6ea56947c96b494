#include <clblast_c.h>
#include <stdlib.h>
#include <string.h>

#include "CLKernels.h"

static void CL_CALLBACK release_staging(cl_event event, cl_int status, void *staging) {
  (void)event;
  (void)status;
  free(staging);
}

cl_int clk_upload(
    cl_command_queue queue, cl_mem buffer, size_t offset, const void *bytes, size_t size) {
  void *staging = malloc(size);
  if (!staging) return CL_OUT_OF_HOST_MEMORY;
  memcpy(staging, bytes, size);
  cl_event done = NULL;
  cl_int status =
      clEnqueueWriteBuffer(queue, buffer, CL_FALSE, offset, size, staging, 0, NULL, &done);
  if (status != CL_SUCCESS) {
    free(staging);
    return status;
  }
  status = clSetEventCallback(done, CL_COMPLETE, release_staging, staging);
  if (status != CL_SUCCESS) {
    // No callback will come: wait for the write and free here.
    status = clWaitForEvents(1, &done);
    free(staging);
  }
  clReleaseEvent(done);
  return status;
}

static cl_int copy_mapped(
    cl_command_queue queue, cl_mem buffer, size_t offset, size_t size, cl_map_flags flags,
    const void *from, void *to) {
  cl_int status = CL_SUCCESS;
  void *mapped = clEnqueueMapBuffer(
      queue, buffer, CL_TRUE, flags, offset, size, 0, NULL, NULL, &status);
  if (status != CL_SUCCESS) return status;
  memcpy(to ? to : mapped, from ? from : mapped, size);
  return clEnqueueUnmapMemObject(queue, buffer, mapped, 0, NULL, NULL);
}

cl_int clk_map_write(
    cl_command_queue queue, cl_mem buffer, size_t offset, const void *bytes, size_t size) {
  return copy_mapped(
      queue, buffer, offset, size, CL_MAP_WRITE_INVALIDATE_REGION, bytes, NULL);
}

cl_int clk_map_read(cl_command_queue queue, cl_mem buffer, size_t offset, void *bytes, size_t size) {
  return copy_mapped(queue, buffer, offset, size, CL_MAP_READ, NULL, bytes);
}

cl_int clk_sgemm(
    cl_command_queue queue, int transposeA, int transposeB, size_t m, size_t n, size_t k,
    float alpha, cl_mem a, size_t aOffset, size_t aStride, cl_mem b, size_t bOffset, size_t bStride,
    float beta, cl_mem c, size_t cOffset, size_t cStride) {
  return CLBlastSgemm(
      CLBlastLayoutRowMajor, transposeA ? CLBlastTransposeYes : CLBlastTransposeNo,
      transposeB ? CLBlastTransposeYes : CLBlastTransposeNo, m, n, k, alpha, a, aOffset, aStride, b,
      bOffset, bStride, beta, c, cOffset, cStride, &queue, NULL);
}
