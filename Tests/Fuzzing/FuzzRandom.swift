/// The numbers behind a mutated input: SplitMix64, begun anew for every input from the run's seed,
/// the reader's name and the input's number, so that each can be made again alone.
public struct FuzzRandom {
  private var state: UInt64

  public init(seed: UInt64, reader: String, index: Int) {
    // FNV-1a of the name keeps readers apart.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in reader.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    state = seed &* 0x9E37_79B9_7F4A_7C15 ^ hash ^ UInt64(truncatingIfNeeded: index) << 20
    _ = next()
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// 0 ..< max(n, 1).
  public mutating func below(_ n: Int) -> Int { Int(next() % UInt64(max(n, 1))) }
  public mutating func chance(_ times: Int, in of: Int) -> Bool { below(of) < times }
  public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 32) }

  /// Small sizes far more often than large ones: up to 2^k for a random k.
  public mutating func size(upTo limit: Int) -> Int {
    min(limit, 1 + below(1 << (1 + below(12))))
  }

  public mutating func pick<Items: RandomAccessCollection>(_ items: Items) -> Items.Element?
  where Items.Index == Int {
    items.isEmpty ? nil : items[items.startIndex + below(items.count)]
  }

  /// A part of 0..<count, maybe empty.
  public mutating func range(in count: Int) -> Range<Int> {
    let start = below(count + 1)
    return start..<min(count, start + size(upTo: 4096) - 1)
  }
}
