import MPOBackend
import MPOModel

// `eval_steps`: the policy against the model that the run started from. Only texts of that model are
// kept, and both players draw from random streams that no rollout uses, so evaluating changes
// nothing of the training.

extension AlignmentTrainer {
  /// Prompts that are evaluated, the first of the file.
  static let evaluatedPrompts = 64
  /// Random streams, past those of any rollout.
  static let startingStream = UInt32.max
  static let policyStream = UInt32.max - 1

  private func evaluator(_ judge: any PreferenceSource) -> Evaluator {
    Evaluator(
      judge: judge, prompts: evaluated.map(\.text),
      samples: configuration.generations, maxNewTokens: configuration.sampling.maxNewTokens,
      sampling: configuration.sampling.backendSettings, seed: UInt64(configuration.run.seed))
  }

  /// Draws the starting model's responses. Called before a checkpoint's weights replace it, so a
  /// resumed run compares with the same texts.
  func prepareEvaluation() throws {
    guard configuration.evalSteps > 0, let judge else { return }
    startingResponses = try evaluator(judge).responses(
      of: model, stream: Self.startingStream, tokens: evaluated.map(\.tokens), workspace: workspace)
  }

  /// Every `eval_steps` rollouts and at the end; empty elsewhere: `eval_win_rate`, the share of pairs
  /// won; `eval_avg_win_prob`, their mean preference, with its 95 % interval (`_low`, `_high`: bootstrap
  /// over prompts, over responses where there is one prompt); `eval_lc_win_rate`, the preference at
  /// equal lengths (`LengthControl`), left out where it is not identified.
  func evaluateIfDue() throws -> [(name: String, value: Double)] {
    guard let startingResponses, let judge, configuration.evalSteps > 0,
      stepsDone % configuration.evalSteps == 0 || stepsDone == totalSteps
    else { return [] }
    var clock = PhaseClock()
    let responses = try evaluator(judge).responses(
      of: model, stream: Self.policyStream, tokens: evaluated.map(\.tokens), workspace: workspace)
    var tournament = try Tournament(
      judge: judge, prompts: evaluated.map(\.text),
      policies: [
        PolicySamples(name: "policy", responses: responses),
        PolicySamples(name: "start", responses: startingResponses),
      ])
    tournament.seed = UInt64(configuration.run.seed)
    let report = try tournament.play()
    let rate = report.winRates[0][1]
    clock.mark("timing/eval")
    var values = [
      ("eval_win_rate", report.winShares[0][1]), ("eval_avg_win_prob", rate.value),
    ]
    if rate.hasInterval {
      values += [("eval_avg_win_prob_low", rate.low), ("eval_avg_win_prob_high", rate.high)]
    }
    if let equal = report.lengthControlled[0][1] {
      values.append(("eval_lc_win_rate", equal.value))
    }
    return values + [("timing/eval", clock.total)]
  }
}
