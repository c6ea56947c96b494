#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The most memory this process has had resident so far, in MiB (getrusage).
func peakResidentMiB() -> Double {
  var usage = rusage()
  #if canImport(Glibc)
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / (1024 * 1024)
  #endif
}
