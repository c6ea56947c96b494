#ifndef DNNLSHIM_H
#define DNNLSHIM_H
#endif
