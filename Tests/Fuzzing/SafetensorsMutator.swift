/// Changes to a safetensors file: of the header's fields, of its length, of the data's size.
enum SafetensorsMutator {
  static func mutate(
    _ bytes: inout [UInt8], with other: [UInt8], _ random: inout FuzzRandom
  ) {
    guard let (header, data) = parts(bytes), let (donor, _) = parts(other) else {
      return ByteMutator.mutate(&bytes, with: other, &random)
    }
    var text = Array(header)
    var rest = Array(data)
    if random.chance(9, in: 10) { JSONMutator.mutate(&text, with: Array(donor), &random) }
    if random.chance(1, in: 8) { text += [UInt8](repeating: 0x20, count: random.below(32)) }
    switch random.below(12) {
    case 0: rest.removeSubrange(random.below(rest.count + 1)...)
    case 1: rest += [UInt8](repeating: random.byte(), count: random.size(upTo: 4096))
    default: break
    }
    let length = random.chance(1, in: 6) ? lie(text.count, rest.count, &random) : UInt64(text.count)
    bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + text + rest
  }

  /// Header and data as the file's own length gives them.
  private static func parts(
    _ bytes: [UInt8]
  ) -> (header: ArraySlice<UInt8>, data: ArraySlice<UInt8>)? {
    guard bytes.count >= 8 else { return nil }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= bytes.count - 8 else { return nil }
    return (bytes[8..<(8 + Int(length))], bytes[(8 + Int(length))...])
  }

  private static func lie(_ header: Int, _ data: Int, _ random: inout FuzzRandom) -> UInt64 {
    let lies: [UInt64] = [
      0, 1, UInt64(header) + 1, UInt64(max(header, 1)) - 1, UInt64(header + data),
      UInt64(header + data) + 1, 99_999_999, 100_000_000, 100_000_001, 1 << 31, 1 << 32, 1 << 62,
      1 << 63, .max, .max - 7,
    ]
    return random.pick(lies) ?? 0
  }
}
