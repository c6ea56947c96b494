import Foundation

/// Two responses that met: P(first over second) and length(first) - length(second).
struct LengthPair: Sendable {
  /// The units that they belong to (the prompt twice; with one prompt, their numbers).
  var row: Int32
  var column: Int32
  var preference: Float
  var difference: Float
}

/// The length-controlled win rate of AlpacaEval 2 (Dubois, Galambosi, Liang, Hashimoto, *Length-
/// Controlled AlpacaEval*, arXiv 2404.04475) between two policies: the logistic regression
///
/// `logit P = theta + phi tanh(d / s)`, d = length(first) - length(second), s = standard deviation of d,
///
/// fitted to the preferences as they are (soft labels, by cross-entropy; a prompt weighs 1 however many
/// pairs met, of a single prompt a response), and the win rate that it predicts where lengths are equal, sigmoid(theta). So a policy
/// does not win by length alone.
///
/// Not as there: the term of the prompt's difficulty, which needs a joint fit of many models, is left
/// out; in place of cross-validated L1 there is a ridge of 0.01/2 (theta^2 + phi^2), as much as keeps
/// the estimate finite where one policy wins every pair (64 prompts: at 99.9 %).
public struct LengthControl: Sendable, Equatable {
  /// logit of the win rate at equal lengths
  public let theta: Double
  /// What a long response gains in logits.
  public let phi: Double
  /// s, in characters; 0 where all responses are equally long.
  public let deviation: Double

  static let ridge = 0.01

  /// The win rate at equal lengths.
  public var rate: Double { bradleyTerry(theta) }

  /// Nil where it is not identified: every difference is the same and not 0, so that length and policy
  /// cannot be told apart; or there are no pairs. `units`, the number of prompts (or responses to the
  /// one), is the weight of all pairs together.
  init?(_ pairs: [LengthPair], units: Int) {
    guard !pairs.isEmpty, units > 0 else { return nil }
    let count = Double(pairs.count)
    let mean = pairs.reduce(0.0) { $0 + Double($1.difference) } / count
    let square = pairs.reduce(0.0) { sum, pair in
      let d = Double(pair.difference) - mean
      return sum + d * d
    }
    deviation = (square / max(1, count - 1)).squareRoot()
    if deviation == 0, mean != 0 { return nil }
    var fit = LogisticFit(pairs, deviation: deviation, weight: Double(units) / count)
    fit.solve()
    (theta, phi) = (fit.theta, fit.phi)
  }

  /// The estimate with an interval: for each resample one Newton step from the fit, with the sums of
  /// gradient and curvature of the units drawn.
  static func estimate(
    _ pairs: [LengthPair], _ resampling: Resampling
  ) -> (control: LengthControl, rate: Estimate)? {
    guard let control = LengthControl(pairs, units: resampling.units) else { return nil }
    guard resampling.isPossible else { return (control, Estimate(control.rate)) }
    let sums = UnitSums(pairs, control, units: resampling.units)
    var rates: [Double] = []
    resampling.drawn { counts in rates.append(bradleyTerry(sums.step(from: control, counts))) }
    return (control, Estimate(control.rate, resampled: rates))
  }
}

/// Newton's method on the penalised cross-entropy; concave, so halved steps always arrive.
private struct LogisticFit {
  /// Pairs of one difference are one term: responses differ in few lengths, and meet in many pairs.
  let groups: [Group]
  let scale: Double
  let weight: Double
  var theta = 0.0
  var phi = 0.0

  init(_ pairs: [LengthPair], deviation: Double, weight: Double) {
    var groups: [Float: Group] = [:]
    for pair in pairs {
      groups[pair.difference, default: Group(difference: pair.difference)].add(pair)
    }
    // In an order of their own, so that sums round the same way each time.
    self.groups = groups.values.sorted { $0.difference < $1.difference }
    scale = deviation > 0 ? 1 / deviation : 0
    self.weight = weight
  }

  mutating func solve() {
    var value = objective(theta, phi)
    for _ in 0..<100 {
      var sums = Curvature()
      for group in groups { sums.add(group, theta, phi, scale, weight) }
      let (a, b) = sums.newtonStep(theta, phi)
      var size = 1.0
      while size > 1e-10 {
        let next = objective(theta + size * a, phi + size * b)
        if next >= value {
          (theta, phi, value) = (theta + size * a, phi + size * b, next)
          break
        }
        size /= 2
      }
      if size <= 1e-10 || abs(a) + abs(b) < 1e-12 { return }
    }
  }

  /// `sum w (p log sigma(x) + (1 - p) log sigma(-x)) - ridge/2 (theta^2 + phi^2)`
  private func objective(_ theta: Double, _ phi: Double) -> Double {
    var sum = 0.0
    for group in groups {
      let x = theta + phi * tanh(Double(group.difference) * scale)
      // p x - log(1 + e^x), without overflow.
      sum += group.preference * x - group.count * (max(x, 0) + log1p(exp(-abs(x))))
    }
    return weight * sum - LengthControl.ridge / 2 * (theta * theta + phi * phi)
  }
}

/// Pairs whose lengths differ alike: their number and the sum of their preferences.
private struct Group {
  let difference: Float
  var count = 0.0
  var preference = 0.0

  init(difference: Float) { self.difference = difference }

  init(_ pair: LengthPair) {
    self.init(difference: pair.difference)
    add(pair)
  }

  mutating func add(_ pair: LengthPair) {
    count += 1
    preference += Double(pair.preference)
  }
}

/// First and second derivatives of the cross-entropy in theta and phi, summed.
private struct Curvature {
  var g0 = 0.0
  var g1 = 0.0
  var h00 = 0.0
  var h01 = 0.0
  var h11 = 0.0

  mutating func add(
    _ group: Group, _ theta: Double, _ phi: Double, _ scale: Double, _ weight: Double
  ) {
    let z = tanh(Double(group.difference) * scale)
    let q = bradleyTerry(theta + phi * z)
    let error = weight * (group.preference - group.count * q)
    let curve = weight * group.count * q * (1 - q)
    g0 += error
    g1 += error * z
    h00 += curve
    h01 += curve * z
    h11 += curve * z * z
  }

  mutating func add(_ other: Curvature, times factor: Double) {
    g0 += factor * other.g0
    g1 += factor * other.g1
    h00 += factor * other.h00
    h01 += factor * other.h01
    h11 += factor * other.h11
  }

  /// With the ridge, whose gradient is taken at (theta, phi).
  func newtonStep(_ theta: Double, _ phi: Double) -> (Double, Double) {
    let ridge = LengthControl.ridge
    let (a, b, c) = (h00 + ridge, h01, h11 + ridge)
    let (u, v) = (g0 - ridge * theta, g1 - ridge * phi)
    let determinant = a * c - b * b
    guard determinant > 0 else { return (u / a, 0) }
    return ((c * u - b * v) / determinant, (a * v - b * u) / determinant)
  }
}

/// What each unit adds to the derivatives at the fit. With one prompt a pair belongs to its row's and
/// its column's response, and a unit has, to first order, `row + column - mean` (`PairTally.units`).
private struct UnitSums {
  private var units: [Curvature]

  init(_ pairs: [LengthPair], _ control: LengthControl, units count: Int) {
    let scale = control.deviation > 0 ? 1 / control.deviation : 0
    let each = Double(count) / Double(pairs.count)
    units = Array(repeating: Curvature(), count: count)
    var all = Curvature()
    for pair in pairs {
      var one = Curvature()
      one.add(Group(pair), control.theta, control.phi, scale, each)
      units[Int(pair.row)].add(one, times: 1)
      if pair.column != pair.row { units[Int(pair.column)].add(one, times: 1) }
      all.add(one, times: 1)
    }
    // Pairs off the diagonal were counted twice.
    guard pairs.contains(where: { $0.row != $0.column }) else { return }
    for pair in pairs where pair.row == pair.column {
      var one = Curvature()
      one.add(Group(pair), control.theta, control.phi, scale, each)
      units[Int(pair.row)].add(one, times: 1)
    }
    for i in units.indices { units[i].add(all, times: -1 / Double(count)) }
  }

  /// theta after a step on the units drawn.
  func step(from control: LengthControl, _ counts: [Double]) -> Double {
    var sum = Curvature()
    for (unit, count) in zip(units, counts) where count > 0 { sum.add(unit, times: count) }
    return control.theta + sum.newtonStep(control.theta, control.phi).0
  }
}
