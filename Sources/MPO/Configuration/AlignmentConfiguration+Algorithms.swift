import MPOBackend

// What the algorithms' own sources choose, and checks of settings that only some of them read.

extension AlignmentConfiguration {
  /// The defaults of an algorithm: those of its source where it names some (TRL 1.16 for DPO, IPO and
  /// RLOO, 1.13 for Nash-MD; the released code of INPO, COMAL and SPPO), of MPO elsewhere. Learning
  /// rate, lengths and temperature are common to all.
  public init(algorithm: Algorithm) {
    self.init()
    self.algorithm = algorithm
    if algorithm != .mpo, algorithm != .mpoRT { magnetSyncSteps = 0 }
    switch algorithm {
    case .mpo, .mpoRT: break
    case .nashMD:
      opponent = .mixture
      lossReduction = .sequence
      innerSteps = 1
      generations = 2
    case .onlineDPO, .onlineIPO:
      innerSteps = 1
      generations = 2
    case .rloo:
      beta = 0.05
      innerSteps = 1
      generations = 2
    case .inpo, .comal:
      generations = 5
      eta = algorithm == .comal ? 0.002 : 0.1
      tau = eta / 3
      if algorithm == .comal { magnetSyncSteps = 12 }
    case .sppo:
      generations = 5
      eta = 1000
    case .dpo, .ipo:
      innerSteps = 1
    }
  }

  typealias Copying = @Sendable (inout Self, Self) -> Void

  /// The settings whose default depends on the algorithm.
  static let algorithmDefaults: [(name: String, copy: Copying)] = [
    ("opponent", { $0.opponent = $1.opponent }),
    ("loss_reduction", { $0.lossReduction = $1.lossReduction }),
    ("inner_steps", { $0.innerSteps = $1.innerSteps }),
    ("num_generations", { $0.generations = $1.generations }),
    ("magnet_sync_steps", { $0.magnetSyncSteps = $1.magnetSyncSteps }),
    ("eta", { $0.eta = $1.eta }),
    ("beta", { $0.beta = $1.beta }),
    // The share tau / eta is what the sources fix.
    ("tau", { $0.tau = $0.eta * $1.tau / $1.eta }),
  ]

  func validateAlgorithm() throws {
    let name = algorithm.rawValue
    if algorithm == .inpo || algorithm == .comal, tau > eta {
      throw ConfigurationError.conflict(
        "tau is \(shortNumber(tau)), above eta = \(shortNumber(eta)): \(name) weighs the reference by "
          + "tau / eta, which is at most 1")
    }
    if opponent != .policy, algorithm.isResponseLoss, !algorithm.readsWinRates {
      throw ConfigurationError.conflict(
        "opponent \(opponent.rawValue) needs win rates, but \(name) learns from pairs of the policy's "
          + "own responses; use opponent policy")
    }
    if magnetSchedule == .adaptive, algorithm == .mpo, opponent != .policy {
      throw ConfigurationError.conflict(
        "magnet_schedule adaptive measures self-play; use opponent policy, or magnet_schedule fixed"
      )
    }
    if algorithm.isResponseLoss, run.gradientAccumulationSteps > promptsPerRollout {
      throw ConfigurationError.conflict(
        "gradient_accumulation_steps is \(run.gradientAccumulationSteps), but \(name) keeps a "
          + "prompt's responses together and a step has only \(promptsPerRollout) prompts "
          + "(per_device_train_batch_size)")
    }
    if algorithm.isOffline, evalSteps > 0, judge == nil {
      throw ConfigurationError.missing(
        key: "judge", "eval_steps compares responses, which needs a source of preferences")
    }
  }

  /// The learner that is configured, over weights and an optimizer.
  public func makeLearner(_ states: PolicyStates) throws -> any PolicyLearner {
    let settings = LearnerSettings(self)
    guard let loss = responseLoss else { return try Learner(states, settings: settings) }
    return ResponseLearner(states, loss: loss, settings: settings)
  }

  /// The loss of whole responses that is configured; nil for a token loss.
  public var responseLoss: (any ResponseLoss)? {
    switch algorithm {
    case .mpo, .mpoRT, .nashMD: return nil
    case .onlineDPO, .dpo: return DPOLoss(beta: beta, labelSmoothing: labelSmoothing)
    case .onlineIPO: return IPOLoss(beta: beta)
    case .ipo: return IPOLoss(beta: beta, averagesLogProbs: averageLogProb)
    case .inpo, .comal: return INPOLoss(eta: eta, tau: tau)
    case .sppo: return SPPOLoss(eta: eta)
    case .rloo: return RLOOLoss(beta: beta, clip: clipRange)
    }
  }

  /// Advantages and weights of the token loss that is configured. MPO-RT and Nash-MD take the KL to
  /// the reference off the advantages; Nash-MD has no proximal term.
  public var tokenLoss: (loss: MagneticLossSettings, advantage: AdvantageEstimator) {
    let transform = LogitTransform(scale: Float(1 / sampling.temperature))
    func loss(alpha: Double, eta: Double) -> MagneticLossSettings {
      MagneticLossSettings(
        alpha: Float(alpha), eta: Float(eta), clip: Float(clipRange), transform: transform)
    }
    switch algorithm {
    case .mpoRT:
      return (loss(alpha: 0, eta: eta), .rewardTransformed(alpha: magnetCoefficient))
    case .nashMD:
      return (loss(alpha: 0, eta: .infinity), .penalized(beta: beta, penalty: penaltyReduction))
    default:
      return (loss(alpha: magnetCoefficient, eta: eta), klToGo ? .klToGo : .response)
    }
  }
}

extension Algorithm {
  /// A loss of whole responses that looks at each one's mean preference over its opponents, whoever
  /// they are.
  var readsWinRates: Bool { self == .sppo || self == .rloo }
}
