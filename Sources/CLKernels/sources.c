#include "CLKernels.h"
