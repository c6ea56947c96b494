import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Lines of a file that may be larger than memory and may be growing.
struct LineReader {
  let path: String
  /// A longer line is told as `.tooLong` and not kept.
  var longest = 64 << 20
  private static let chunk = 1 << 20

  enum Line {
    /// Without its end. `isEnded` is false for what follows the last newline: a line that is being
    /// written, or that a crash left.
    case text(UnsafeRawBufferPointer, isEnded: Bool)
    case tooLong
  }

  /// Calls `body` with the number (from 1) and the bytes of every line that is not blank.
  /// - Throws: `FileError`, and what `body` throws.
  func forEachLine(_ body: (Int, Line) throws -> Void) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: Self.chunk)
    var rest: [UInt8] = []
    var isTooLong = false
    var number = 0

    func finish(_ bytes: UnsafeRawBufferPointer, isEnded: Bool) throws {
      number += 1
      if isTooLong || bytes.count > longest {
        isTooLong = false
        return try body(number, .tooLong)
      }
      guard bytes.contains(where: { $0 != 32 && $0 != 9 && $0 != 13 }) else { return }
      try body(number, .text(bytes, isEnded: isEnded))
    }

    while true {
      let count = read(descriptor, &buffer, Self.chunk)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(call: "read", path: path, code: errno) }
      guard count > 0 else { break }
      try buffer.withUnsafeBytes { bytes in
        var part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
        while let newline = part.firstIndex(of: 10) {
          let line = UnsafeRawBufferPointer(rebasing: part[..<newline])
          if rest.isEmpty {
            try finish(line, isEnded: true)
          } else {
            rest += line
            try rest.withUnsafeBytes { try finish($0, isEnded: true) }
            rest.removeAll(keepingCapacity: true)
          }
          part = UnsafeRawBufferPointer(rebasing: part[(newline + 1)...])
        }
        if rest.count + part.count > longest {
          isTooLong = true
          rest.removeAll()
        } else if !isTooLong {
          rest += part
        }
      }
    }
    if isTooLong || !rest.isEmpty { try rest.withUnsafeBytes { try finish($0, isEnded: false) } }
  }
}
