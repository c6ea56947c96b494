import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Only one process trains into a folder: an advisory lock on `.lock` in it, held for the object's
/// life. The system lets go of it when the process ends, however it ends; the file, with the
/// process' id for the other's message, stays.
public final class RunLock {
  public static let fileName = ".lock"
  private let descriptor: Int32

  /// Makes the folder where it is missing.
  /// - Throws: `CheckpointError.locked`; `FileError` when the folder cannot be written. A file system
  ///   without locks is used without one.
  public init(_ outputDirectory: String) throws {
    try makeOutputFolder(outputDirectory)
    let path = outputDirectory + "/" + Self.fileName
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      let holder = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      close(descriptor)
      throw CheckpointError.locked(
        folder: outputDirectory, pid: Int(holder.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
    // Only a message depends on the number, so a full disk is no fault here.
    ftruncate(descriptor, 0)
    try? Data("\(getpid())\n".utf8).withUnsafeBytes {
      try writeAll($0, to: descriptor, path: path)
    }
  }

  deinit { close(descriptor) }
}

/// Makes a run's folder; throws `FileError` when that, or writing in it, is not possible.
func makeOutputFolder(_ path: String) throws {
  do {
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path, isDirectory: true), withIntermediateDirectories: true)
  } catch {
    throw FileError(call: "mkdir", path: path, code: posixCode(error))
  }
  guard access(path, W_OK) == 0 else {
    throw FileError(call: "access", path: path, code: errno)
  }
}
