/// What is drawn together, under which title and how. Metrics that stand nowhere here get a panel
/// each in the last section.
struct PanelKind {
  var title: String
  /// Names in `metrics.jsonl` and in the legend; a name that ends in `*` stands for all that begin
  /// so, and takes its rest for the legend.
  var metrics: [(name: String, label: String)]
  var explanation = ""
  /// Metrics around which there is a band: an interval, or the shortest and the longest.
  var bands: [(of: String, low: String, high: String)] = []
  var reference: (value: Double, label: String)?
  var mustShow: [Double] = []
  var mayBeLog = false
  /// Whether steps are noisy, so that a smoothed line helps.
  var isNoisy = true
  var showsRefreshes = true
  /// Whether a refresh of the magnet makes it jump: no smoothing across one.
  var jumps = false
  var format: @Sendable (Double) -> String = { reportFigure($0) }

  struct Section {
    var title: String
    var kinds: [PanelKind]
  }

  static let sections: [Section] = [
    Section(
      title: "Preferences",
      kinds: [
        PanelKind(
          title: "Win rate",
          metrics: [
            ("eval_win_rate", "share of pairs won"), ("eval_avg_win_prob", "mean preference"),
            ("eval_lc_win_rate", "at equal lengths"),
          ], explanation: "Against the model that the run began with.",
          bands: [
            ("eval_avg_win_prob", "eval_avg_win_prob_low", "eval_avg_win_prob_high")
          ],
          reference: (0.5, "no better, no worse"), mustShow: [0.5], isNoisy: false,
          format: reportPercent),
        PanelKind(
          title: "Duality gap", metrics: [("duality_gap", "duality gap")],
          explanation: "0 at the equilibrium. From the samples of a step, so biased upwards.",
          mustShow: [0]),
        PanelKind(
          title: "Shares of classes", metrics: [("share/*", "")], mustShow: [0],
          format: reportPercent),
        PanelKind(
          title: "Preference over the opponent",
          metrics: [("rewards/probabilities", "mean preference")],
          explanation: "Exactly ½ in self-play.", reference: (0.5, "even"), mustShow: [0.4, 0.6],
          format: reportPercent),
        PanelKind(
          title: "Spread of rewards", metrics: [("reward_std", "standard deviation")],
          explanation: "Over the responses of a step; 0 leaves nothing to learn.", mustShow: [0]),
        PanelKind(
          title: "Accuracy",
          metrics: [
            ("eval_accuracy", "held out"), ("accuracy", "training"),
            ("rewards/accuracies", "implicit reward"), ("mean_token_accuracy", "tokens"),
          ], bands: [("eval_accuracy", "eval_accuracy_low", "eval_accuracy_high")],
          reference: (0.5, "chance"), mustShow: [0.5], format: reportPercent),
        PanelKind(
          title: "Margin", metrics: [("eval_margin", "held out"), ("margin", "training")],
          explanation: "Logit of the preferred response over the other."),
        PanelKind(
          title: "Calibration error", metrics: [("eval_ece", "expected calibration error")],
          explanation: "On held-out pairs.", mustShow: [0], isNoisy: false, format: reportPercent),
        PanelKind(
          title: "Scores",
          metrics: [
            ("reward", "reward"), ("objective/scores", "score"),
            ("objective/rlhf_reward", "score with KL"), ("mean_reward", "reward"),
          ]),
        PanelKind(
          title: "Implicit rewards",
          metrics: [
            ("rewards/chosen", "chosen"), ("rewards/rejected", "rejected"),
            ("rewards/margins", "margin"),
          ]),
        PanelKind(
          title: "Log-probabilities",
          metrics: [("logps/chosen", "chosen"), ("logps/rejected", "rejected")],
          explanation: "Of whole responses, in nats."),
      ]),
    Section(
      title: "Policy",
      kinds: [
        PanelKind(
          title: "KL to magnet and base",
          metrics: [
            ("magnet/kl", "magnet"), ("base/kl", "base"), ("objective/kl", "base"), ("kl", "base"),
          ], explanation: "Nats per response token.", mustShow: [0], jumps: true),
        PanelKind(
          title: "KL to the generating policy", metrics: [("loss/kl", "generating policy")],
          explanation: "Nats per token, after all but the last inner step.", mustShow: [0],
          mayBeLog: true),
        PanelKind(
          title: "Entropy", metrics: [("objective/entropy", "entropy"), ("entropy", "entropy")],
          explanation: "Nats per response token.", mustShow: [0]),
        PanelKind(
          title: "Completion length",
          metrics: [("completions/mean_length", "mean")],
          explanation: "Tokens; the band is from the shortest to the longest.",
          bands: [
            ("completions/mean_length", "completions/min_length", "completions/max_length")
          ], mustShow: [0]),
        PanelKind(
          title: "Cut completions", metrics: [("completions/clipped_ratio", "share cut")],
          explanation: "Share that reached the longest length without an end.", mustShow: [0],
          format: reportPercent),
        PanelKind(
          title: "Ratio", metrics: [("ratio", "mean ratio")],
          explanation: "Policy to generating policy; 1 at the first inner step.",
          reference: (1, "1")),
        PanelKind(
          title: "Magnet schedule",
          metrics: [("magnet/inner_error", "inner error"), ("magnet/distance", "distance")],
          explanation: "The magnet moves once the error is small against the distance; nats.",
          mustShow: [0], jumps: true),
      ]),
    Section(
      title: "Optimisation",
      kinds: [
        PanelKind(
          title: "Loss", metrics: [("loss", "training"), ("eval_loss", "held out")], jumps: true),
        PanelKind(
          title: "Surrogate", metrics: [("loss/surrogate", "surrogate")],
          explanation: "Ratio times advantage; larger is better."),
        PanelKind(title: "Score loss", metrics: [("loss/score", "score")]),
        PanelKind(
          title: "Gradient norm", metrics: [("grad_norm", "gradient norm")],
          explanation: "Before clipping.", mustShow: [0], mayBeLog: true),
        PanelKind(
          title: "Learning rate", metrics: [("learning_rate", "learning rate")], mustShow: [0],
          isNoisy: false, showsRefreshes: false),
      ]),
    Section(
      title: "Speed and memory",
      kinds: [
        PanelKind(
          title: "Tokens per second", metrics: [("tokens_per_second", "tokens per second")],
          mustShow: [0], showsRefreshes: false),
        PanelKind(
          title: "Time of a step",
          metrics: [
            ("step_time", "in all"), ("timing/generation", "generation"), ("timing/score", "judge"),
            ("timing/train", "training"), ("timing/eval", "evaluation"), ("timing/*", ""),
          ], explanation: "Seconds.", mustShow: [0], mayBeLog: true, showsRefreshes: false,
          format: reportDuration),
        PanelKind(
          title: "Peak memory", metrics: [("peak_memory", "peak")], explanation: "MiB in tensors.",
          mustShow: [0], isNoisy: false, showsRefreshes: false, format: reportMemory),
      ]),
  ]

  /// Drawn otherwise: the x axis, refreshes, a band.
  static let elsewhere: Set = [
    "epoch", "num_tokens", "magnet/updates", "completions/min_length", "completions/max_length",
    "eval_avg_win_prob_low", "eval_avg_win_prob_high", "eval_accuracy_low", "eval_accuracy_high",
  ]

  /// The logged metrics among `names` that belong here, each once.
  func matching(_ names: [String]) -> [(name: String, label: String)] {
    var found: [(name: String, label: String)] = []
    for (pattern, label) in metrics {
      if pattern.hasSuffix("*") {
        let prefix = pattern.dropLast()
        for name in names
        where name.hasPrefix(prefix) && !found.contains(where: { $0.name == name }) {
          found.append((name, String(name.dropFirst(prefix.count))))
        }
      } else if names.contains(pattern) {
        found.append((pattern, label))
      }
    }
    return found
  }
}
