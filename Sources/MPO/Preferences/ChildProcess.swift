import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A program that answers one line for one line, kept running. One owner, one thread at a time.
/// Both pipes and its standard error are served by one `poll`, so neither side can block the other
/// however large a line is; a closed pipe is an error and never SIGPIPE. The child is in a process
/// group of its own: Ctrl-C on a terminal does not reach it, and ending it ends what it started.
final class ChildProcess {
  /// Why an exchange failed.
  enum Failure: Error, Equatable {
    case start(String)
    /// "exited with status 3", "was killed by signal 9 (SIGKILL)", ...
    case ended(String)
    case timeout
    /// A line longer than `maximumLine`.
    case tooLong(Int)
    /// A line that no question asked for.
    case unasked([UInt8])
  }

  /// Bytes of standard error that are kept.
  static let keptStderr = 4096
  /// An answer longer than this is not an answer (1 GiB; a 4096 x 4096 matrix is about 200 MiB).
  static let maximumLine = 1 << 30

  private var pid: pid_t = -1
  private var input: Int32 = -1
  private var output: Int32 = -1
  private var errors: Int32 = -1
  private var received: [UInt8] = []
  /// How far `received` is known to hold no newline.
  private var scanned = 0
  private var stderrTail: [UInt8] = []

  /// Starts `arguments[0]`, looked up in PATH.
  /// - Throws: `Failure.start`.
  init(_ arguments: [String]) throws {
    var opened: [Int32] = []
    do {
      let stdin = try Self.makePipe()
      opened += [stdin.read, stdin.write]
      let stdout = try Self.makePipe()
      opened += [stdout.read, stdout.write]
      let stderr = try Self.makePipe()
      opened += [stderr.read, stderr.write]
      pid = try Self.spawn(arguments, stdin: stdin.read, stdout: stdout.write, stderr: stderr.write)
      for descriptor in [stdin.read, stdout.write, stderr.write] { close(descriptor) }
      (input, output, errors) = (stdin.write, stdout.read, stderr.read)
      for descriptor in [input, output, errors] {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL, 0) | O_NONBLOCK)
      }
    } catch {
      for descriptor in opened { close(descriptor) }
      throw error
    }
  }

  deinit { end() }

  /// The last 4 KiB the program wrote on its standard error.
  var stderr: String { String(decoding: stderrTail, as: UTF8.self) }

  /// Writes `line` and a newline, and returns the next line of its standard output without its end.
  /// - Throws: `Failure`; after one the conversation is out of step and the process is of no more use.
  func exchange(_ line: [UInt8], seconds: Double) throws -> [UInt8] {
    guard pid > 0 else { throw Failure.ended("is not running") }
    let restore = Self.blockBrokenPipe()
    defer { restore() }
    guard received.isEmpty, try readOutput() else {
      if let extra = takeLine() { throw Failure.unasked(extra) }
      throw received.isEmpty ? ended() : Failure.unasked(received)
    }
    if !received.isEmpty { throw Failure.unasked(takeLine() ?? received) }
    let message = line + [10]
    var sent = 0
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    while true {
      if sent == message.count, let answer = takeLine() { return answer }
      let left = clock.now.duration(to: deadline)
      let milliseconds =
        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      guard left > .zero else { throw Failure.timeout }
      var polls = [
        pollfd(fd: output, events: Int16(POLLIN), revents: 0),
        pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      ]
      if sent < message.count {
        polls.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0))
      }
      let ready = poll(
        &polls, nfds_t(polls.count), Int32(clamping: min(milliseconds + 1, 3_600_000)))
      if ready < 0, errno != EINTR {
        throw Failure.ended("cannot be waited for: \(systemMessage(errno))")
      }
      guard ready > 0 else { continue }
      if polls[1].revents != 0 { drainErrors() }
      if polls[0].revents != 0, try !readOutput() { throw ended() }
      if polls.count == 3, polls[2].revents != 0 {
        let count = message.withUnsafeBytes { bytes in
          write(input, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
        }
        if count > 0 {
          sent += count
        } else if errno == EPIPE {
          throw ended()
        } else if errno != EAGAIN, errno != EINTR {
          throw Failure.ended("cannot be written to: \(systemMessage(errno))")
        }
      }
    }
  }

  /// Closes the pipes; a program that does not leave within 0.2 s is killed with all it started.
  func end() {
    for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
    (input, output, errors) = (-1, -1, -1)
    guard pid > 0 else { return }
    if wait(seconds: 0.2) == nil {
      kill(-pid, SIGTERM)
      if wait(seconds: 0.5) == nil {
        kill(-pid, SIGKILL)
        _ = wait(seconds: 5)
      }
    }
    pid = -1
  }

  // MARK: - Reading

  private func takeLine() -> [UInt8]? {
    guard let end = received[scanned...].firstIndex(of: 10) else {
      scanned = received.count
      return nil
    }
    var line = Array(received[..<end])
    if line.last == 13 { line.removeLast() }
    received.removeSubrange(...end)
    scanned = 0
    return line
  }

  /// False at the end of the output.
  private func readOutput() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(output, &buffer, buffer.count)
    if count > 0 { received += buffer[..<count] }
    guard received.count <= Self.maximumLine else { throw Failure.tooLong(received.count) }
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
  }

  private func drainErrors() {
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while errors >= 0 {
      let count = read(errors, &buffer, buffer.count)
      if count > 0 {
        stderrTail += buffer[..<count]
        if stderrTail.count > Self.keptStderr {
          stderrTail.removeFirst(stderrTail.count - Self.keptStderr)
        }
      } else if count == 0 {
        close(errors)
        errors = -1
      } else if errno != EINTR {
        return
      }
    }
  }

  // MARK: - Ending

  private func ended() -> Failure {
    let status = wait(seconds: 1)
    drainErrors()
    guard let status else { return .ended("closed its standard output or input") }
    pid = -1
    let signal = status & 0x7f
    guard signal == 0 else { return .ended("was killed by signal \(signal)\(signalName(signal))") }
    let code = (status >> 8) & 0xff
    return .ended("exited with status \(code)" + (code == 127 ? " (command not found)" : ""))
  }

  /// The wait status, or nil while it still runs after `seconds`.
  private func wait(seconds: Double) -> Int32? {
    var status: Int32 = 0
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    while true {
      let result = waitpid(pid, &status, WNOHANG)
      if result == pid || (result < 0 && errno == ECHILD) { return status }
      guard clock.now < deadline else { return nil }
      usleep(2000)
    }
  }
}

private func signalName(_ signal: Int32) -> String {
  switch signal {
  case SIGKILL: return " (SIGKILL; out of memory?)"
  case SIGSEGV: return " (SIGSEGV)"
  case SIGABRT: return " (SIGABRT)"
  case SIGTERM: return " (SIGTERM)"
  default: return ""
  }
}
