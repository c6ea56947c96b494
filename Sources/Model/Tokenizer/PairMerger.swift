/// Applies merges to the symbols of one piece: always the one of lowest rank, the leftmost of
/// equals, until none applies. Holds its scratch memory, so that a text costs few allocations.
struct PairMerger {
  /// Pieces up to this many symbols are merged by scanning, O(n^2) but without a heap.
  private static let scanLimit = 32

  /// The piece's symbols; `merge` replaces them by the result.
  var symbols: [Int32] = []
  private var merges: [UInt64] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var heap: [Candidate] = []

  /// A merge that was possible at `position` when it was found.
  private struct Candidate {
    /// rank << 32 | position: the order in which merges are done.
    var order: UInt64
    var id: Int32
    var position: Int { Int(truncatingIfNeeded: order & 0xFFFF_FFFF) }
  }

  mutating func merge(_ table: MergeTable) {
    if symbols.count < 2 { return }
    if symbols.count <= Self.scanLimit { scan(table) } else { mergeByHeap(table) }
  }

  private mutating func scan(_ table: MergeTable) {
    var count = symbols.count
    merges.removeAll(keepingCapacity: true)
    for i in 1..<count { merges.append(table.find(symbols[i - 1], symbols[i])) }
    symbols.withUnsafeMutableBufferPointer { symbols in
      merges.withUnsafeMutableBufferPointer { merges in
        while count > 1 {
          var best = 0
          // The rank decides; equal ranks are the same merge, and the first one found stays.
          for i in 1..<max(1, count - 1) where merges[i] < merges[best] { best = i }
          guard merges[best] != MergeTable.none else { break }
          symbols[best] = Int32(truncatingIfNeeded: merges[best] & 0xFFFF_FFFF)
          count -= 1
          for i in (best + 1)..<max(best + 1, count) { symbols[i] = symbols[i + 1] }
          for i in best..<max(best, count - 1) { merges[i] = merges[i + 1] }
          if best > 0 { merges[best - 1] = table.find(symbols[best - 1], symbols[best]) }
          if best + 1 < count { merges[best] = table.find(symbols[best], symbols[best + 1]) }
        }
      }
    }
    symbols.removeLast(symbols.count - count)
  }

  /// O(n log n): symbols in a linked list, candidates in a binary heap. A candidate whose symbols
  /// have changed meanwhile is dropped when it comes up.
  private mutating func mergeByHeap(_ table: MergeTable) {
    let count = symbols.count
    next = (1...Int32(count)).map { $0 == count ? -1 : $0 }
    previous = (-1..<Int32(count) - 1).map { $0 }
    heap.removeAll(keepingCapacity: true)
    for i in 0..<(count - 1) { propose(i, i + 1, table) }
    while let top = pop() {
      let left = top.position
      guard symbols[left] >= 0, next[left] >= 0 else { continue }
      let right = Int(next[left])
      let found = table.find(symbols[left], symbols[right])
      guard found != MergeTable.none, Self.id(found) == top.id else { continue }
      symbols[left] = top.id
      symbols[right] = -1
      next[left] = next[right]
      if next[right] >= 0 {
        previous[Int(next[right])] = Int32(left)
        propose(left, Int(next[right]), table)
      }
      if previous[left] >= 0 { propose(Int(previous[left]), left, table) }
    }
    symbols.removeAll { $0 < 0 }
  }

  private static func id(_ merge: UInt64) -> Int32 {
    Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF)
  }

  private mutating func propose(_ left: Int, _ right: Int, _ table: MergeTable) {
    let found = table.find(symbols[left], symbols[right])
    guard found != MergeTable.none else { return }
    let order = (found >> 32) << 32 | UInt64(UInt32(truncatingIfNeeded: left))
    heap.append(Candidate(order: order, id: Self.id(found)))
    var i = heap.count - 1
    while i > 0 {
      let parent = (i - 1) / 2
      guard heap[i].order < heap[parent].order else { break }
      heap.swapAt(i, parent)
      i = parent
    }
  }

  private mutating func pop() -> Candidate? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return top }
    heap[0] = last
    var i = 0
    while true {
      var child = 2 * i + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count && heap[child + 1].order < heap[child].order { child += 1 }
      guard heap[child].order < heap[i].order else { break }
      heap.swapAt(i, child)
      i = child
    }
    return top
  }
}
