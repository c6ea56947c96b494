import Foundation
import MPO

/// One line on standard output, at once.
/// - Throws: `FileError` when it cannot be written (a full disk): results are never lost in silence.
func output(_ line: String) throws {
  let code = writeAll(line + "\n", to: 1)
  guard code == 0 else { throw FileError(call: "write", path: "standard output", code: code) }
}

/// One line on standard error; nothing happens where nobody reads it.
func note(_ line: String) { _ = writeAll(line + "\n", to: 2) }

/// Opens /dev/null in place of standard streams that are closed. The next file opened would take
/// the number of one, and lines for the user would end up in it.
func openMissingStreams() {
  for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
    _ = open("/dev/null", O_RDWR)
  }
}

/// 0, or the errno that stopped it.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return count < 0 ? errno : EIO }
    rest = rest.dropFirst(count)
  }
  return 0
}
