import Foundation

/// The two operations again, in double precision and as plainly as possible.
enum Reference {
  /// Row-wise softmax of x (rows, columns).
  static func softmax(_ x: [Float], columns: Int) -> [Double] {
    stride(from: 0, to: x.count, by: columns).flatMap { start -> [Double] in
      let row = x[start..<start + columns].map(Double.init)
      let top = row.max() ?? 0
      let powers = row.map { exp($0 - top) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }

  /// a (m, k) times the transpose of b (n, k).
  static func product(_ a: [Float], _ b: [Float], m: Int, n: Int, k: Int) -> [Double] {
    (0..<m * n).map { at in
      let (i, j) = (at / n, at % n)
      return (0..<k).reduce(0) { $0 + Double(a[i * k + $1]) * Double(b[j * k + $1]) }
    }
  }

  /// ||got - want|| / ||want||; NaN where `got` holds one.
  static func error(_ got: [Float], _ want: [Double]) -> Double {
    let difference = zip(got, want).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    return (difference / want.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}
