import MPOBackend

/// How far a run is through its data; stored in a checkpoint, so a resume continues exactly.
public struct DataCursor: Codable, Sendable, Equatable {
  /// Completed passes.
  public var epoch: Int
  /// Examples taken of this one.
  public var position: Int
  public init(epoch: Int = 0, position: Int = 0) {
    self.epoch = epoch
    self.position = position
  }
}

/// One part of what is drawn from.
public struct SamplerPart: Sendable, Equatable {
  /// Examples.
  public var count: Int
  /// Share of the draws, before the weights are divided by their sum; nil where no part has one.
  public var weight: Double?
  public init(count: Int, weight: Double? = nil) {
    self.count = count
    self.weight = weight
  }
}

/// The order in which examples are taken, which depends on (seed, epoch) only. A batch may span two
/// epochs; none is short.
///
/// Without weights every example comes once in each epoch: a Fisher-Yates shuffle by Philox, domain
/// `shuffle`, stream = epoch. With weights w an epoch is as long, N = the examples of all parts
/// together, and part s has exactly c_s of its draws: N w_s / sum(w), rounded by the largest
/// remainders (the earlier part first where they are equal). Its examples are gone through pass by
/// pass, each pass in an order of its own (the same shuffle, stream = 2^31 + 2^20 s + pass), and an
/// epoch takes up where the last one stopped: of a large part every example comes in time, of a
/// small one several times in an epoch. All draws of an epoch are then shuffled as above.
public struct EpochSampler: Sendable {
  /// Draws of an epoch.
  public var count: Int { parts.reduce(0) { $0 + $1.count } }
  public let parts: [SamplerPart]
  public let seed: UInt64
  public private(set) var cursor: DataCursor
  private var order: [Int]

  /// - Precondition: `count` > 0. A cursor past the end (the file became shorter) starts the next
  ///   epoch.
  public init(count: Int, seed: UInt64, cursor: DataCursor = DataCursor()) {
    self.init([SamplerPart(count: count)], seed: seed, cursor: cursor)
  }

  /// Indices count through the parts, one after the other.
  /// - Precondition: every part has an example, and a weight above 0 or no part has one.
  public init(_ parts: [SamplerPart], seed: UInt64, cursor: DataCursor = DataCursor()) {
    precondition(
      !parts.isEmpty && parts.allSatisfy { $0.count > 0 }, "an epoch needs at least one example")
    self.parts = parts
    self.seed = seed
    self.cursor = DataCursor(epoch: max(0, cursor.epoch), position: max(0, cursor.position))
    order = Self.order(parts, seed: seed, epoch: self.cursor.epoch)
  }

  /// Indices of the next `batch` examples.
  public mutating func next(_ batch: Int) -> [Int] {
    var indices: [Int] = []
    indices.reserveCapacity(batch)
    while indices.count < batch {
      if cursor.position >= order.count {
        cursor = DataCursor(epoch: cursor.epoch + 1)
        order = Self.order(parts, seed: seed, epoch: cursor.epoch)
      }
      indices.append(order[cursor.position])
      cursor.position += 1
    }
    return indices
  }

  /// Passes so far, with the fraction of this one.
  public var epochs: Double {
    Double(cursor.epoch) + Double(cursor.position) / Double(order.count)
  }

  /// The permutation of an epoch.
  public static func order(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order, seed: seed, stream: UInt32(truncatingIfNeeded: epoch))
    return order
  }

  /// The draws of an epoch.
  public static func order(_ parts: [SamplerPart], seed: UInt64, epoch: Int) -> [Int] {
    let draws = Self.draws(parts)
    var order: [Int] = []
    var first = 0
    for (s, part) in parts.enumerated() {
      defer { first += part.count }
      guard part.weight != nil else {
        order += first..<(first + part.count)
        continue
      }
      var position = epoch * draws[s]
      let end = position + draws[s]
      while position < end {
        let (pass, start) = position.quotientAndRemainder(dividingBy: part.count)
        var rows = Array(0..<part.count)
        shuffle(
          &rows, seed: seed,
          stream: 1 << 31 | UInt32(truncatingIfNeeded: s << 20) | UInt32(pass & (1 << 20 - 1)))
        let taken = rows[start..<min(part.count, start + end - position)]
        order += taken.map { first + $0 }
        position += taken.count
      }
    }
    shuffle(&order, seed: seed, stream: UInt32(truncatingIfNeeded: epoch))
    return order
  }

  /// Draws of each part in an epoch.
  public static func draws(_ parts: [SamplerPart]) -> [Int] {
    let sum = parts.reduce(0) { $0 + ($1.weight ?? 0) }
    guard sum > 0 else { return parts.map(\.count) }
    let total = parts.reduce(0) { $0 + $1.count }
    let exact = parts.map { Double(total) * ($0.weight ?? 0) / sum }
    var draws = exact.map { Int($0) }
    let byRemainder = parts.indices.sorted {
      let a = exact[$0] - Double(draws[$0])
      let b = exact[$1] - Double(draws[$1])
      return a == b ? $0 < $1 : a > b
    }
    let missing = total - draws.reduce(0, +)
    for s in byRemainder.prefix(max(0, missing)) { draws[s] += 1 }
    return draws
  }

  /// Fisher-Yates by Philox.
  static func shuffle(
    _ order: inout [Int], seed: UInt64, domain: Philox.Domain = .shuffle, stream: UInt32
  ) {
    var generator = PhiloxGenerator(seed: seed, domain: domain, stream: stream)
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, generator.index(below: last + 1))
    }
  }
}

extension PhiloxGenerator {
  /// A uniform index in `0..<bound`: the high word of a 64 x 64-bit product, biased by less than
  /// bound / 2^64. Ours, and not the standard library's, so that it never changes.
  package mutating func index(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
