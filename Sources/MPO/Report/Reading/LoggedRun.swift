/// What a report knows of one run.
struct LoggedRun {
  /// As given, or found below what was given.
  let folder: String
  /// For people; told apart from the other runs of the report.
  var name: String
  /// Every metric that has a number, in the order of its first appearance.
  var curves: [(name: String, curve: RunCurve)] = []
  /// Steps at whose end the magnet moved.
  var refreshes: [Int] = []
  /// Responses at a few steps of the run, the last that was logged among them.
  var samples: [(step: Int, samples: [LoggedSample])] = []
  /// Text metrics other than `completions`, the last of each.
  var settings: [String: String] = [:]
  /// Where they were found; nil: nowhere.
  var settingsSource: String?
  /// Steps the run is meant to have, if known.
  var stepsInAll: Int?
  var status = Status.open
  /// What the reader should know of the files.
  var notes: [String] = []

  enum Status {
    /// The trained model is there.
    case finished
    /// Some process trains into the folder.
    case running
    /// Neither: stopped, or killed.
    case open
  }

  init(folder: String, name: String) {
    self.folder = folder
    self.name = name
  }

  subscript(metric: String) -> RunCurve? { curves.first { $0.name == metric }?.curve }

  /// The first of these names that was logged.
  func curve(_ names: [String]) -> RunCurve? {
    for name in names { if let curve = self[name], !curve.isEmpty { return curve } }
    return nil
  }

  var lastStep: Int { curves.compactMap { $0.curve.last?.step }.max() ?? 0 }
  var tokens: Double? { self["num_tokens"]?.last?.value }
  /// Seconds in steps.
  var seconds: Double? {
    guard let curve = self["step_time"], !curve.isEmpty else { return nil }
    return curve.columns.reduce(0) { $0 + $1.sum }
  }
  var seed: String? { settings["seed"] }
}
