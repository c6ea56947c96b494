import Foundation
import MPOBackend
import MPOModel

/// Learns by a loss of whole responses: DPO, IPO, INPO, COMAL, SPPO, RLOO.
///
/// The model gives `log pi(y)`, the loss its derivative with respect to that, and the fused
/// cross-entropy carries it on with `weight = -d loss / d log pi(y)` at each of the response's tokens.
/// Log-probabilities under the reference and the generating policy are numbers, computed once a
/// rollout: neither needs weights beside the reference's.
public final class ResponseLearner: PolicyLearner {
  public let states: PolicyStates
  public let settings: LearnerSettings
  public let loss: any ResponseLoss
  public private(set) var responseLogRatios: [Double] = []
  private var backend: any ComputeBackend { states.backend }

  public init(_ states: PolicyStates, loss: any ResponseLoss, settings: LearnerSettings) {
    self.states = states
    self.loss = loss
    self.settings = settings
  }

  public func learn(from rollout: Rollout) throws -> [InnerStepMetrics] {
    var parts = try self.parts(rollout)
    guard !parts.isEmpty else { throw TrainingError.emptyRollout }
    for i in parts.indices {
      parts[i].reference = parts[i].sums(
        try states.logProbs(
          states.magnetHidden(parts[i].batch), magnet, parts[i].batch,
          transform: settings.loss.transform))
    }
    var metrics: [InnerStepMetrics] = []
    if settings.innerSolve.restartsMoments { try optimizer.restartMoments() }
    for inner in 0..<settings.innerSteps {
      try backend.fill(states.gradients.flat, with: 0)
      var step = StepSums()
      for i in parts.indices {
        try backpropagate(&parts[i], groups: rollout.groups.count, first: inner == 0, &step)
      }
      if inner == 0 {
        responseLogRatios = parts.flatMap { zip($0.old, $0.reference).map { $0 - $1 } }
      }
      let norm = try optimizer.norm(of: states.gradients)
      let rate = try optimizer.update(
        policy, states.gradients, norm: norm,
        scale: pow(settings.innerSolve.rateDecay, Double(inner)))
      metrics.append(
        try step.metrics(
          scale: loss.rewardScale, gradNorm: Double(backend.floats(norm).first ?? .nan),
          rate: rate, rollout: rollouts, inner: inner))
    }
    try states.finishRollout(settings)
    return metrics
  }

  /// Whole prompts in each micro-batch: a prompt's responses are compared with each other.
  private func parts(_ rollout: Rollout) throws -> [Part] {
    let groups = Dictionary(grouping: rollout.rows, by: \.group)
    let limit = network.microBatchTokens(checkpointing: settings.gradientCheckpointing)
    let micro = Array(rollout.groups.indices).microBatches(
      settings.accumulationSteps, limit: limit
    ) { groups[$0]?.reduce(0) { $0 + $1.inputs } ?? 0 }
    return try micro.compactMap {
      let members = $0.map { groups[$0] ?? [] }
      guard members.joined().contains(where: { !$0.response.isEmpty }) else { return nil }
      return try Part(members, $0.map { rollout.groups[$0] }, network: network)
    }
  }

  /// Loss and gradients of one micro-batch.
  private func backpropagate(
    _ part: inout Part, groups: Int, first: Bool, _ step: inout StepSums
  ) throws {
    let tape = Tape(backend, recording: true)
    let hidden = try states.policyHidden(
      part.batch, tape, checkpointing: settings.gradientCheckpointing)
    let transform = settings.loss.transform
    let logProbs = part.sums(
      try states.logProbs(hidden.value, policy, part.batch, transform: transform))
    // The weights have not moved yet, so this is the generating policy.
    if first { part.old = logProbs }
    var slopes: [Double] = []
    for group in part.groups(logProbs) {
      let value = loss.value(group)
      step.loss += value.loss / Double(groups)
      step.groups.append(group)
      slopes += value.gradient.map { $0 / Double(groups) }
    }
    let weights = part.tokenWeights(slopes.map { -$0 })
    let dHidden = try backend.empty(hidden.value.shape)
    _ = try backend.crossEntropy(
      network.projected(hidden.value, policy), targets: part.batch.targets,
      weights: backend.tensor(weights), transform: states.capped(transform),
      gradients: ProjectionGradients(
        dHidden: dHidden, dWeight: states.gradients.projectionGradient()))
    try tape.backward(from: hidden, gradient: dHidden)
  }
}

/// Some prompts' responses on the device. R responses, M response tokens.
private struct Part {
  let batch: MicroBatch
  let judged: [Rollout.Group]
  /// Responses of each prompt, and of each its tokens.
  let lengths: [[Int]]
  /// log mu(y) and log pi_k(y), (R).
  var reference: [Double] = []
  var old: [Double] = []

  init(
    _ members: [[RolloutRow]], _ judged: [Rollout.Group], network: any PolicyNetwork
  ) throws {
    self.judged = judged
    lengths = members.map { $0.map(\.response.count) }
    let rows = members.flatMap { $0 }.filter { !$0.response.isEmpty }
    batch = try MicroBatch(rows[...], scale: 1, network: network)
  }

  /// Sums over each response's tokens, (R); 0 for an empty one.
  func sums(_ tokens: [Float]) -> [Double] {
    var start = 0
    return lengths.joined().map { count in
      defer { start += count }
      return tokens[start..<(start + count)].reduce(0) { $0 + Double($1) }
    }
  }

  /// One number a response spread over its tokens, (M).
  func tokenWeights(_ values: [Double]) -> [Float] {
    zip(lengths.joined(), values).flatMap { Array(repeating: Float($1), count: $0) }
  }

  func groups(_ policy: [Double]) -> [ResponseGroup] {
    var start = 0
    return zip(lengths, judged).map { lengths, judged in
      let rows = start..<(start + lengths.count)
      start = rows.upperBound
      return ResponseGroup(
        policy: Array(policy[rows]), old: Array(old[rows]), reference: Array(reference[rows]),
        preferences: judged.preferences, lengths: lengths, winRates: judged.winRates,
        rewards: judged.rewards)
    }
  }
}

/// What one inner step adds up.
private struct StepSums {
  var loss = 0.0
  var groups: [ResponseGroup] = []

  func metrics(
    scale: Double, gradNorm: Double, rate: Double, rollout: Int, inner: Int
  ) throws -> InnerStepMetrics {
    guard loss.isFinite, gradNorm.isFinite else {
      throw TrainingError.nonFinite(
        rollout: rollout, innerStep: inner, loss: loss, gradNorm: gradNorm)
    }
    var m = InnerStepMetrics()
    m.loss = loss
    m.gradNorm = gradNorm
    m.learningRate = rate
    var (tokens, responses) = (0.0, 0.0)
    for group in groups {
      for i in 0..<group.count {
        tokens += Double(group.lengths[i])
        responses += 1
        m.klMagnet += group.old[i] - group.reference[i]
        m.klOld += group.old[i] - group.policy[i]
        m.entropy -= group.old[i]
        m.ratio += exp(group.policy[i] - group.old[i])
      }
    }
    m.klMagnet /= max(1, tokens)
    m.klOld /= max(1, tokens)
    m.entropy /= max(1, tokens)
    m.ratio /= max(1, responses)
    m.pairs = PairMetrics(groups, scale: scale)
    return m
  }
}
