import Foundation

/// An algorithm and its settings as a user names them: `mpo`, or `mpo:eta=1,magnet_coef=.05`.
public struct AlgorithmChoice: Sendable, Equatable {
  public enum Kind: String, CaseIterable, Sendable {
    case adaptiveMPO = "mpo-adaptive"
    case mpo
    case mpoRT = "mpo-rt"
    case mmd
    case mwu
    case nashMD = "nash-md"
    case omwu
    case egpo
    case inpo
    case comal

    /// What the method is, for help and legends.
    public var title: String {
      switch self {
      case .adaptiveMPO: return "adaptive MPO"
      case .mpo: return "MPO"
      case .mpoRT: return "MPO-RT"
      case .mmd: return "MMD, fixed magnet"
      case .mwu: return "MWU (SPO, SPPO)"
      case .nashMD: return "Nash-MD"
      case .omwu: return "OMWU"
      case .egpo: return "EGPO"
      case .inpo: return "INPO"
      case .comal: return "COMAL"
      }
    }

    /// The settings that change what the method does.
    public var usesEta: Bool { self != .adaptiveMPO }
    public var usesMagnet: Bool { ![.adaptiveMPO, .mwu, .omwu].contains(self) }
    /// The magnet moves unless told otherwise.
    public var refreshes: Bool { [.mpo, .mpoRT, .comal].contains(self) }
    /// The explicit steps need eta * alpha < 1.
    var isExplicit: Bool { [.mpoRT, .nashMD, .egpo].contains(self) }
  }

  public var kind: Kind
  /// Step size, > 0.
  public var eta: Double
  /// alpha, >= 0.
  public var magnetCoefficient: Double
  /// T_mag, updates between refreshes; 0 never. MMD and INPO keep their magnet.
  public var magnetSyncSteps: Int
  /// As the user wrote it.
  public let text: String

  /// - Parameters:
  ///   - text: a name of `Kind`, `spo` or `sppo`; after a colon its own settings `eta`,
  ///     `magnet_coef`, `magnet_sync_steps`, which go before the parameters. `nash-md` and `egpo`
  ///     take a period only here: by themselves they are methods with a fixed magnet.
  /// - Throws: `GameError.algorithm`.
  public init(
    _ text: String, eta: Double = 0.3, magnetCoefficient: Double = 0.1, magnetSyncSteps: Int = 100
  ) throws {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    let name = parts.first ?? ""
    guard let kind = Kind(rawValue: ["spo", "sppo"].contains(name) ? "mwu" : name) else {
      throw GameError.algorithm(
        "unknown algorithm '\(name)': expected one of "
          + Kind.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.kind = kind
    self.text = text
    self.eta = eta
    self.magnetCoefficient = magnetCoefficient
    self.magnetSyncSteps = kind.refreshes ? magnetSyncSteps : 0
    for assignment in parts.dropFirst().first?.split(separator: ",") ?? [] {
      try set(String(assignment))
    }
    try validate()
  }

  private mutating func set(_ assignment: String) throws {
    let sides = assignment.split(separator: "=", maxSplits: 1).map(String.init)
    guard sides.count == 2, let value = Double(sides[1]), value.isFinite else {
      throw GameError.algorithm(
        "'\(text)': expected eta=..., magnet_coef=... or magnet_sync_steps=... with a number, "
          + "found '\(assignment)'")
    }
    switch sides[0].replacingOccurrences(of: "-", with: "_") {
    case "eta": eta = value
    case "magnet_coef", "alpha": magnetCoefficient = value
    case "magnet_sync_steps", "sync":
      guard let steps = Int(exactly: value) else {
        throw GameError.algorithm("'\(text)': expected a whole number of updates, found \(value)")
      }
      magnetSyncSteps = steps
    default:
      throw GameError.algorithm(
        "'\(text)': unknown setting '\(sides[0])', expected eta, magnet_coef or magnet_sync_steps")
    }
  }

  private func validate() throws {
    func require(_ condition: Bool, _ message: String) throws {
      guard condition else { throw GameError.algorithm("'\(text)': \(message)") }
    }
    guard kind != .adaptiveMPO else {
      return try require(!text.contains(":"), "mpo-adaptive has no settings")
    }
    try require(eta > 0 && eta.isFinite, "expected eta > 0, found \(shortNumber(eta))")
    try require(
      magnetCoefficient >= 0 && magnetCoefficient.isFinite,
      "expected magnet_coef >= 0, found \(shortNumber(magnetCoefficient))")
    try require(magnetSyncSteps >= 0, "expected magnet_sync_steps >= 0, found \(magnetSyncSteps)")
    try require(
      kind.refreshes || kind == .nashMD || kind == .egpo || magnetSyncSteps == 0,
      "\(kind.title) has no magnet that moves; mpo is MMD with one, comal is INPO with one")
    let product = eta * magnetCoefficient
    try require(product.isFinite, "eta * magnet_coef is not finite; lower one")
    try require(
      !kind.isExplicit || product < 1,
      "eta * magnet_coef is \(shortNumber(product)): the explicit step of \(kind.title) needs it "
        + "below 1. Lower eta")
  }

  /// - Parameter start: log-probabilities or logits, (n).
  public func make(start: [Double]) -> any GameAlgorithm {
    let (eta, alpha) = (eta, magnetCoefficient)
    func refreshed(_ base: some MagneticAlgorithm) -> any GameAlgorithm {
      Refreshed(base, syncSteps: magnetSyncSteps)
    }
    switch kind {
    case .adaptiveMPO: return AdaptiveMPO(start: start)
    case .mpo, .mmd: return refreshed(MagneticMirrorDescent(start: start, eta: eta, alpha: alpha))
    case .mpoRT: return refreshed(RewardTransformedDescent(start: start, eta: eta, alpha: alpha))
    case .mwu: return MultiplicativeWeights(start: start, eta: eta)
    case .nashMD: return refreshed(NashMirrorDescent(start: start, eta: eta, alpha: alpha))
    case .omwu: return OptimisticMultiplicativeWeights(start: start, eta: eta)
    case .egpo: return refreshed(Extragradient(start: start, eta: eta, alpha: alpha))
    case .inpo, .comal:
      return refreshed(INPO(start: start, eta: (1 + eta * alpha) / eta, tau: alpha))
    }
  }

  /// `eta = 0.3, magnet_coef = 0.1, ...`: what the method really uses.
  public var settingsText: String {
    var parts: [String] = []
    if kind.usesEta { parts.append("eta = \(shortNumber(eta))") }
    if kind.usesMagnet {
      parts.append("magnet_coef = \(shortNumber(magnetCoefficient))")
      if magnetSyncSteps > 0 { parts.append("magnet_sync_steps = \(magnetSyncSteps)") }
    }
    return parts.joined(separator: ", ")
  }
}
