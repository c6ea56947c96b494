// The embedded OpenCL kernel sources, and what Swift cannot import of the OpenCL headers.
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

#endif
