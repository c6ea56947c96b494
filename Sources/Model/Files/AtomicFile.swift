import Foundation

/// A file that appears whole or not at all: written under a temporary name in the same folder,
/// flushed to the disk and then renamed over the target. Dropped without `commit`, the temporary
/// is removed.
package final class AtomicFile {
  package let path: String
  private let temporary: String
  private var descriptor: Int32

  /// Creates the temporary beside `path`. Throws `ModelError.file`.
  package init(path: String) throws {
    self.path = path
    let url = URL(fileURLWithPath: path)
    let unique = UUID().uuidString.prefix(8)
    let name = ".\(url.lastPathComponent).\(getpid())-\(unique).tmp"
    temporary = url.deletingLastPathComponent().appendingPathComponent(name).path
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw ModelError.file(
        path: path, "cannot create in its folder: \(systemMessage(errno))")
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Appends. A full disk is `ModelError.file`, with the bytes that were to be written.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writeAll(bytes, to: descriptor, path: path)
  }

  func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  /// Flushes, closes and renames; afterwards the file is there under its name.
  package func commit() throws {
    guard fsync(descriptor) == 0 else { throw failure("cannot flush", errno) }
    let closed = close(descriptor)
    let code = errno
    descriptor = -1
    guard closed == 0, rename(temporary, path) == 0 else {
      let reason = closed == 0 ? errno : code
      unlink(temporary)
      throw failure("cannot put in place", reason)
    }
    // The rename itself reaches the disk with its folder. Not every file system allows it.
    let folder = open(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private func failure(_ what: String, _ code: Int32) -> ModelError {
    .file(path: path, "\(what): \(systemMessage(code)); the previous file, if any, is unchanged")
  }

  /// Writes all of `bytes` under `path`, or nothing.
  package static func write(_ bytes: some ContiguousBytes, to path: String) throws {
    let file = try AtomicFile(path: path)
    try bytes.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }

  /// Writes a whole text under `path`, or nothing.
  package static func write(_ text: String, to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(text)
    try file.commit()
  }
}

/// Writes every byte, through short writes and interruptions; `path` is for the message.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
  var rest = bytes
  while let base = rest.baseAddress, rest.count > 0 {
    let written = write(descriptor, base, rest.count)
    if written < 0 && errno == EINTR { continue }
    guard written > 0 else {
      let reason = written == 0 ? "nothing was accepted" : systemMessage(errno)
      throw ModelError.file(
        path: path,
        "cannot write \(rest.count) more bytes: \(reason); free space or choose another folder")
    }
    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
  }
}
