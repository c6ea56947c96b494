import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file operation that the system refused.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// `write`, `rename`, ...
  public var call: String
  public var path: String
  /// errno
  public var code: Int32
  public init(call: String, path: String, code: Int32) {
    self.call = call
    self.path = path
    self.code = code
  }

  public var description: String {
    let advice = isDiskFull ? "; free some space there" : ""
    return "\(path): \(call) failed: \(systemMessage(code))\(advice)"
  }
  /// No space, or over the quota.
  public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
}

/// Names and contents that are on the disk when the call returns; `AtomicFile` writes whole files.
enum DurableFile {
  /// Renames within a folder and forces the folder to the disk.
  static func rename(_ from: String, to path: String) throws {
    guard systemRename(from, path) == 0 else {
      throw FileError(call: "rename", path: path, code: errno)
    }
    try forceFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  /// fsync of a folder: its list of names.
  static func forceFolder(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
    defer { close(descriptor) }
    try force(descriptor, path: path, folder: true)
  }

  /// fsync of a file that somebody else wrote.
  static func forceFile(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
    defer { close(descriptor) }
    try force(descriptor, path: path)
  }

  private static func force(_ descriptor: Int32, path: String, folder: Bool = false) throws {
    while fsync(descriptor) != 0 {
      if errno == EINTR { continue }
      // Some file systems cannot sync a folder, or a device like /dev/null.
      if errno == EINVAL || errno == EROFS || (folder && errno == EBADF) { return }
      throw FileError(call: "fsync", path: path, code: errno)
    }
  }
}

private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }
