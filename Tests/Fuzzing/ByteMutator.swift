/// Changes that know nothing of the format.
enum ByteMutator {
  /// Inputs are cut to this, so that no chain of duplications grows without end.
  static let largest = 1 << 18

  static func mutate(
    _ bytes: inout [UInt8], with other: [UInt8], _ random: inout FuzzRandom
  ) {
    let range = random.range(in: bytes.count)
    switch random.below(10) {
    case 0, 1:
      guard !bytes.isEmpty else { return }
      bytes[random.below(bytes.count)] ^= 1 << random.below(8)
    case 2:
      guard !bytes.isEmpty else { return }
      bytes[random.below(bytes.count)] = special(&random)
    case 3: bytes.removeSubrange(range)
    case 4:
      let fresh = (0..<random.size(upTo: 64)).map { _ in special(&random) }
      bytes.insert(contentsOf: fresh, at: range.lowerBound)
    case 5: bytes.insert(contentsOf: bytes[range], at: random.below(bytes.count + 1))
    case 6: bytes.removeSubrange(random.below(bytes.count + 1)...)
    case 7: bytes.replaceSubrange(range, with: other[random.range(in: other.count)])
    case 8:
      let times = random.size(upTo: 256)
      bytes.replaceSubrange(range, with: repeatElement(bytes[range], count: times).joined())
    default:
      let cut = random.below(other.count + 1)
      bytes = Array(bytes[..<range.lowerBound]) + other[cut...]
    }
    if bytes.count > largest { bytes.removeSubrange(largest...) }
  }

  private static func special(_ random: inout FuzzRandom) -> UInt8 {
    random.chance(1, in: 2)
      ? random.byte() : random.pick(Array("{}[]\",:\\0-9eu%#\0\n \u{7F}".utf8)) ?? 0
  }
}
