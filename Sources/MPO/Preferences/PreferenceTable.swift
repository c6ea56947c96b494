// N prompts, K responses to each (L of a second player where two are compared).

/// Preferences between K responses to each of N prompts: `values[n, i, j] = P(y_i > y_j | x_n)`,
/// row-major (N, K, K), checked when it is made.
public struct PreferenceTable: Sendable, Equatable {
  /// How far `P + P^T` may be from 1, and a diagonal from 1/2.
  public static let tolerance: Float = 1e-4

  /// N
  public let prompts: Int
  /// K
  public let responses: Int
  /// (N, K, K)
  public let values: [Float]

  /// Checks and keeps `values`.
  /// - Throws: `PreferenceError.shape` unless there are N*K*K values; `PreferenceError.value`
  ///   naming prompt, i, j and the value of the first one that is not finite, outside [0, 1], or
  ///   breaks `P[i,j] + P[j,i] = 1` (`P[i,i] = 1/2`) by more than `tolerance`.
  public init(prompts: Int, responses: Int, values: [Float], source: String = "preferences") throws
  {
    guard values.count == prompts * responses * responses else {
      throw PreferenceError.shape(
        source: source,
        "expected \(prompts) x \(responses) x \(responses) values, found \(values.count)")
    }
    self.prompts = prompts
    self.responses = responses
    self.values = values
    for n in 0..<prompts {
      for i in 0..<responses {
        for j in 0..<responses {
          if let text = complaint(n, i, j) {
            throw PreferenceError.value(
              source: source, prompt: n, i: i, j: j, value: self[n, i, j], text)
          }
        }
      }
    }
  }

  /// P(y_i > y_j | x_n).
  public subscript(n: Int, i: Int, j: Int) -> Float {
    values[(n * responses + i) * responses + j]
  }

  private func complaint(_ n: Int, _ i: Int, _ j: Int) -> String? {
    let value = self[n, i, j]
    guard value.isFinite else { return "expected a finite number" }
    guard value >= 0, value <= 1 else { return "expected a probability in [0, 1]" }
    if i == j {
      let equal = abs(value - 0.5) <= Self.tolerance
      return equal ? nil : "a response ties with itself, so expected 0.5"
    }
    // Reported at (i, j) with j > i, once; a later cell may itself be out of range.
    guard j > i else { return nil }
    let other = self[n, j, i]
    guard other.isFinite, other >= 0, other <= 1 else { return nil }
    guard abs(value + other - 1) <= Self.tolerance else {
      return "the reverse is \(other), and the two must add up to 1"
    }
    return nil
  }

  /// `r_i = mean_{j != i} P(y_i > y_j)`, (N*K), summed in Double. With one response there is no
  /// opponent and r is 1/2.
  public func winRates() -> [Float] {
    let k = responses
    var rates = [Float](repeating: 0.5, count: prompts * k)
    guard k > 1 else { return rates }
    for n in 0..<prompts {
      for i in 0..<k {
        var sum = 0.0
        for j in 0..<k where j != i { sum += Double(self[n, i, j]) }
        rates[n * k + i] = Float(sum / Double(k - 1))
      }
    }
    return rates
  }
}

/// Preferences of a first player's K responses over a second player's L, for N prompts:
/// `values[n, i, j] = P(first_i > second_j | x_n)`, (N, K, L).
public struct ComparisonTable: Sendable, Equatable {
  public let prompts: Int
  /// K
  public let first: Int
  /// L
  public let second: Int
  /// (N, K, L)
  public let values: [Float]

  /// - Throws: `PreferenceError` where the count is wrong or a value is not a probability.
  public init(
    prompts: Int, first: Int, second: Int, values: [Float], source: String = "preferences"
  ) throws {
    guard values.count == prompts * first * second else {
      throw PreferenceError.shape(
        source: source, "expected \(prompts) x \(first) x \(second) values, found \(values.count)")
    }
    self.prompts = prompts
    self.first = first
    self.second = second
    self.values = values
    for (index, value) in values.enumerated() where !(value >= 0 && value <= 1) {
      let (n, cell) = index.quotientAndRemainder(dividingBy: first * second)
      throw PreferenceError.value(
        source: source, prompt: n, i: cell / second, j: cell % second, value: value,
        "expected a probability in [0, 1]")
    }
  }

  public subscript(n: Int, i: Int, j: Int) -> Float { values[(n * first + i) * second + j] }

  /// `mean_j P(first_i > second_j)`, one per prompt and first response: N lists of K.
  public func rowMeans() -> [[Double]] {
    (0..<prompts).map { n in
      (0..<first).map { i in
        var sum = 0.0
        for j in 0..<second { sum += Double(self[n, i, j]) }
        return second == 0 ? 0.5 : sum / Double(second)
      }
    }
  }
}
