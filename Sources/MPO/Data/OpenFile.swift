import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file that parts are read from, at any place and by any thread. Read and not mapped: what was
/// read long ago is then the system's to forget, never counts as this process' memory, and a file
/// that becomes shorter is an error and no signal.
final class OpenFile: Sendable {
  /// For messages.
  let path: String
  let descriptor: Int32

  /// - Throws: `DataError.unreadable`.
  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    self.path = path
    guard descriptor >= 0 else { throw DataError.unreadable(path: path, systemMessage(errno)) }
  }

  /// A new, empty file without a name, gone with the object however the process ends. `path` names
  /// in messages what it holds. It lies in `TMPDIR`, else in /var/tmp, for /tmp may be memory.
  init(temporaryFor path: String) throws {
    let given = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
    let isThere = FileManager.default.fileExists(atPath: "/var/tmp")
    let folder = !given.isEmpty ? given : isThere ? "/var/tmp" : "/tmp"
    var template = Array("\(folder)/magnetic-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    self.path = path
    guard descriptor >= 0 else {
      throw DataError.unreadable(
        path: path,
        "no temporary file for its content in '\(folder)' (TMPDIR): \(systemMessage(errno))")
    }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Reads what there is from `offset` on, at most `out.count` bytes.
  func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < out.count {
      let got = pread(
        descriptor, out.baseAddress?.advanced(by: done), out.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw DataError.unreadable(path: path, systemMessage(errno)) }
      if got == 0 { break }
      done += got
    }
    return done
  }

  /// The bytes of a part.
  /// - Throws: `DataError.unreadable` where the file has become shorter.
  func bytes(_ part: Range<Int>) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: part.count) { buffer, count in
      count = try read(at: part.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
      guard count == part.count else {
        throw DataError.unreadable(path: path, "it has become shorter while it was read")
      }
    }
  }

  /// Writes at the end.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let put = write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else {
        throw DataError.unreadable(
          path: path,
          "cannot write its content to a temporary file (TMPDIR): \(systemMessage(errno))")
      }
      done += put
    }
  }

  /// Calls `body` with one part after the other, 1 MiB each.
  func forEachPart(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    var offset = 0
    while true {
      let count = try read(at: offset, into: buffer)
      guard count > 0 else { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += count
    }
  }
}
