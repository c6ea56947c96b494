import Foundation

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

/// Files that are whole or absent: written beside, forced to the disk, renamed over, and the folder
/// forced to the disk too. A crash at any point leaves the old file.
public enum AtomicFile {
  /// Replaces `path` by `data`.
  /// - Throws: `FileError`; then the old file is as it was and nothing is left beside it.
  public static func write(_ data: Data, to path: String) throws {
    let temporary = "\(path).tmp-\(getpid())"
    do {
      try writeThrough(data, to: temporary)
      try rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes a new file (or over an old one) and forces it to the disk.
  package static func writeThrough(_ data: Data, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
    do {
      try writeAll(data, to: descriptor, path: path)
      try force(descriptor, path: path)
    } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw FileError(call: "close", path: path, code: errno) }
  }

  static func writeAll(_ data: Data, to descriptor: Int32, path: String) throws {
    try data.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = systemWrite(
          descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if count < 0 {
          if errno == EINTR { continue }
          throw FileError(call: "write", path: path, code: errno)
        }
        offset += count
      }
    }
  }

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

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }
