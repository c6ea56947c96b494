import Foundation

/// A regular file mapped read-only, and open for reading in bulk (`read`). Both live as long as the
/// object.
///
/// The file must not be shortened meanwhile: the system then kills the process on access to `bytes`
/// (`read` throws). Writers in this library replace files by renaming, which leaves a mapping whole.
/// Nothing changes after `init`, so threads may share it.
final class MappedFile: @unchecked Sendable {
  let path: String
  let bytes: UnsafeRawBufferPointer
  let descriptor: Int32

  /// Throws `ModelError.file` when it cannot be opened, is not a regular file or cannot be mapped.
  init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ModelError.file(path: path, "cannot open: \(systemMessage(errno))")
    }
    var mapped = false
    defer { if !mapped { close(descriptor) } }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ModelError.file(path: path, "cannot read its size: \(systemMessage(errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError.file(path: path, "expected a regular file, found a folder or a device")
    }
    let size = Int(status.st_size)
    self.path = path
    self.descriptor = descriptor
    var base: UnsafeMutableRawPointer?
    if size > 0 {
      base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard base != MAP_FAILED else {
        throw ModelError.file(path: path, "cannot map: \(systemMessage(errno))")
      }
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
    mapped = true
  }

  deinit {
    close(descriptor)
    guard let base = bytes.baseAddress else { return }
    munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
  }
}

/// The system's words for an `errno`.
package func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
