import Foundation

/// SentencePiece's `precompiled_charsmap`: what characters become before anything else, as a double
/// array of the keys (darts-clone) and the texts they lead to.
///
/// Little endian: bytes of the array (u32), the array (u32 each), texts in UTF-8 that end with 0.
struct Charsmap: Sendable {
  /// Bytes of the longest text.
  let longest: Int
  private let units: [UInt32]
  private let texts: [UInt8]

  /// - Parameter base64: as the file has it.
  init(base64: String, path: String) throws {
    func wrong(_ text: String) -> ModelError {
      .format(path: path, "normalizer Precompiled: precompiled_charsmap \(text)")
    }
    guard let data = Data(base64Encoded: base64) else { throw wrong("is not base64") }
    let bytes = [UInt8](data)
    func word(_ i: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << UInt32(8 * $1) }
    }
    guard bytes.count >= 8 else { throw wrong("has \(bytes.count) bytes: expected at least 8") }
    let size = Int(word(0))
    guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else {
      throw wrong("has an array of \(size) bytes in \(bytes.count): expected whole words within")
    }
    units = stride(from: 4, to: 4 + size, by: 4).map(word)
    texts = Array(bytes[(4 + size)...])
    guard String(validating: texts, as: UTF8.self) != nil else {
      throw wrong("has texts that are not UTF-8")
    }
    longest = texts.split(separator: 0).map(\.count).max() ?? 0
  }

  /// What the first key that `text` begins with becomes; nil where no key does. The shortest key
  /// wins, also when it is not the whole text: so do huggingface/tokenizers.
  func replacement(of text: TextBytes) -> ArraySlice<UInt8>? {
    guard let index = firstKey(text), index < texts.count, texts[index] & 0xC0 != 0x80 else {
      return nil
    }
    return texts[index...].prefix { $0 != 0 }
  }

  private func firstKey(_ text: TextBytes) -> Int? {
    var node = 0
    var unit = units[0]
    node ^= Self.offset(unit)
    for byte in text {
      if byte == 0 { return nil }
      node ^= Int(byte)
      guard node < units.count else { return nil }
      unit = units[node]
      // The label and, in the highest bit, whether this is a value.
      guard unit & 0x8000_00FF == UInt32(byte) else { return nil }
      node ^= Self.offset(unit)
      guard unit & 0x100 != 0 else { continue }
      return node < units.count ? Int(units[node] & 0x7FFF_FFFF) : nil
    }
    return nil
  }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 0x200) >> 6)
  }

  /// Grapheme clusters below 6 bytes are looked up whole, then each character alone.
  func apply(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + bytes.count / 8)
    bytes.withUnsafeBufferPointer { text in
      var i = 0
      while i < text.count {
        let end = Self.endOfStretch(i, text)
        if end - i == 1 || (end - i == 2 && text[i] == 0x0D) {
          replace(TextBytes(rebasing: text[i..<end]), into: &result)
        } else {
          for var cluster in String(decoding: text[i..<end], as: UTF8.self).map(String.init) {
            cluster.withUTF8 { replace($0, into: &result) }
          }
        }
        i = end
      }
    }
    return result
  }

  /// A stretch within which clusters may be longer than a byte: it ends where two ASCII characters
  /// meet, which no cluster crosses but CR LF.
  private static func endOfStretch(_ start: Int, _ text: TextBytes) -> Int {
    var i = start + 1
    while i < text.count {
      let meet = text[i - 1] < 0x80 && text[i] < 0x80
      if meet && !(text[i - 1] == 0x0D && text[i] == 0x0A) { break }
      i += 1
    }
    return i
  }

  private func replace(_ cluster: TextBytes, into result: inout [UInt8]) {
    if cluster.count < 6, let text = replacement(of: cluster) {
      result.append(contentsOf: text)
      return
    }
    var i = 0
    while i < cluster.count {
      let length = scalarValue(at: i, in: cluster).length
      let part = TextBytes(rebasing: cluster[i..<(i + length)])
      if let text = replacement(of: part) {
        result.append(contentsOf: text)
      } else {
        result.append(contentsOf: part)
      }
      i += length
    }
  }
}
