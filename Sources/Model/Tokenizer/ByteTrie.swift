/// Byte strings to numbers: finds every string that a text has at a place. Edges are in one open
/// hash table of 16-byte slots, so that a step is usually one cache line.
struct ByteTrie: Sendable {
  private struct Slot {
    /// node << 8 | byte; all ones when free.
    var key: UInt64
    var child: UInt32
    /// What was stored for the string that ends at the child, -1 for none.
    var value: Int32
  }

  /// Nodes are fewer than the bytes of all strings; more than this are refused.
  static let largest = 1 << 28

  private var slots: [Slot]
  private var shift: UInt64
  private var mask: Int
  private var nodes: UInt32 = 1
  /// Whether a string begins with the byte.
  private(set) var begins = [Bool](repeating: false, count: 256)

  /// Room for strings of `count` bytes together; it grows when there are more.
  init(byteCount count: Int = 0) {
    var bits: UInt64 = 6
    while 1 << bits < count + count / 2 && bits < 26 { bits += 1 }
    shift = 64 - bits
    mask = (1 << Int(bits)) - 1
    slots = Array(repeating: Slot(key: .max, child: 0, value: -1), count: 1 << Int(bits))
  }

  /// Stores a value, not negative, for a string that is not empty. `replaces` tells whether it
  /// takes the place of one that is there.
  mutating func insert(_ string: some Sequence<UInt8>, _ value: Int32, replaces: Bool) {
    var node: UInt32 = 0
    var last = -1
    for byte in string {
      if last < 0 { begins[Int(byte)] = true }
      if Int(nodes) * 3 > slots.count * 2 { grow() }
      let key = UInt64(node) << 8 | UInt64(byte)
      last = place(of: key)
      if slots[last].key == .max {
        slots[last] = Slot(key: key, child: nodes, value: -1)
        nodes += 1
      }
      node = slots[last].child
    }
    if last >= 0 && (replaces || slots[last].value < 0) { slots[last].value = value }
  }

  private func place(of key: UInt64) -> Int {
    var i = index(key)
    while slots[i].key != .max && slots[i].key != key { i = (i + 1) & mask }
    return i
  }

  private mutating func grow() {
    let old = slots
    shift -= 1
    mask = mask << 1 | 1
    slots = Array(repeating: Slot(key: .max, child: 0, value: -1), count: mask + 1)
    for slot in old where slot.key != .max { slots[place(of: slot.key)] = slot }
  }

  @inline(__always)
  private func index(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }

  /// Calls `body` with the value and the end of every string that the text has at `start`, the
  /// shortest first.
  @inline(__always)
  func matches(at start: Int, in text: TextBytes, _ body: (Int32, Int) -> Void) {
    slots.withUnsafeBufferPointer { slots in
      var node: UInt32 = 0
      var i = start
      while i < text.count {
        let key = UInt64(node) << 8 | UInt64(text[i])
        var at = index(key)
        while slots[at].key != key {
          if slots[at].key == .max { return }
          at = (at + 1) & mask
        }
        i += 1
        node = slots[at].child
        if slots[at].value >= 0 { body(slots[at].value, i) }
      }
    }
  }

  /// The value of a whole string.
  func value(of text: TextBytes) -> Int32? {
    var found: Int32?
    matches(at: 0, in: text) { value, end in if end == text.count { found = value } }
    return found
  }
}
