import Foundation

/// The texts of a comparison, for what looks at words.
struct TextPair: Sendable {
  var chosen: String
  var rejected: String
  /// P(chosen > rejected).
  var preference: Double
}

/// What a preference model has to beat: Bradley-Terry scores that are linear in the words of a response,
/// `r(y) = sum_w weight_w log(1 + count_w(y))`, and in the logarithm of its length. The prompt cancels.
///
/// The weights minimise the mean cross-entropy of the pairs plus `penalty / 2 |weights|^2`: a strictly
/// convex problem, solved by Nesterov's method from 0, so the result depends on the pairs only.
struct BagOfWords: Sendable {
  /// Words that fewer training responses hold are left out.
  static let leastResponses = 3
  static let penalty = 0.01
  static let iterations = 400

  private var index: [String: Int] = [:]
  private(set) var weights: [Double] = []

  /// A response's features that are not 0.
  private typealias Row = [(feature: Int, value: Double)]

  init(_ pairs: [TextPair]) {
    var responses: [String: Int] = [:]
    for pair in pairs {
      for text in [pair.chosen, pair.rejected] {
        for word in Set(Self.words(text)) { responses[word, default: 0] += 1 }
      }
    }
    let kept = responses.filter { $0.value >= Self.leastResponses }.keys.sorted()
    index = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    let rows = pairs.map { difference($0.chosen, $0.rejected) }
    weights = Self.fit(rows, pairs.map(\.preference), features: kept.count + 1)
  }

  /// The logit of the first response over the second.
  func logit(_ first: String, _ second: String) -> Double {
    difference(first, second).reduce(0) { $0 + weights[$1.feature] * $1.value }
  }

  /// Runs of letters and digits in lower case, and every other sign that is no space.
  static func words(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    for character in text.lowercased() {
      if character.isLetter || character.isNumber {
        word.append(character)
        continue
      }
      if !word.isEmpty { words.append(word) }
      word = ""
      if !character.isWhitespace { words.append(String(character)) }
    }
    return word.isEmpty ? words : words + [word]
  }

  private func difference(_ first: String, _ second: String) -> Row {
    var values: [Int: Double] = [:]
    for (text, sign) in [(first, 1.0), (second, -1.0)] {
      var counts: [Int: Int] = [:]
      let words = Self.words(text)
      for word in words { if let feature = index[word] { counts[feature, default: 0] += 1 } }
      for (feature, count) in counts {
        values[feature, default: 0] += sign * log(1 + Double(count))
      }
      values[index.count, default: 0] += sign * log(1 + Double(words.count))
    }
    // Sums in a fixed order.
    return values.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func fit(_ rows: [Row], _ labels: [Double], features: Int) -> [Double] {
    let n = Double(max(1, rows.count))
    /// `X^T f(X w) / n`
    func through(_ w: [Double], _ f: (Int, Double) -> Double) -> [Double] {
      var sum = [Double](repeating: 0, count: features)
      for (i, row) in rows.enumerated() {
        let value = f(i, row.reduce(0) { $0 + w[$1.feature] * $1.value }) / n
        for (feature, x) in row { sum[feature] += value * x }
      }
      return sum
    }
    // The largest eigenvalue of X^T X / n, from below; a quarter of it bounds the curvature.
    var direction = [Double](repeating: 1, count: features)
    var largest = 1.0
    for _ in 0..<30 {
      let next = through(direction) { $1 }
      largest = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard largest > 0 else { break }
      direction = next.map { $0 / largest }
    }
    let rate = 1 / (1.1 * largest / 4 + penalty)
    let root = (penalty * rate).squareRoot()
    let momentum = (1 - root) / (1 + root)
    var (w, ahead) = (direction.map { _ in 0.0 }, direction.map { _ in 0.0 })
    for _ in 0..<iterations {
      let gradient = through(ahead) { bradleyTerry($1) - labels[$0] }
      let next = zip(ahead, gradient).map { $0 - rate * ($1 + penalty * $0) }
      ahead = zip(next, w).map { $0 + momentum * ($0 - $1) }
      w = next
    }
    return w
  }
}
