import Foundation

/// Answers what a policy's opponents think of it: `q(y) = E_{y' ~ policy} P(y > y')`, n numbers for n
/// probabilities.
public typealias WinRates = (_ policy: [Double]) -> [Double]

/// One way to play a preference game against itself, as a value: all its state is in it, so a copy
/// is a checkpoint. The loop around every one of them is the same:
///
///     for _ in 0..<steps {
///       algorithm.update { game.winRates(against: $0) }
///     }
///
/// Policies are kept as normalised logarithms; an action of probability 0 keeps it.
public protocol GameAlgorithm: Sendable {
  /// log pi of the last iterate, (n).
  var logPolicy: [Double] { get }
  /// One update. Most ask for one vector of win rates; `Extragradient` asks for two.
  mutating func update(_ winRates: WinRates)
}

/// An algorithm that is pulled towards a magnet mu, with weight alpha.
public protocol MagneticAlgorithm: GameAlgorithm {
  /// log mu, (n), normalised.
  var logMagnet: [Double] { get set }
}

extension GameAlgorithm {
  /// pi, (n).
  public var policy: [Double] { logPolicy.map(exp) }
}

/// `Base`, and `mu = pi` after every `syncSteps` updates (T_mag; 0 never). The last iterate then
/// goes to the equilibrium of the original game when `Base` solves each regularised one well enough:
/// a heuristic says eta * alpha * syncSteps >= 0.6, and a refresh after every update is `MWU`.
public struct Refreshed<Base: MagneticAlgorithm>: MagneticAlgorithm {
  public private(set) var base: Base
  public let syncSteps: Int
  /// Updates so far.
  public private(set) var updates = 0

  public init(_ base: Base, syncSteps: Int) {
    self.base = base
    self.syncSteps = syncSteps
  }

  public var logPolicy: [Double] { base.logPolicy }
  public var logMagnet: [Double] {
    get { base.logMagnet }
    set { base.logMagnet = newValue }
  }

  public mutating func update(_ winRates: WinRates) {
    base.update(winRates)
    updates += 1
    if syncSteps > 0, updates % syncSteps == 0 { base.logMagnet = base.logPolicy }
  }
}

/// Log-probability vectors.
enum LogSpace {
  /// x - log sum exp(x), max-subtracted. -inf stays; precondition: one entry is finite.
  static func normalised(_ x: [Double]) -> [Double] {
    let z = logSumExp(x)
    return x.map { $0 - z }
  }

  static func logSumExp(_ x: [Double]) -> Double {
    let top = x.max() ?? 0
    return top + log(x.reduce(0) { $0 + exp($1 - top) })
  }
}
