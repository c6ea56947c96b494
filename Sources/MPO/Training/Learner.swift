import Foundation
import MPOBackend
import MPOModel

/// Policy gradients on tokens through the fused magnetic loss: MPO, MPO-RT and Nash-MD. Beside the
/// states nothing persists between rollouts; where several inner steps need it, the policy that
/// generated is kept as hidden states and one output projection.
public final class Learner: PolicyLearner {
  public let states: PolicyStates
  public let settings: LearnerSettings
  public private(set) var responseLogRatios: [Double] = []
  /// The generating policy's output projection (V, C): the head is trained, so inner steps after the
  /// first need a copy. Nil when there are none, or when the head is frozen under adapters.
  private let oldProjection: Tensor?
  private var backend: any ComputeBackend { states.backend }
  private var gradients: ParameterSet { states.gradients }

  public init(_ states: PolicyStates, settings: LearnerSettings) throws {
    self.states = states
    self.settings = settings
    let network = states.network
    oldProjection =
      settings.innerSteps == 1 || states.policy.adapted != nil
      ? nil
      : try network.backend.empty(
        [network.vocabulary, network.width], states.policy.precision == .bf16 ? .bf16 : .f32)
  }

  /// `policy` is trained in place; the magnet starts as a copy of it unless given.
  public convenience init(
    _ network: any PolicyNetwork, policy: ParameterSet, magnet: ParameterSet? = nil,
    optimizer: Optimizer, settings: LearnerSettings
  ) throws {
    try self.init(
      PolicyStates(
        network, policy: policy, magnet: magnet, optimizer: optimizer,
        magnetMixup: settings.magnetMixup),
      settings: settings)
  }

  public func learn(from rollout: Rollout) throws -> [InnerStepMetrics] {
    try learn(from: rollout.rows)
  }

  /// Takes `innerSteps` optimizer steps on a rollout drawn from the current policy, or fewer when
  /// they reach the inner tolerance, then refreshes the magnet when it is due.
  /// - Returns: the figures of every inner step; where the tolerance ended them the last
  ///   (`isSolved`) are those of the policy as it stands.
  /// - Throws: `TrainingError.nonFinite` when a loss or gradient is not a number; the policy is
  ///   then not to be used.
  public func learn(from rows: [RolloutRow]) throws -> [InnerStepMetrics] {
    var batches = try microBatches(rows)
    try keepProjection()
    let magnetHidden = try batches.map { try states.magnetHidden($0) }
    if settings.advantage.needsLogRatios { try estimateAdvantages(&batches, rows, magnetHidden) }
    var oldHidden: [Tensor] = []
    var metrics: [InnerStepMetrics] = []
    if settings.innerSolve.restartsMoments { try optimizer.restartMoments() }
    for inner in 0..<settings.innerSteps {
      try backend.fill(gradients.flat, with: 0)
      var components: [Tensor] = []
      for (i, batch) in batches.enumerated() {
        let tape = Tape(backend, recording: true)
        let hidden = try states.policyHidden(
          batch, tape, checkpointing: settings.gradientCheckpointing)
        if inner == 0, settings.innerSteps > 1 {
          // The weights have not moved yet, so these are the generating policy's hidden states.
          let old = try backend.empty(hidden.value.shape)
          try backend.copy(hidden.value, to: old)
          oldHidden.append(old)
        }
        let old = inner == 0 ? nil : try generatingPolicy(oldHidden[i])
        components.append(
          try backpropagate(batch, hidden, tape: tape, old: old, magnet: magnetHidden[i]))
      }
      let norm = try optimizer.norm(of: gradients)
      let solved = try isSolved(norm, since: metrics.first)
      var rate = metrics.last?.learningRate ?? 0
      if !solved {
        rate = try optimizer.update(
          policy, gradients, norm: norm, scale: pow(settings.innerSolve.rateDecay, Double(inner)))
      }
      // Read back after the update is under way.
      let values = try components.map { try backend.floats($0) }
      if inner == 0 { responseLogRatios = logRatios(of: rows, batches, values) }
      metrics.append(
        try measure(batches, values, norm: norm, rate: rate, inner: inner))
      metrics[inner].isSolved = solved
      if solved { break }
    }
    try states.finishRollout(settings)
    return metrics
  }

  /// Whether the gradient has fallen to the tolerance's share of the rollout's first. Without a
  /// tolerance nothing is read back.
  private func isSolved(_ norm: Tensor, since first: InnerStepMetrics?) throws -> Bool {
    guard settings.innerSolve.tolerance > 0, let first else { return false }
    let now = Double(try backend.floats(norm).first ?? .nan)
    return now <= settings.innerSolve.tolerance * first.gradNorm
  }

  /// The magnet's part of a rollout alone (for measuring it): its hidden states at the predicting
  /// positions, which are then dropped.
  public func magnetForward(_ rows: [RolloutRow]) throws {
    for batch in try microBatches(rows) { _ = try states.magnetHidden(batch) }
  }

  /// Sets the advantages of every token from the log-ratios of the rollout as it was drawn.
  private func estimateAdvantages(
    _ batches: inout [MicroBatch], _ rows: [RolloutRow], _ magnetHidden: [Tensor]
  ) throws {
    let kept = rows.filter { !$0.response.isEmpty }
    var ratios: [[Double]] = []
    for (batch, hidden) in zip(batches, magnetHidden) {
      let members = kept[ratios.count..<(ratios.count + batch.rowCount)]
      let magnet = try states.logProbs(
        hidden, magnet, batch, transform: settings.loss.transform)
      let drawn =
        members.allSatisfy { $0.logProbs.count == $0.response.count }
        ? members.flatMap(\.logProbs)
        : try states.logProbs(
          states.hidden(batch, of: policy), policy, batch, transform: settings.loss.transform)
      let values = zip(drawn, magnet).map { Double($0) - Double($1) }
      ratios += zip(batch.starts, batch.starts.dropFirst()).map { Array(values[$0..<$1]) }
    }
    var tokens = kept.map { _ in [Double]() }
    for (_, members) in Dictionary(grouping: kept.indices, by: { kept[$0].group }) {
      let values = settings.advantage.tokens(
        advantages: members.map { Double(kept[$0].advantage) },
        logRatios: members.map { ratios[$0] })
      for (row, value) in zip(members, values) { tokens[row] = value }
    }
    var first = 0
    for i in batches.indices {
      let end = first + batches[i].rowCount
      batches[i].advantages = try backend.tensor(tokens[first..<end].joined().map { Float($0) })
      first = end
    }
  }

  private func microBatches(_ rows: [RolloutRow]) throws -> [MicroBatch] {
    let rows = rows.filter { !$0.response.isEmpty }
    let count = rows.reduce(0.0) {
      $0 + Double($1.weight) * (settings.reduction == .token ? Double($1.response.count) : 1)
    }
    guard count > 0 else { throw TrainingError.emptyRollout }
    let scale = 1 / Float(count)
    let limit = network.microBatchTokens(checkpointing: settings.gradientCheckpointing)
    return try rows.microBatches(settings.accumulationSteps, limit: limit) { $0.inputs }.map {
      try MicroBatch($0[...], scale: scale, network: network)
    }
  }

  /// The output projection as products read it, for inner steps after the first.
  private func keepProjection() throws {
    guard let oldProjection else { return }
    let projection = try policy.outputProjection()
    if projection.type == oldProjection.type {
      try backend.copy(projection, to: oldProjection)
    } else {
      try backend.convert(projection, into: oldProjection)
    }
  }

  /// The generating policy's hidden states with its projection: a copy where the head is trained, the
  /// base's own under adapters.
  private func generatingPolicy(_ hidden: Tensor) throws -> ProjectedPolicy {
    ProjectedPolicy(
      hidden: hidden, weight: try oldProjection ?? policy.outputProjection(),
      precision: policy.precision)
  }

  /// Loss and gradients of one micro-batch; returns its components. A nil `old` is the policy as it
  /// stands.
  private func backpropagate(
    _ batch: MicroBatch, _ hidden: Variable, tape: Tape, old: ProjectedPolicy?,
    magnet magnetHidden: Tensor
  ) throws -> Tensor {
    let projected = try network.projected(hidden.value, policy)
    let magnetPolicy = try network.projected(magnetHidden, magnet)
    var loss = settings.loss
    loss.transform = states.capped(loss.transform)
    var advantages = batch.advantages
    var reported: Tensor?
    if settings.advantage == .klToGo {
      let now = try backend.magneticLoss(
        policy: projected, old: old, magnet: magnetPolicy, targets: batch.targets,
        advantages: batch.advantages, weights: batch.weights, settings: loss,
        gradients: nil)
      // The figures of the loss itself; later KLs enter the gradient only.
      reported = now
      advantages = try backend.empty([batch.tokens])
      try backend.advantageWithKLToGo(
        advantages: batch.advantages,
        klMagnet: now.elements(batch.component(.klMagnet)),
        klOld: now.elements(batch.component(.klOld)), sequences: batch.responses,
        alpha: settings.loss.alpha, eta: settings.loss.eta, into: advantages)
    }
    let dHidden = try backend.empty(hidden.value.shape)
    let components = try backend.magneticLoss(
      policy: projected, old: old, magnet: magnetPolicy, targets: batch.targets,
      advantages: advantages, weights: batch.weights, settings: loss,
      gradients: ProjectionGradients(
        dHidden: dHidden, dWeight: try gradients.projectionGradient()))
    try tape.backward(from: hidden, gradient: dHidden)
    return reported ?? components
  }

  /// The sums over each response's tokens, which the loss has computed.
  private func logRatios(
    of rows: [RolloutRow], _ batches: [MicroBatch], _ components: [[Float]]
  ) -> [Double] {
    var sums: [Double] = []
    for (batch, values) in zip(batches, components) {
      let old = values[batch.component(.oldLogProb)].map(Double.init)
      let magnet = values[batch.component(.magnetLogProb)].map(Double.init)
      for (first, end) in zip(batch.starts, batch.starts.dropFirst()) {
        sums.append((first..<end).reduce(0) { $0 + old[$1] - magnet[$1] })
      }
    }
    var next = sums.makeIterator()
    return rows.map { $0.response.isEmpty ? 0 : next.next() ?? 0 }
  }

  /// The step's figures.
  private func measure(
    _ batches: [MicroBatch], _ components: [[Float]], norm: Tensor, rate: Double, inner: Int
  ) throws -> InnerStepMetrics {
    var m = InnerStepMetrics()
    let tokens = batches.reduce(0.0) { $0 + $1.rowWeights.reduce(0.0) { $0 + Double($1) } }
    for (batch, values) in zip(batches, components) {
      func sum(_ c: MagneticComponent) -> Double {
        zip(batch.rowWeights, values[batch.component(c)]).reduce(0) {
          $0 + Double($1.0) * Double($1.1)
        }
      }
      m.loss += Double(batch.scale) * sum(.loss)
      m.surrogate += Double(batch.scale) * sum(.surrogate)
      m.klMagnet += sum(.klMagnet) / tokens
      m.klOld += sum(.klOld) / tokens
      m.entropy += sum(.entropy) / tokens
      m.ratio += sum(.ratio) / tokens
    }
    m.gradNorm = Double(try backend.floats(norm).first ?? .nan)
    m.learningRate = rate
    guard m.loss.isFinite, m.gradNorm.isFinite else {
      throw TrainingError.nonFinite(
        rollout: rollouts, innerStep: inner, loss: m.loss, gradNorm: m.gradNorm)
    }
    return m
  }
}

extension MicroBatch {
  /// Range of one component in the (count, M) component array.
  func component(_ c: MagneticComponent) -> Range<Int> {
    (c.rawValue * tokens)..<((c.rawValue + 1) * tokens)
  }
}
