/// What `magnetic train` minimises. One trainer runs them all: rollouts, judging, optimizer, reference
/// and checkpoints are shared, and an algorithm is a loss (`ResponseLoss`), or advantages
/// (`AdvantageEstimator`) for the fused token loss.
///
/// Notation: pi the trained policy, pi_k the one that generated the rollout, mu the reference (the
/// magnet), r(y) the mean preference for y over its opponents, h(y, y') the difference of
/// `log pi/mu` between two responses.
public enum Algorithm: String, Sendable, CaseIterable {
  /// Magnetic Preference Optimization (Wang et al., 2025):
  /// `-rho A + alpha KL(pi || mu) + KL(pi || pi_k) / eta`, mu moved now and then.
  case mpo
  /// Its reward transformation: alpha log(pi_k/mu) is taken off the reward of every token.
  case mpoRT = "mpo-rt"
  /// Nash-MD (Munos et al., 2024): policy gradient against the mixture of pi and mu,
  /// `(P(y > y') - 1/2 - beta log[pi/mu](y)) grad log pi(y)`.
  case nashMD = "nash-md"
  /// Online DPO (Guo et al., 2024): `-log sigmoid(beta h(y+, y-))` on fresh responses.
  case onlineDPO = "online-dpo"
  /// Online IPO (Calandriello et al., 2024): `(h - (P(y > y') - 1/2) / beta)^2` on fresh responses.
  case onlineIPO = "online-ipo"
  /// INPO (Zhang et al., 2025): a pair's log-ratio regresses on those of mu and pi_k and on the
  /// preference.
  case inpo
  /// COMAL (Liu et al., 2025): INPO whose reference moves to the policy now and then.
  case comal
  /// SPPO (Wu et al., 2025): `(log[pi/pi_k](y) - eta (r(y) - 1/2))^2`.
  case sppo
  /// RLOO (Ahmadian et al., 2024): REINFORCE with the mean of a prompt's other responses as baseline.
  case rloo
  /// DPO (Rafailov et al., 2023) on a file of pairs.
  case dpo
  /// IPO (Azar et al., 2024) on a file of pairs.
  case ipo

  /// Learns from a file of pairs: nothing is generated and nothing judged.
  public var isOffline: Bool { self == .dpo || self == .ipo }

  /// A function of whole responses' log-probabilities; the others are policy gradients on tokens.
  public var isResponseLoss: Bool {
    switch self {
    case .onlineDPO, .onlineIPO, .inpo, .comal, .sppo, .rloo, .dpo, .ipo: return true
    case .mpo, .mpoRT, .nashMD: return false
    }
  }

  /// Settings that some algorithms read and others do not, of which this one reads these.
  var ownSettings: Set<String> {
    let online: Set = ["num_generations", "opponent"]
    let reference: Set = ["magnet_sync_steps", "magnet_mixup_alpha"]
    let tokens: Set = ["loss_reduction", "clip_range", "inner_tolerance"]
    switch self {
    case .mpo:
      return online.union(reference).union(tokens)
        .union(["eta", "magnet_coef", "magnet_schedule", "kl_to_go"])
    case .mpoRT: return online.union(reference).union(tokens).union(["eta", "magnet_coef"])
    case .nashMD:
      return online.union(reference).union(tokens)
        .union(["beta", "mixture_coef", "kl_reduction"])
    case .rloo: return online.union(reference).union(["beta", "clip_range"])
    case .onlineDPO:
      return online.union(reference).union(["beta", "label_smoothing", "hard_labels"])
    case .onlineIPO: return online.union(reference).union(["beta", "hard_labels"])
    case .inpo, .comal: return online.union(reference).union(["eta", "tau", "hard_labels"])
    case .sppo: return online.union(["eta"])
    case .dpo: return reference.union(["beta", "label_smoothing", "hard_labels", "max_length"])
    case .ipo: return reference.union(["beta", "hard_labels", "average_log_prob", "max_length"])
    }
  }

  /// Every setting that is not common to all.
  static let particularSettings = allCases.reduce(into: Set<String>()) {
    $0.formUnion($1.ownSettings)
  }
}

/// Whom the policy's responses are compared with.
public enum Opponent: String, Sendable, CaseIterable {
  /// The policy itself: self-play, one batch serves both players.
  case policy
  /// The model that the run started from, frozen.
  case base
  /// The token-wise geometric mixture of policy and reference, `pi^(1-m) mu^m / Z`: Nash-MD.
  case mixture
}
