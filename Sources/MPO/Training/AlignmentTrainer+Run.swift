import Foundation
import MPOBackend
import MPOModel

extension AlignmentTrainer: TrainableRun {
  /// Trains to the end, with metrics, checkpoints and the aligned model in the output folder.
  /// - Parameters:
  ///   - print: lines for the user before the first step (resolved settings, memory, hints).
  ///   - stopRequested: asked between steps; when true the run saves a checkpoint and returns.
  /// - Throws: what the parts throw. Whatever happens, the last complete checkpoint stays.
  public func run(
    print: (String) -> Void, stopRequested: () -> Bool = { StopSignal.requested }
  ) throws -> TrainingOutcome {
    var loop = try RunLoop(self)
    return try loop(print: print, stopRequested: stopRequested)
  }

  var runSettings: RunSettings { configuration.run }
  var hints: [String] {
    let idle = configuration.settingsWithoutEffect
    let note =
      idle.isEmpty
      ? nil
      : "note: no effect with algorithm \(configuration.algorithm.rawValue): "
        + idle.joined(separator: ", ")
    return model.notes + [promptWarning, note, configuration.hint()].compactMap { $0 }
  }
  var stepsInAll: Int { totalSteps }
  var probe: [Int32] {
    let prompt = prompts.count > 0 ? (try? prompts[0])?.tokens : (try? pairs[0])?.prompt
    return prompt ?? [0]
  }

  var tensors: TrainingTensors {
    TrainingTensors(
      policy: learner.policy, magnet: learner.magnet, optimizer: learner.optimizer)
  }

  /// Weights, gradients, two moments and the magnet (and a base that is the opponent), with several
  /// inner steps of a token loss one copy of the output projection, and the activations of one
  /// micro-batch at its longest.
  var memory: MemoryEstimate {
    let isTokenLoss = !configuration.algorithm.isResponseLoss
    // A loss of whole responses keeps those of a prompt together.
    let together = isTokenLoss ? 1 : configuration.rows / configuration.promptsPerRollout
    let hasOld = isTokenLoss && configuration.innerSteps > 1
    let opponents = configuration.magnetNeverMoves ? [] : [base].compactMap { $0 }
    return MemoryEstimate(
      model.decoder, learner.policy, references: [learner.magnet] + opponents, copies: 4,
      headCopy: hasOld,
      step: StepRows(
        units: configuration.rows / together, tokens: together * longestRow,
        lossTokens: together * configuration.sampling.maxNewTokens,
        parts: configuration.run.gradientAccumulationSteps),
      policies: isTokenLoss ? (hasOld ? 3 : 2) : 1,
      checkpointing: configuration.run.gradientCheckpointing)
  }

  func fill(_ state: inout TrainerState) {
    state.magnetUpdates = learner.magnetUpdates
    if configuration.magnetSchedule == .adaptive { state.magnetClock = magnetClock }
    state.epoch = epochs
    state.cursor = cursor
    state.tokens = tokensSeen
  }

  func prepare(isResumed: Bool) throws { try prepareEvaluation() }

  func advance() throws -> StepReport {
    var report = try step()
    report.values += try evaluateIfDue()
    return report
  }

  func values(_ report: StepReport) -> [(name: String, value: MetricValue)] {
    var values = report.values.map { ($0.name, MetricValue.number($0.value)) }
    if configuration.logCompletions, let data = try? JSONEncoder().encode(report.samples) {
      values.append(("completions", .text(String(decoding: data, as: UTF8.self))))
    }
    return values
  }

  func columns(_ report: StepReport) -> [(name: String, value: Double)] {
    let names = [
      ("loss", "loss"), ("rewards/accuracies", "accuracy"), ("rewards/margins", "margin"),
      ("magnet/kl", "kl_magnet"), ("loss/kl", "kl_old"),
      ("objective/entropy", "entropy"), ("grad_norm", "grad_norm"), ("duality_gap", "gap"),
      ("eval_win_rate", "eval_win_rate"), ("eval_avg_win_prob", "eval_avg_win_prob"),
      ("tokens_per_second", "tok/s"),
    ]
    return names.compactMap { key, title in report[key].map { (title, $0) } }
  }
}
