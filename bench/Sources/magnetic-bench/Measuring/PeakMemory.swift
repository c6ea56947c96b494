import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// MiB of this process in memory now (`now`), or the most since `restartPeak` (`peak`).
enum Resident {
  /// Falls back to the peak where the system does not tell.
  static var now: Double { field("VmRSS:") ?? sinceStart }
  /// The most since `restartPeak`, or since the start of the process where it cannot be restarted.
  static var peak: Double { field("VmHWM:") ?? sinceStart }

  /// Lets `peak` count from now on; returns what is resident now. Linux only: elsewhere the peak
  /// goes on from the start of the process.
  static func restartPeak() -> Double {
    if let file = fopen("/proc/self/clear_refs", "w") {
      fputs("5", file)
      fclose(file)
    }
    return now
  }

  private static func field(_ name: String) -> Double? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
    else { return nil }
    return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Double($0) }.first
      .map { $0 / 1024 }
  }

  private static var sinceStart: Double {
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
}
