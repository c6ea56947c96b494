/// Takes the figures of every step.
protocol MetricsSink: AnyObject {
  func append(step: Int, _ values: [(name: String, value: MetricValue)]) throws
}

extension MetricsLog: MetricsSink {}

/// What a run reports to beside `metrics.jsonl` (`report_to`).
public enum ReportTarget: String, Sendable, CaseIterable {
  case tensorboard
}

/// `metrics.jsonl` and whatever else `report_to` names, all in the output folder.
struct MetricsSinks {
  private let sinks: [any MetricsSink]

  /// - Parameter resumedStep: the last step that stays; nil when the run starts afresh.
  /// - Throws: `ModelError` or `FileError`.
  init(_ settings: RunSettings, resumedStep: Int?) throws {
    let folder = settings.outputDirectory
    sinks =
      [try MetricsLog(path: folder + "/metrics.jsonl", resumedStep: resumedStep)]
      + (try settings.reportTo.map { target -> any MetricsSink in
        switch target {
        case .tensorboard: return try EventFile(folder: folder, resumedStep: resumedStep)
        }
      })
  }

  func append(step: Int, _ values: [(name: String, value: MetricValue)]) throws {
    for sink in sinks { try sink.append(step: step, values) }
  }
}

extension RunSettings {
  static var reportOption: SettingOption<Self> {
    let expected =
      "none or tensorboard (other trackers: read metrics.jsonl, which is always written)"
    return SettingOption(
      "report_to", placeholder: "none|tensorboard",
      help: "Beside metrics.jsonl, write TensorBoard event files into output_dir.",
      get: {
        $0.reportTo.isEmpty ? "none" : $0.reportTo.map(\.rawValue).joined(separator: ",")
      },
      set: { settings, value in
        if case .list(let items) = value.content, items.isEmpty {
          settings.reportTo = []
          return
        }
        let names = try value.names(expected).map { $0.lowercased() }
        if names == ["none"] {
          settings.reportTo = []
          return
        }
        settings.reportTo = try names.reduce(into: []) { targets, name in
          // TRL's word for every tracker that is installed.
          if name == "all" {
            targets = ReportTarget.allCases
          } else {
            guard let target = ReportTarget(rawValue: name) else { throw value.mismatch(expected) }
            if !targets.contains(target) { targets.append(target) }
          }
        }
      })
  }
}
