import MPOBackend
import MPOModel

/// Where the head of a general preference model starts.
///
/// A random head gives all texts nearly one embedding, for hidden states differ little from their mean.
/// There `sin` is its argument, the model is Bradley-Terry's, and what runs in a circle cancels: that all
/// embeddings are equal is a local minimum for purely cyclic pairs. So the head starts from what the
/// pairs say. With hidden states x, centred and whitened, the logit is `x_i' B x_j`, B antisymmetric, and
/// the loss's slope at B = 0 is, but for a factor, the moment
///
///     M = mean over pairs of (2p - 1) (x_c x_r' - x_r x_c'),   p = P(chosen > rejected)
///
/// with planes `M = sum_l s_l (u_l w_l' - w_l u_l')`. Beside them stands the plane that holds a score
/// r: `(1, -r_i)` and `(1, -r_j)` make `r_i - r_j`. Planes are found on every second pair and weighed by
/// what they say of the others, lest noise of many directions pass for preferences; the k that say most
/// make the head's rows, `sqrt(s_l)` times each. A head that does not predict those others better than the
/// random one is not used: weak preferences do not start with confident mistakes.
struct PreferenceMoment {
  /// Centred, whitened states of chosen and rejected, (C) each, and `2p - 1`: to find planes on, and to
  /// weigh them on.
  private let found: Pairs
  private let weighed: Pairs
  /// As they came.
  private let pairs: [(chosen: [Double], rejected: [Double], preference: Double)]
  private let states: [[Double]]
  private let whitening: Whitening
  private var width: Int { states[0].count }
  /// Further ones are drawn at random: what some hundred pairs say of them is noise.
  private static let searchedPlanes = 16
  private static let iterations = 60

  /// Two rows that act on whitened states, `x -> (first x + constant, second x)`, and their weight.
  private struct Plane {
    var (first, second): ([Double], [Double])
    var constant = 0.0
    var strength = 0.0

    func logit(_ a: [Double], _ b: [Double]) -> Double {
      (dot(first, a) + constant) * dot(second, b) - dot(second, a) * (dot(first, b) + constant)
    }
  }

  /// Nil without two different states.
  init?(_ pairs: [(chosen: [Double], rejected: [Double], preference: Double)]) {
    states = pairs.flatMap { [$0.chosen, $0.rejected] }
    guard let whitening = Whitening(states) else { return nil }
    self.whitening = whitening
    self.pairs = pairs
    let white = pairs.map {
      (whitening.states($0.chosen), whitening.states($0.rejected), 2 * $0.preference - 1)
    }
    found = Self.alternate(white, from: 0)
    weighed = white.count > 1 ? Self.alternate(white, from: 1) : white
  }

  private static func alternate<Item>(_ items: [Item], from first: Int) -> [Item] {
    stride(from: first, to: items.count, by: 2).map { items[$0] }
  }

  /// Mean cross-entropy of the pairs that planes are weighed on, under a head's rows (n, C).
  func loss(_ rows: [[Double]], _ settings: GeneralPreference) -> Double {
    let own = pairs.count > 1 ? Self.alternate(pairs, from: 1) : pairs
    func embed(_ state: [Double]) -> [Double] { rows.map { dot($0, state) } }
    return own.reduce(0) { sum, pair in
      let logit = settings.logit(embed(pair.chosen), embed(pair.rejected))
      return sum + PreferenceLoss.crossEntropy(logit: logit, label: pair.preference).loss
    } / Double(own.count)
  }

  /// Rows (n, C) of a head of n = 2k outputs, which embeds these texts with a root mean square of 1.
  func head(outputs n: Int, seed: UInt64) -> [[Double]] {
    var generator = PhiloxGenerator(seed: seed, domain: .initialization)
    var planes = cyclic(&generator) + [ordered()]
    for (i, plane) in planes.enumerated() { planes[i].strength = strength(plane) }
    planes.sort { $0.strength > $1.strength }
    let least = max(1e-3 * (planes.first?.strength ?? 0), 1e-6)
    planes = Array(planes.prefix(n / 2))
    func direction() -> [Double] {
      orthogonal((0..<width).map { _ in Double(generator.normal()) }, to: [])
    }
    while planes.count < n / 2 { planes.append(Plane(first: direction(), second: direction())) }
    let rows = planes.flatMap { plane in
      let size = max(plane.strength, least).squareRoot()
      return [
        whitening.row(plane.first, constant: plane.constant),
        whitening.row(plane.second, constant: 0),
      ].map { $0.map { $0 * size } }
    }
    let square = states.reduce(0.0) { sum, state in
      let embedding = rows.map { dot($0, state) }
      return sum + dot(embedding, embedding) / Double(states.count)
    }
    let factor = square > 0 ? 1 / square.squareRoot() : 1
    return rows.map { $0.map { $0 * factor } }
  }

  /// Mean of `(2p - 1) logit`.
  private func strength(_ plane: Plane) -> Double {
    weighed.reduce(0) { $0 + $1.weight * plane.logit($1.chosen, $1.rejected) }
      / Double(weighed.count)
  }

  private typealias Pairs = [(chosen: [Double], rejected: [Double], weight: Double)]

  /// The moment's planes, largest first, as far as there are any.
  private func cyclic(_ generator: inout PhiloxGenerator) -> [Plane] {
    var directions: [[Double]] = []
    var planes: [Plane] = []
    while planes.count < min(Self.searchedPlanes, width / 2) {
      var w = orthogonal((0..<width).map { _ in Double(generator.normal()) }, to: directions)
      // Power iteration on -M M, whose eigenvalues are the squares s_l^2, two of each.
      for _ in 0..<Self.iterations {
        let image = orthogonal(moment(w), to: directions)
        let next = orthogonal(moment(image).map { -$0 }, to: directions)
        guard dot(next, next) > 0.5 else { break }
        let isThere = abs(dot(next, w)) > 1 - 1e-12
        w = next
        if isThere { break }
      }
      let u = orthogonal(moment(w), to: directions + [w])
      guard dot(u, u) > 0.5 else { break }
      directions += [u, w]
      planes.append(Plane(first: u, second: w))
    }
    return planes
  }

  /// The plane of the score that the pairs' mean difference is the direction of.
  private func ordered() -> Plane {
    var direction = [Double](repeating: 0, count: width)
    for (c, r, weight) in found {
      add(c, weight, to: &direction)
      add(r, -weight, to: &direction)
    }
    direction = orthogonal(direction, to: [])
    return Plane(
      first: direction.map { _ in 0 }, second: direction.map { -$0 }, constant: 1)
  }

  /// `M v`
  private func moment(_ v: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: width)
    for (c, r, weight) in found where weight != 0 {
      let share = weight / Double(found.count)
      add(c, share * dot(r, v), to: &result)
      add(r, -share * dot(c, v), to: &result)
    }
    return result
  }

  /// `v` without its parts along unit vectors, of length 1; zero where nothing is left.
  private func orthogonal(_ v: [Double], to directions: [[Double]]) -> [Double] {
    var result = v
    let before = dot(v, v)
    // Twice, for what rounding leaves the first time.
    for _ in 0..<2 {
      for direction in directions { add(direction, -dot(result, direction), to: &result) }
    }
    let square = dot(result, result)
    guard square > 1e-20 * before, square > 0 else { return result.map { _ in 0 } }
    return result.map { $0 / square.squareRoot() }
  }
}

/// `x = L^-1 (h - m)`, `L L'` the states' covariance plus a ridge, a tenth of their mean variance.
private struct Whitening {
  private static let ridge = 0.1
  private var mean: [Double]
  /// (C, C), the lower triangle of L.
  private var factor: [[Double]]

  /// Nil where the states are all equal, or not finite.
  init?(_ states: [[Double]]) {
    guard let width = states.first?.count else { return nil }
    let share = 1 / Double(states.count)
    mean = [Double](repeating: 0, count: width)
    for state in states { add(state, share, to: &mean) }
    factor = (0..<width).map { [Double](repeating: 0, count: $0 + 1) }
    for state in states {
      let rest = zip(state, mean).map { $0 - $1 }
      for i in 0..<width {
        let value = share * rest[i]
        factor[i].withUnsafeMutableBufferPointer { row in
          for j in row.indices { row[j] += value * rest[j] }
        }
      }
    }
    let variance = (0..<width).reduce(0) { $0 + factor[$1][$1] } / Double(width)
    guard variance > 0, variance.isFinite else { return nil }
    for i in 0..<width { factor[i][i] += Self.ridge * variance }
    for i in 0..<width {
      for j in 0..<i {
        factor[i][j] = (factor[i][j] - dot(factor[i], factor[j], j)) / factor[j][j]
      }
      factor[i][i] = (factor[i][i] - dot(factor[i], factor[i], i)).squareRoot()
    }
  }

  func states(_ h: [Double]) -> [Double] {
    var result = zip(h, mean).map { $0 - $1 }
    for i in h.indices { result[i] = (result[i] - dot(factor[i], result, i)) / factor[i][i] }
    return result
  }

  /// A row for states as they come: the one nearest to w, measured by what it adds to whitened states,
  /// that gives the mean the value `constant`; a head has no bias to take the mean away. With `m' = L^-1 m`
  /// it is `L'^-1 (w + m' (constant - w.m') / m'.m')`.
  func row(_ w: [Double], constant: Double) -> [Double] {
    var along = mean
    for i in along.indices { along[i] = (mean[i] - dot(factor[i], along, i)) / factor[i][i] }
    let square = dot(along, along)
    var result = w
    if square > 0 { add(along, (constant - dot(w, along)) / square, to: &result) }
    for i in w.indices.reversed() {
      result[i] /= factor[i][i]
      for j in 0..<i { result[j] -= factor[i][j] * result[i] }
    }
    return result
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { dot(a, b, a.count) }

/// Of the first `count`.
private func dot(_ a: [Double], _ b: [Double], _ count: Int) -> Double {
  var sum = 0.0
  for i in 0..<count { sum += a[i] * b[i] }
  return sum
}

private func add(_ a: [Double], _ factor: Double, to b: inout [Double]) {
  for i in a.indices { b[i] += factor * a[i] }
}

extension PreferenceModel {
  /// Pairs that the moment is taken over, evenly from all.
  private static let momentPairs = 512

  /// Gives a general preference model's head the rows of the pairs' moment, where these predict better
  /// than its random ones and the pairs' states differ.
  /// - Throws: `PreferenceModelError.nonFinite`; what the backend throws.
  func startFromMoment(
    of pairs: [TokenizedPair], _ settings: GeneralPreference, seed: UInt64
  ) throws {
    let count = min(pairs.count, Self.momentPairs)
    let chosen = (0..<count).map { pairs[$0 * pairs.count / count] }
    let states = try states(chosen.flatMap(sequences))
    let moment = PreferenceMoment(
      chosen.indices.map {
        (states[2 * $0], states[2 * $0 + 1], chosen[$0].preference)
      })
    guard let moment else { return }
    let rows = moment.head(outputs: head.outputs, seed: seed)
    let head = try TrainableParameters(values: model.parameters).score().value
    let backend = model.decoder.backend
    let width = model.decoder.shape.width
    let random = try backend.floats(head).map(Double.init)
    let drawn = stride(from: 0, to: random.count, by: width).map {
      Array(random[$0..<($0 + width)])
    }
    guard moment.loss(rows, settings) < moment.loss(drawn, settings) else { return }
    try rows.joined().map(Float.init).withUnsafeBytes { try backend.upload($0, to: head) }
    try model.parameters.refreshProducts(on: backend)
  }
}
