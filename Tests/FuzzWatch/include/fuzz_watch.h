// Watches what one input costs: memory taken from malloc, and files opened. On systems without
// glibc nothing is watched and the figures are 0.
#ifndef FUZZ_WATCH_H
#define FUZZ_WATCH_H

#include <stddef.h>

/// Exit codes of a process in which an input passed its bounds.
enum { FUZZ_EXIT_MEMORY = 86, FUZZ_EXIT_PATH = 87 };

/// From here on the memory that is live may grow by `budget` bytes, and only files below `root` may
/// be opened; beyond that the process ends at once with the code above, the reason on standard error.
void fuzz_watch_begin(size_t budget, const char *root);
/// Ends the watch; the most bytes that were live at once, less those at the beginning.
size_t fuzz_watch_end(void);

#endif
