/// Median, 90 % and maximum of figures over many games. What is missing (never reached) counts as
/// greater than everything; what is no number too.
public struct Quantiles: Sendable, Equatable {
  public let median: Double
  public let ninety: Double
  public let maximum: Double

  /// The nearest rank: the k-th smallest, k = ceil(share * count). Infinite where there are none.
  public init(_ values: [Double]) {
    let sorted = values.map { $0.isNaN ? .infinity : $0 }.sorted()
    func rank(_ percent: Int) -> Double {
      let index = (sorted.count * percent + 99) / 100 - 1
      return sorted.indices.contains(index) ? sorted[index] : .infinity
    }
    median = rank(50)
    ninety = rank(90)
    maximum = sorted.last ?? .infinity
  }

  var json: JSONLine {
    var line = JSONLine()
    line.add("median", median)
    line.add("p90", ninety)
    line.add("max", maximum)
    return line
  }
}
