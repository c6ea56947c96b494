/// A figure of the summary: one number of a run, at its end.
struct SummaryFigure {
  enum Unit {
    case plain, percent, duration, memory
  }

  var title: String
  var unit = Unit.plain
  /// Of the metric that it is the last value of, the curve; else the value is computed.
  var metrics: [String] = []
  /// Whether the last tenth of the steps says more than the last one.
  var isNoisy = false
  var value: @Sendable (LoggedRun) -> Double?

  /// The last value of the first of these metrics that a run has.
  init(_ title: String, _ metrics: [String], unit: Unit = .plain, isNoisy: Bool = false) {
    self.title = title
    self.unit = unit
    self.metrics = metrics
    self.isNoisy = isNoisy
    value = { $0.curve(metrics)?.last?.value }
  }

  init(_ title: String, unit: Unit = .plain, _ value: @escaping @Sendable (LoggedRun) -> Double?) {
    self.title = title
    self.unit = unit
    self.value = value
  }

  static let all: [SummaryFigure] = [
    SummaryFigure("Win rate", ["eval_win_rate"], unit: .percent),
    SummaryFigure("Mean preference", ["eval_avg_win_prob"], unit: .percent),
    SummaryFigure("Duality gap", ["duality_gap"], isNoisy: true),
    SummaryFigure("Held-out accuracy", ["eval_accuracy"], unit: .percent),
    SummaryFigure(
      "Accuracy", ["accuracy", "rewards/accuracies"], unit: .percent, isNoisy: true),
    SummaryFigure("Held-out loss", ["eval_loss"]),
    SummaryFigure("Loss", ["loss"], isNoisy: true),
    SummaryFigure("KL to magnet", ["magnet/kl"], isNoisy: true),
    SummaryFigure("KL to base", ["base/kl", "objective/kl", "kl"], isNoisy: true),
    SummaryFigure("Entropy", ["objective/entropy", "entropy"], isNoisy: true),
    SummaryFigure("Completion length", ["completions/mean_length"], isNoisy: true),
    SummaryFigure("Magnet refreshes", ["magnet/updates"]),
    SummaryFigure("Tokens", ["num_tokens"]),
    SummaryFigure("Time in steps", unit: .duration) { $0.seconds },
    SummaryFigure("Tokens per second") { run in
      guard let curve = run["tokens_per_second"], !curve.isEmpty else { return nil }
      return (curve.columns.reduce(0) { $0 + $1.sum } / Double(curve.count)).rounded()
    },
    SummaryFigure("Peak memory", unit: .memory) { run in
      run["peak_memory"]?.columns.map(\.high.value).max()
    },
  ]

  func text(_ value: Double) -> String {
    switch unit {
    case .plain: return reportFigure(value)
    case .percent: return reportPercent(value)
    case .duration: return reportDuration(value)
    case .memory: return reportMemory(value)
    }
  }

  /// Mean ± standard error over the runs of a setting.
  func text(_ group: RunGroup, _ value: (LoggedRun) -> Double?) -> String? {
    guard let estimate = group.estimate(value) else { return nil }
    guard let error = estimate.error else { return text(estimate.mean) }
    switch unit {
    case .plain: return reportFigure(estimate.mean, error: error)
    case .percent: return reportFigure(100 * estimate.mean, error: 100 * error) + " %"
    case .duration, .memory: return text(estimate.mean)
    }
  }

  func lastTenth(_ run: LoggedRun) -> Double? { run.curve(metrics)?.lastTenth }
  func first(_ run: LoggedRun) -> Double? { run.curve(metrics)?.first?.value }
}
