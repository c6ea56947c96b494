#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The most memory this process has had resident so far, in MiB (getrusage).
func peakResidentMiB() -> Double {
  var usage = rusage()
  #if canImport(Glibc)
    let unit = 1024.0  // ru_maxrss is in KiB
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  #else
    let unit = 1_048_576.0  // and in bytes
    getrusage(RUSAGE_SELF, &usage)
  #endif
  return Double(usage.ru_maxrss) / unit
}
