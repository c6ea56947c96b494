import Foundation

/// Nash-MD (Munos et al., arXiv 2312.00886): the opponent is the geometric mixture of policy and
/// magnet, `log m = (1 - eta*alpha) log pi + eta*alpha*log mu - log Z`, and
/// `log pi = log m + eta*P m - log Z`. Precondition: eta * alpha < 1. Goes to the regularised
/// equilibrium, up to a bias of the order of eta.
public struct NashMirrorDescent: MagneticAlgorithm {
  public private(set) var logPolicy: [Double]
  public var logMagnet: [Double]
  public let eta: Double
  public let alpha: Double

  public init(start: [Double], eta: Double, alpha: Double) {
    logPolicy = LogSpace.normalised(start)
    logMagnet = logPolicy
    self.eta = eta
    self.alpha = alpha
  }

  public mutating func update(_ winRates: WinRates) {
    let none = [Double](repeating: 0, count: logPolicy.count)
    let mixture = explicitStep(logPolicy, logMagnet, eta: eta, alpha: alpha, none)
    let q = winRates(mixture.map(exp))
    logPolicy = LogSpace.normalised(zip(mixture, q).map { $0 + eta * $1 })
  }
}

/// EGPO (Zhou et al., arXiv 2503.08942), extragradient on the regularised game: a half step
/// `log h = (1 - eta*alpha) log pi + eta*(alpha*log mu + P pi) - log Z`, then the same from pi with
/// `P h`. Two vectors of win rates an update. Precondition: eta * alpha < 1.
public struct Extragradient: MagneticAlgorithm {
  public private(set) var logPolicy: [Double]
  public var logMagnet: [Double]
  public let eta: Double
  public let alpha: Double

  public init(start: [Double], eta: Double, alpha: Double) {
    logPolicy = LogSpace.normalised(start)
    logMagnet = logPolicy
    self.eta = eta
    self.alpha = alpha
  }

  public mutating func update(_ winRates: WinRates) {
    let half = step(winRates(policy))
    logPolicy = step(winRates(half.map(exp)))
  }

  private func step(_ q: [Double]) -> [Double] {
    explicitStep(logPolicy, logMagnet, eta: eta, alpha: alpha, q)
  }
}
