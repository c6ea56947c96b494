/// A symmetric constant-sum game between n responses (or classes of responses): `P[a, b]` is the
/// probability that a beats b. `P + P^T = 1` within 1e-6 (so that 1/3 may be written 0.333333333),
/// diagonal 1/2. It need not be transitive.
public struct PreferenceGame: Sendable, Equatable {
  public let names: [String]
  /// P, row-major (n, n).
  public let values: [Double]

  /// 1e-6, and what rounding adds to a sum that is off by just that.
  public static let tolerance = 1.0001e-6

  /// n
  public var count: Int { names.count }
  public subscript(a: Int, b: Int) -> Double { values[a * names.count + b] }
  /// P as rows.
  public var rows: [[Double]] {
    (0..<count).map { Array(values[($0 * count)..<(($0 + 1) * count)]) }
  }

  /// - Parameter matrix: n rows of n.
  /// - Throws: `PreferenceError.matrix` naming the worst cell.
  public init(names: [String], matrix: [[Double]]) throws {
    let n = names.count
    guard n > 0 else { throw PreferenceError.matrix("expected at least one category, found none") }
    guard matrix.count == n else {
      throw PreferenceError.matrix(
        "expected \(n) rows, one for each of \(names.joined(separator: ", ")); found \(matrix.count)"
      )
    }
    for (a, row) in matrix.enumerated() where row.count != n {
      throw PreferenceError.matrix(
        "row '\(names[a])': expected \(n) values, found \(row.count)")
    }
    self.names = names
    values = matrix.flatMap { $0 }
    try validate()
  }

  /// The same from a flat matrix.
  /// - Parameter values: P, row-major (n, n).
  /// - Throws: `PreferenceError.matrix` naming the worst cell.
  public init(names: [String], values: [Double]) throws {
    let n = names.count
    guard n > 0 else { throw PreferenceError.matrix("expected at least one category, found none") }
    guard values.count == n * n else {
      throw PreferenceError.matrix(
        "expected \(n * n) values, \(n) for each of \(n) names; found \(values.count)")
    }
    self.names = names
    self.values = values
    try validate()
  }

  /// The same rules for every source of games.
  private func validate() throws {
    var worst = (error: Self.tolerance, text: "")
    for a in 0..<count {
      for b in 0..<count {
        let value = self[a, b]
        func cell() -> String {
          "P(\(names[a]) over \(names[b])), row \(a + 1) column \(b + 1), is \(value)"
        }
        guard value.isFinite, value >= 0, value <= 1 else {
          throw PreferenceError.matrix("\(cell()): expected a probability in [0, 1]")
        }
        if a == b, abs(value - 0.5) > worst.error {
          worst = (abs(value - 0.5), "\(cell()): a class ties with itself, so expected 0.5")
        } else if b > a, abs(value + self[b, a] - 1) > worst.error {
          worst = (
            abs(value + self[b, a] - 1),
            "\(cell()), but the reverse, row \(b + 1) column \(a + 1), is \(self[b, a]): the two "
              + "must add up to 1"
          )
        }
      }
    }
    guard worst.text.isEmpty else { throw PreferenceError.matrix(worst.text) }
  }
}
