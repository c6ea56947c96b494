import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Starts runs; a protocol, so that the runner can be tested without processes.
protocol RunLauncher {
  /// - Parameters:
  ///   - arguments: the words after the program.
  ///   - output: file for standard output, replaced.
  ///   - log: file for standard error, appended to.
  func launch(_ arguments: [String], output: String, log: String) throws -> any LaunchedRun
}

/// A run that was started.
protocol LaunchedRun: AnyObject {
  /// Nil while it runs.
  func poll() -> RunEnd?
  /// Asks it to save and stop.
  func stop()
}

/// How a process ended and what it took.
struct RunEnd: Equatable {
  /// Exit status, or 128 + the signal that ended it.
  var status: Int32
  var signal: Int32?
  var cpuSeconds: Double
  /// MiB
  var peakRSS: Double
}

/// Runs of this very program as child processes, each in a process group of its own: Ctrl-C reaches
/// the runner only, which passes it on. A child whose runner was killed stops by itself
/// (`ParentWatch`).
struct ProcessLauncher: RunLauncher {
  let program: String

  func launch(_ arguments: [String], output: String, log: String) throws -> any LaunchedRun {
    setenv(ParentWatch.variable, String(getpid()), 1)
    func open(_ path: String, _ flags: Int32) throws -> Int32 {
      let descriptor = systemOpen(path, flags | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
      return descriptor
    }
    let input = try open("/dev/null", O_RDONLY)
    defer { close(input) }
    // A new file: one that an earlier process still writes to keeps its own.
    unlink(output)
    let out = try open(output, O_WRONLY | O_CREAT | O_TRUNC)
    defer { close(out) }
    let errors = try open(log, O_WRONLY | O_CREAT | O_APPEND)
    defer { close(errors) }
    do {
      let pid = try ChildProcess.spawn(
        [program] + arguments, stdin: input, stdout: out, stderr: errors)
      return RunProcess(pid)
    } catch ChildProcess.Failure.start(let reason) {
      throw RecipeError.start(program: program, reason)
    }
  }

  /// This program's file, the same one even after a build has replaced it.
  static var ownProgram: String {
    let linux = "/proc/\(getpid())/exe"
    return access(linux, X_OK) == 0 ? linux : CommandLine.arguments.first ?? "magnetic"
  }
}

/// A child process.
///
/// The system's figure of its most memory (`ru_maxrss`) starts at what its parent had in use, so it
/// counts only when it is above that; else what `/proc` said while it ran.
final class RunProcess: LaunchedRun {
  private let pid: pid_t
  private let parentPeak = RunProcess.ownPeak()
  /// MiB
  private var seenPeak = 0.0
  private var end: RunEnd?

  init(_ pid: pid_t) { self.pid = pid }

  func poll() -> RunEnd? {
    if let end { return end }
    lookAtMemory()
    var status: Int32 = 0
    var usage = rusage()
    let found = wait4(pid, &status, WNOHANG, &usage)
    if found == 0 || (found < 0 && errno == EINTR) { return nil }
    guard found == pid else { return RunEnd(status: 255, cpuSeconds: 0, peakRSS: seenPeak) }
    let signal = status & 0x7f
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    let peak = Double(usage.ru_maxrss) / Self.unit
    end = RunEnd(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, signal: signal == 0 ? nil : signal,
      cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
      peakRSS: peak > parentPeak || seenPeak == 0 ? peak : seenPeak)
    return end
  }

  func stop() { if end == nil { kill(pid, SIGINT) } }

  /// `ru_maxrss` in a MiB: KiB on Linux, bytes elsewhere.
  private static var unit: Double {
    #if canImport(Darwin)
      1_048_576
    #else
      1024
    #endif
  }

  private static func ownPeak() -> Double {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #endif
    return Double(usage.ru_maxrss) / unit
  }

  /// `VmHWM: 1234 kB`, where there is `/proc`.
  private func lookAtMemory() {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
    else { return }
    seenPeak = max(seenPeak, (Double(kilobytes) ?? 0) / 1024)
  }
}

/// Ends a run whose runner is gone, as Ctrl-C would: the checkpoint is saved. Nothing happens in a
/// program that no runner started.
public enum ParentWatch {
  /// Holds the runner's process id.
  static let variable = "MAGNETIC_RUNNER"

  /// Call it once, first of all.
  public static func start() {
    guard let text = getenv(variable).map({ String(cString: $0) }) else { return }
    // Programs that a run starts are no runs.
    unsetenv(variable)
    guard let runner = pid_t(text), getppid() == runner else { return }
    let watch = Thread {
      while getppid() == runner { usleep(250_000) }
      kill(getpid(), SIGTERM)
    }
    watch.start()
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags, 0o644) }
