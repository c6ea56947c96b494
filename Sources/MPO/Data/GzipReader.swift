import CZlib

/// Unpacks gzip (RFC 1952) in one pass, 1 MiB at a time, whatever the size: several members one after
/// the other are one text, zeros behind the last are padding, and every check sum is compared.
final class GzipReader {
  private var stream = z_stream()
  private let path: String
  private var isOpen = false

  private init(_ path: String) throws {
    self.path = path
    // 16 + 15: a gzip header, and its largest window.
    let status = inflateInit2_(
      &stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw DataError.unreadable(path: path, "zlib does not start (code \(status))")
    }
    isOpen = true
  }

  deinit { if isOpen { inflateEnd(&stream) } }

  /// Calls `body` with one part of the content after the other.
  /// - Throws: `DataError.format` for a file that is damaged or cut off, and what `body` throws.
  static func unpack(
    _ file: OpenFile, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let reader = try GzipReader(file.path)
    let out = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { out.deallocate() }
    var isInside = false
    var members = 0
    try file.forEachPart { part in
      var rest = part
      while !rest.isEmpty {
        if !isInside, members > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest.drop { $0 == 0 })
          if rest.isEmpty { break }
        }
        isInside = true
        if try reader.inflate(&rest, out, body) {
          isInside = false
          members += 1
        }
      }
    }
    guard !isInside, members > 0 else {
      throw DataError.format(
        path: file.path, "the compressed file is cut off; copy it again (gzip -t tests it)")
    }
  }

  /// Unpacks `rest` up to its end or to that of a member, and takes off what it used.
  /// - Returns: whether a member ended.
  private func inflate(
    _ rest: inout UnsafeRawBufferPointer, _ out: UnsafeMutableRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    stream.next_in = UnsafeMutablePointer(
      mutating: rest.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.avail_in = UInt32(rest.count)
    defer {
      rest = UnsafeRawBufferPointer(rebasing: rest[(rest.count - Int(stream.avail_in))...])
    }
    while true {
      stream.next_out = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(out.count)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        let reason = stream.msg.map { String(cString: $0) } ?? "code \(status)"
        throw DataError.format(
          path: path,
          "the compressed file is damaged (\(reason)); copy it again (gzip -t tests it)")
      }
      let count = out.count - Int(stream.avail_out)
      if count > 0 { try body(UnsafeRawBufferPointer(rebasing: out[..<count])) }
      if status == Z_STREAM_END {
        inflateReset(&stream)
        return true
      }
      if stream.avail_in == 0, stream.avail_out > 0 { return false }
    }
  }
}
