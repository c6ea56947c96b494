/// The merges of a byte-pair model: a pair of pieces to the merge's rank and the piece it gives.
/// Open addressing over one array; a look-up is a multiplication and usually one cache line.
struct MergeTable: Sendable {
  private struct Slot {
    /// left << 32 | right; all ones when free (no id is negative).
    var key: UInt64
    /// rank << 32 | id.
    var value: UInt64
  }

  /// What `find` gives for a pair that does not merge; larger than every merge.
  static let none = UInt64.max

  private var slots: [Slot]
  private let shift: UInt64
  private let mask: Int

  /// Room for `count` merges at half load.
  init(capacity count: Int) {
    var bits: UInt64 = 4
    while 1 << bits < count * 2 { bits += 1 }
    shift = 64 - bits
    mask = (1 << Int(bits)) - 1
    slots = Array(repeating: Slot(key: .max, value: Self.none), count: 1 << Int(bits))
  }

  /// Adds a merge. A pair that is there already takes the later rank, as in Hugging Face's map.
  mutating func insert(left: Int32, right: Int32, rank: Int, id: Int32) {
    let key = Self.key(left, right)
    let rank = UInt64(UInt32(truncatingIfNeeded: rank))
    var i = index(key)
    while slots[i].key != .max && slots[i].key != key { i = (i + 1) & mask }
    slots[i] = Slot(key: key, value: rank << 32 | UInt64(UInt32(bitPattern: id)))
  }

  /// rank << 32 | id of the merge of the pair, or `none`. Lower is earlier.
  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> UInt64 {
    let key = Self.key(left, right)
    return slots.withUnsafeBufferPointer { slots in
      var i = index(key)
      while true {
        let slot = slots[i]
        if slot.key == key { return slot.value }
        if slot.key == .max { return Self.none }
        i = (i + 1) & mask
      }
    }
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func index(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }
}
