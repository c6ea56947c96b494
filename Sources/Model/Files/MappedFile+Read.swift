import Foundation
import Synchronization

/// Bulk reading past the mapping: what is read never counts as memory of this process twice, as the
/// pages of a mapping beside their copy would, and the copy is made without a fault for each page.
extension MappedFile {
  /// Copies `out.count` bytes from `offset` on, with several threads where that pays. Throws
  /// `ModelError.file` when the system refuses or the file has become shorter.
  func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) throws {
    adviseHugePages(out)
    try forEachPiece(of: out.count, size: 4 << 20) { piece in
      try readPiece(
        at: offset + piece.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: out[piece]))
    }
  }

  /// The same on the calling thread.
  func readPiece(at offset: Int, into out: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < out.count {
      let got = pread(
        descriptor, out.baseAddress?.advanced(by: done), out.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else {
        let reason = got == 0 ? "the file has become shorter" : systemMessage(errno)
        throw ModelError.file(
          path: path, "cannot read \(out.count - done) bytes at \(offset + done): \(reason)")
      }
      done += got
    }
  }
}

/// Runs `body` on the parts of 0..<count, `size` elements each, over the cores; one part runs on the
/// calling thread. Throws what the first part that failed threw; parts that have not begun by then
/// are left out.
func forEachPiece(
  of count: Int, size: Int, _ body: (Range<Int>) throws -> Void
) throws {
  let pieces = (count + size - 1) / size
  guard pieces > 1 else { return try body(0..<count) }
  let failure = Mutex<(any Error)?>(nil)
  // concurrentPerform returns when every part has ended, so nothing outlives this call.
  withoutActuallyEscaping(body) { body in
    let body = UncheckedBody(run: body)
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      guard failure.withLock({ $0 == nil }) else { return }
      do {
        try body.run(piece * size..<min(count, (piece + 1) * size))
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
  }
  if let error = failure.withLock({ $0 }) { throw error }
}

/// The parts touch disjoint memory, which the compiler cannot see.
private struct UncheckedBody: @unchecked Sendable {
  let run: (Range<Int>) throws -> Void
}

/// Asks for large pages under memory that is about to be filled: of the time to fill fresh memory
/// most goes into the faults of small ones. Only a hint.
func adviseHugePages(_ memory: UnsafeMutableRawBufferPointer) {
  #if os(Linux)
    let page = 2 << 20
    guard memory.count >= 2 * page, let base = memory.baseAddress else { return }
    let first = (Int(bitPattern: base) + page - 1) & ~(page - 1)
    let last = (Int(bitPattern: base) + memory.count) & ~(page - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: first), last - first, MADV_HUGEPAGE)
  #endif
}
