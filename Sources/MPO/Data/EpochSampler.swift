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

/// Every example once in each epoch, in an order that depends on (seed, epoch) only: a Fisher-Yates
/// shuffle by Philox, domain `shuffle`, stream = epoch. A batch may span two epochs; none is short.
public struct EpochSampler: Sendable {
  /// Examples.
  public let count: Int
  public let seed: UInt64
  public private(set) var cursor: DataCursor
  private var order: [Int]

  /// - Precondition: `count` > 0. A cursor past the end (the file became shorter) starts the next
  ///   epoch.
  public init(count: Int, seed: UInt64, cursor: DataCursor = DataCursor()) {
    precondition(count > 0, "an epoch needs at least one example")
    self.count = count
    self.seed = seed
    self.cursor = DataCursor(epoch: max(0, cursor.epoch), position: max(0, cursor.position))
    order = Self.order(count: count, seed: seed, epoch: self.cursor.epoch)
  }

  /// Indices of the next `batch` examples.
  public mutating func next(_ batch: Int) -> [Int] {
    var indices: [Int] = []
    indices.reserveCapacity(batch)
    while indices.count < batch {
      if cursor.position >= count {
        cursor = DataCursor(epoch: cursor.epoch + 1)
        order = Self.order(count: count, seed: seed, epoch: cursor.epoch)
      }
      indices.append(order[cursor.position])
      cursor.position += 1
    }
    return indices
  }

  /// Passes so far, with the fraction of this one.
  public var epochs: Double { Double(cursor.epoch) + Double(cursor.position) / Double(count) }

  /// The permutation of an epoch.
  public static func order(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    var order = Array(0..<count)
    var generator = PhiloxGenerator(
      seed: seed, domain: .shuffle, stream: UInt32(truncatingIfNeeded: epoch))
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, generator.index(below: last + 1))
    }
    return order
  }
}

extension PhiloxGenerator {
  /// A uniform index in `0..<bound`: the high word of a 64 x 64-bit product, biased by less than
  /// bound / 2^64. Ours, and not the standard library's, so that it never changes.
  package mutating func index(below bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
