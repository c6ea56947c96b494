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
      judge: judge, prompts: prompts.prefix(Self.evaluatedPrompts).map(\.text),
      samples: configuration.generations, maxNewTokens: configuration.sampling.maxNewTokens,
      sampling: configuration.sampling.backendSettings, seed: UInt64(configuration.run.seed))
  }

  private var evaluatedTokens: [[Int32]] { prompts.prefix(Self.evaluatedPrompts).map(\.tokens) }

  /// Draws the starting model's responses. Called before a checkpoint's weights replace it, so a
  /// resumed run compares with the same texts.
  func prepareEvaluation() throws {
    guard configuration.evalSteps > 0, let judge else { return }
    startingResponses = try evaluator(judge).responses(
      of: model, stream: Self.startingStream, tokens: evaluatedTokens)
  }

  /// `eval_win_rate`, the share of pairs won, and `eval_avg_win_prob`, their mean preference, every
  /// `eval_steps` rollouts and at the end; empty elsewhere.
  func evaluateIfDue() throws -> [(name: String, value: Double)] {
    guard let startingResponses, let judge, configuration.evalSteps > 0,
      stepsDone % configuration.evalSteps == 0 || stepsDone == totalSteps
    else { return [] }
    var clock = PhaseClock()
    let evaluator = evaluator(judge)
    let result = try evaluator.headToHead(
      evaluator.responses(
        of: model, stream: Self.policyStream, tokens: evaluatedTokens), over: startingResponses)
    clock.mark("timing/eval")
    return [
      ("eval_win_rate", result.wins), ("eval_avg_win_prob", result.probability),
      ("timing/eval", clock.total),
    ]
  }
}
