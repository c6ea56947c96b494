import MPO

/// A case whose rows are log-probabilities: the algorithm's own function without a model.
struct TableLoss {
  let name: String
  let c: AlignmentConfiguration
  let source: LossCase
  let policy: [[Double]]
  let old: [[Double]]
  let reference: [[Double]]

  init(_ source: LossCase) throws {
    guard let policy = source.policy, let old = source.old, let reference = source.reference else {
      throw LossCaseError.incomplete(source.name)
    }
    name = source.name
    c = try source.configuration()
    self.source = source
    self.policy = policy
    self.old = old
    self.reference = reference
  }

  func result() -> LossResult {
    let prompts = source.preferences.count
    var loss = 0.0
    var gradient: [[Double]] = []
    for n in 0..<prompts {
      let rows = (n * source.samples)..<((n + 1) * source.samples)
      let part = c.responseLoss.map { responses(rows, n, $0) } ?? tokens(rows, n)
      loss += part.loss / Double(prompts)
      gradient += part.gradient.map { $0.map { $0 / Double(prompts) } }
    }
    return LossResult(
      name: name, steps: [LossResult.Step(loss: loss, gradient: .tokens(gradient))], weights: nil)
  }

  private func responses(
    _ rows: Range<Int>, _ n: Int, _ loss: any ResponseLoss
  ) -> (loss: Double, gradient: [[Double]]) {
    let judged = source.group(n, c)
    func sums(_ tokens: [[Double]]) -> [Double] { tokens[rows].map { $0.reduce(0, +) } }
    let lengths = policy[rows].map(\.count)
    let value = loss.value(
      ResponseGroup(
        policy: sums(policy), old: sums(old), reference: sums(reference),
        preferences: judged.preferences, lengths: lengths, winRates: judged.winRates,
        rewards: judged.rewards))
    return (
      value.loss, zip(value.gradient, lengths).map { Array(repeating: $0, count: $1) }
    )
  }

  /// `-rho A` where policy and generating policy are one: the value is `-A`, and so is the slope.
  /// Sums over a response's tokens, the mean over responses.
  private func tokens(_ rows: Range<Int>, _ n: Int) -> (loss: Double, gradient: [[Double]]) {
    let ratios = rows.map { i in zip(old[i], reference[i]).map { $0 - $1 } }
    let advantages = c.tokenLoss.advantage.tokens(
      advantages: source.rates(source.group(n, c)).map { $0 - 0.5 }, logRatios: ratios)
    let slopes = advantages.map { $0.map { -$0 / Double(source.samples) } }
    return (slopes.joined().reduce(0, +), slopes)
  }
}
