#ifndef CPUKERNELS_H
#define CPUKERNELS_H
#endif
