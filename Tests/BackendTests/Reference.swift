import Foundation
import MPOBackend

/// Naive float64 code for every operation: what the conformance suite compares with.
enum Reference {
  /// op(a) (M, K) times op(b) (K, N).
  static func matmul(
    _ a: [Double], _ ta: Bool, _ b: [Double], _ tb: Bool, _ m: Int, _ n: Int, _ k: Int
  ) -> [Double] {
    var c = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for p in 0..<k {
          sum += (ta ? a[p * m + i] : a[i * k + p]) * (tb ? b[j * k + p] : b[p * n + j])
        }
        c[i * n + j] = sum
      }
    }
    return c
  }

  static func rmsNorm(
    _ x: [Double], _ weight: [Double], _ s: RMSNormSettings
  ) -> (out: [Double], r: [Double]) {
    let c = weight.count
    let n = x.count / c
    var (out, r) = (x, [Double](repeating: 0, count: n))
    for i in 0..<n {
      let row = x[(i * c)..<((i + 1) * c)]
      r[i] = 1 / (row.map { $0 * $0 }.reduce(0, +) / Double(c) + Double(s.epsilon)).squareRoot()
      for j in 0..<c { out[i * c + j] = x[i * c + j] * r[i] * (Double(s.weightOffset) + weight[j]) }
    }
    return (out, r)
  }

  static func rmsNormBackward(
    _ d: [Double], _ x: [Double], _ stored: [Double], _ r: [Double], _ s: RMSNormSettings
  ) -> (dx: [Double], dWeight: [Double]) {
    let c = stored.count
    let weight = stored.map { Double(s.weightOffset) + $0 }
    var (dx, dw) = (x, [Double](repeating: 0, count: c))
    for i in 0..<r.count {
      var mean = 0.0
      for j in 0..<c { mean += d[i * c + j] * weight[j] * x[i * c + j] / Double(c) }
      for j in 0..<c {
        let at = i * c + j
        dx[at] = r[i] * (d[at] * weight[j] - x[at] * r[i] * r[i] * mean)
        dw[j] += d[at] * x[at] * r[i]
      }
    }
    return (dx, dw)
  }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// softmax of one row and its log-sum-exp.
  static func softmax(_ z: [Double]) -> (p: [Double], lse: Double) {
    let top = z.max() ?? 0
    let e = z.map { exp($0 - top) }
    let sum = e.reduce(0, +)
    return (e.map { $0 / sum }, top + log(sum))
  }

  static func transform(_ x: Double, _ t: LogitTransform) -> Double {
    let cap = Double(t.softcap)
    return (cap > 0 ? cap * tanh(x / cap) : x) * Double(t.scale)
  }

  /// d transform / dx.
  static func slope(_ x: Double, _ t: LogitTransform) -> Double {
    let cap = Double(t.softcap)
    let u = cap > 0 ? tanh(x / cap) : 0
    return (1 - u * u) * Double(t.scale)
  }

  /// Attention of one query head: q, k, v rows of width d; causal ones over the positions of the
  /// shape's window. p and slope (d capped score / d score) are 0 where nothing is seen.
  static func head(
    q: [[Double]], k: [[Double]], v: [[Double]], _ shape: AttentionShape, causal: Bool
  ) -> (out: [[Double]], lse: [Double], p: [[Double]], slope: [[Double]]) {
    let capped = LogitTransform(softcap: shape.softcap)
    var result = ([[Double]](), [Double](), [[Double]](), [[Double]]())
    for (t, query) in q.enumerated() {
      let first = causal && shape.window > 0 ? max(0, t + 1 - shape.window) : 0
      let seen = first..<(causal ? t + 1 : k.count)
      let scores = seen.map { Double(shape.scale) * zip(query, k[$0]).map(*).reduce(0, +) }
      let (p, lse) = softmax(scores.map { transform($0, capped) })
      var out = [Double](repeating: 0, count: query.count)
      for j in seen { for i in out.indices { out[i] += p[j - first] * v[j][i] } }
      let unseen = [Double](repeating: 0, count: first)
      result.0.append(out)
      result.1.append(lse)
      result.2.append(unseen + p)
      result.3.append(unseen + scores.map { slope($0, capped) })
    }
    return result
  }

  /// Activation and its derivative.
  static func activation(_ x: Double, _ a: Activation) -> (y: Double, slope: Double) {
    switch a {
    case .silu:
      let s = sigmoid(x)
      return (x * s, s * (1 + x * (1 - s)))
    case .geluTanh:
      let k = (2 / Double.pi).squareRoot()
      let t = tanh(k * (x + 0.044715 * x * x * x))
      let slope = k * (1 + 3 * 0.044715 * x * x)
      return (0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)
    case .gelu:
      let cdf = 0.5 * erfc(-x / 2.0.squareRoot())
      return (x * cdf, cdf + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
    }
  }

  /// Mean and 1 / sqrt(var + epsilon) of every row, and the norm.
  static func layerNorm(
    _ x: [Double], _ weight: [Double], _ bias: [Double], epsilon: Float
  ) -> (out: [Double], mean: [Double], r: [Double]) {
    let c = weight.count
    var (out, means, rs) = (x, [Double](), [Double]())
    for i in 0..<(x.count / c) {
      let row = x[(i * c)..<((i + 1) * c)]
      let mean = row.reduce(0, +) / Double(c)
      let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(c)
      let r = 1 / (variance + Double(epsilon)).squareRoot()
      for j in 0..<c { out[i * c + j] = (x[i * c + j] - mean) * r * weight[j] + bias[j] }
      means.append(mean)
      rs.append(r)
    }
    return (out, means, rs)
  }

  struct Loss {
    var components = [[Double]](repeating: [], count: MagneticComponent.count)
    var gradient: [Double] = []
  }

  /// The magnetic loss of every row by its formula, with the gradient of weight * loss.
  static func loss(
    _ policy: [Double], _ old: [Double], _ magnet: [Double], targets: [Int],
    advantages: [Double], weights: [Double], _ s: MagneticLossSettings
  ) -> Loss {
    let v = policy.count / targets.count
    var result = Loss()
    for (n, y) in targets.enumerated() {
      let rows = [policy, old, magnet].map { Array($0[(n * v)..<((n + 1) * v)]) }
      let logs = rows.map { row -> [Double] in
        let z = row.map { transform($0, s.transform) }
        let lse = softmax(z).lse
        return z.map { $0 - lse }
      }
      let p = logs[0].map(exp)
      let (klOld, klMagnet) = (divergence(p, logs[0], logs[1]), divergence(p, logs[0], logs[2]))
      let ratio = exp(logs[0][y] - logs[1][y])
      let (a, clip) = (advantages[n], Double(s.clip))
      let clipped = min(max(ratio, 1 - clip), 1 + clip) * a
      let active = !(clip > 0 && clipped < ratio * a)
      let surrogate = active ? ratio * a : clipped
      let (alpha, proximal) = (Double(s.alpha), 1 / Double(s.eta))
      let entropy = -zip(p, logs[0]).map { $0 == 0 ? 0 : $0 * $1 }.reduce(0, +)
      let all = [
        -surrogate + alpha * klMagnet + proximal * klOld, surrogate, klMagnet, klOld, entropy,
        ratio, logs[0][y], logs[1][y], logs[2][y],
      ]
      for (k, value) in all.enumerated() { result.components[k].append(value) }
      for j in 0..<v {
        let d =
          p[j] == 0
          ? 0
          : p[j]
            * (alpha * (logs[0][j] - logs[2][j] - klMagnet)
              + proximal * (logs[0][j] - logs[1][j] - klOld))
        let push = active ? ratio * a * ((j == y ? 1 : 0) - p[j]) : 0
        result.gradient.append(weights[n] * (d - push) * slope(rows[0][j], s.transform))
      }
    }
    return result
  }

  /// sum p (log p - log q), 0 log 0 = 0.
  private static func divergence(_ p: [Double], _ logP: [Double], _ logQ: [Double]) -> Double {
    var sum = 0.0
    for j in p.indices where p[j] > 0 { sum += p[j] * (logP[j] - logQ[j]) }
    return sum
  }

  /// Steps of magnetic mirror descent on one game.
  static func magneticUpdate(
    _ logPolicy: [Double], _ logMagnet: [Double], _ payoff: [Double],
    _ s: MagneticUpdateSettings
  ) -> (policy: [Double], magnet: [Double]) {
    let n = logPolicy.count
    let (eta, pull) = (Double(s.eta), Double(s.eta) * Double(s.alpha))
    func normalized(_ x: [Double]) -> [Double] {
      let lse = softmax(x).lse
      return x.map { $0 - lse }
    }
    var (x, magnet) = (normalized(logPolicy), normalized(logMagnet))
    for step in 0..<s.steps {
      let pi = x.map(exp)
      x = normalized(
        (0..<n).map { i in
          let q = (0..<n).map { payoff[i * n + $0] * pi[$0] }.reduce(0, +)
          return (x[i] + pull * magnet[i] + eta * q) / (1 + pull)
        })
      if s.syncSteps > 0 && (s.firstStep + step + 1) % s.syncSteps == 0 { magnet = x }
    }
    return (x, magnet)
  }

  /// max_y (P pi)(y) - min_y (pi' P)(y)
  static func dualityGap(_ pi: [Double], _ payoff: [Double]) -> Double {
    let n = pi.count
    let rows = (0..<n).map { i in (0..<n).map { payoff[i * n + $0] * pi[$0] }.reduce(0, +) }
    let columns = (0..<n).map { j in (0..<n).map { payoff[$0 * n + j] * pi[$0] }.reduce(0, +) }
    return (rows.max() ?? 0) - (columns.min() ?? 0)
  }
}
