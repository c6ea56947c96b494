import Foundation
import MPOModel

/// A file of JSON lines, of one JSON array of objects, or of plain text, whose rows are read and decoded
/// one at a time. In memory is only where they begin, 8 bytes a row. A file compressed by gzip is unpacked once,
/// into a temporary file without a name.
final class RowFile: Sendable {
  let path: String
  private let file: OpenFile
  private let index: RowIndex
  /// What a row must be, for messages.
  let expected: String

  var count: Int { index.count }

  /// - Throws: `DataError` for a file that is not there, has another format, is damaged, or holds
  ///   nothing.
  init(_ path: String, what: String, expected: String, isText: Bool = false) throws {
    self.path = path
    self.expected = expected
    let source = try OpenFile(path)
    let head = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
    defer { head.deallocate() }
    let start = Array(head[..<(try source.read(at: 0, into: head))])
    try DataFile.refuseOtherFormats(path, start, what, .jsonLines)
    var indexer = RowIndexer(path: path, isText: isText)
    if start.starts(with: [0x1f, 0x8b]) {
      let unpacked = try OpenFile(temporaryFor: path)
      try GzipReader.unpack(source) { part in
        try indexer.add(part)
        try unpacked.append(part)
      }
      file = unpacked
    } else {
      guard !path.lowercased().hasSuffix(".gz") || start.isEmpty else {
        throw DataError.format(path: path, "is named .gz, but is not compressed by gzip; rename it")
      }
      try source.forEachPart { try indexer.add($0) }
      file = source
    }
    index = try indexer.finish()
    guard index.count > 0 else {
      throw DataError.empty(
        path: path,
        isText
          ? "holds no text"
          : "holds nothing; expected \(expected)" + (index.unit == .line ? " on every line" : ""))
    }
  }

  func place(_ row: Int) -> DataPlace {
    DataPlace(path: path, number: index.number(row), unit: index.unit)
  }

  /// The text of a row, without what parts it from the next.
  private func text(_ row: Int) throws -> ArraySlice<UInt8> {
    let part = index.part(row)
    guard part.count <= RowIndexer.longestRow + (1 << 20) else {
      throw RowIndexer.tooLong(place(row))
    }
    var text = try file.bytes(part)[...]
    func trim() { while let last = text.last, last <= 32 { text.removeLast() } }
    switch index.unit {
    case .text:
      if let end = TranscriptSplit.first(RowIndexer.separator, in: text) { text = text[..<end] }
      while let last = text.last, last == 10 || last == 13 { text.removeLast() }
    case .line: trim()
    case .element:
      trim()
      guard text.last == UInt8(ascii: ",") else { break }
      text.removeLast()
      trim()
    }
    return text
  }

  /// Decodes a row, its members in their order; a plain text becomes one with the key `text`.
  /// - Throws: `DataError` naming the place.
  func row(_ row: Int) throws -> DataRow {
    let bytes = try text(row)
    guard index.unit != .text else {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw place(row).failure("expected UTF-8 text")
      }
      let value = JSONValue.string(text.replacing("\r\n", with: "\n"))
      return DataRow(
        place: place(row), object: JSONObject([.init(name: "text", value: value)]),
        expected: expected)
    }
    let value: JSONValue
    do {
      value = try bytes.withUnsafeBytes { try JSONValue(parsing: $0, path: path) }
    } catch {
      let reason = "\(error)".split(separator: ": ", maxSplits: 1).last ?? ""
      throw failure(
        row, bytes, reason.hasPrefix("not valid JSON") ? String(reason) : "not valid JSON")
    }
    guard let object = value.object else { throw failure(row, bytes, "no JSON object") }
    return DataRow(place: place(row), object: object, expected: expected)
  }

  private func failure(_ row: Int, _ bytes: ArraySlice<UInt8>, _ reason: String) -> DataError {
    let text = quoted(String(decoding: bytes.prefix(400), as: UTF8.self), limit: 80)
    return place(row).failure("\(reason); expected \(expected), found \(text)")
  }
}
