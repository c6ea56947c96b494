/// GPT-2's writing of bytes as printable characters (openai/gpt-2, `bytes_to_unicode`): a byte that
/// is a printable Latin-1 character stands for itself, the other 68 are U+0100 and up in order.
enum ByteLevelAlphabet {
  /// The character of each byte.
  static let scalars: [UnicodeScalar] = {
    var next: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return UnicodeScalar(byte)
      default:
        defer { next += 1 }
        return UnicodeScalar(next) ?? UnicodeScalar(byte)
      }
    }
  }()

  /// The byte of each character below U+0144, -1 for none; there are none above.
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  /// The bytes that a piece stands for; nil when it has a character outside the alphabet.
  static func bytes(of piece: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(piece.count)
    let sound = piece.withUnsafeBufferPointer { text in
      var i = 0
      while i < text.count {
        let (value, length) = scalarValue(at: i, in: text)
        guard value < 0x144, bytes[Int(value)] >= 0 else { return false }
        result.append(UInt8(truncatingIfNeeded: bytes[Int(value)]))
        i += length
      }
      return true
    }
    return sound ? result : nil
  }
}
