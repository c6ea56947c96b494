/// Which data a command reads, and how: the same names for all of them, TRL's where it has one.
public struct DatasetSettings: Sendable, Equatable {
  /// A file or a folder.
  public var name = ""
  public init(name: String = "") { self.name = name }

  package static var options: [SettingOption<Self>] {
    [
      .string(
        "dataset_name", \.name, aliases: ["dataset"], placeholder: "FILE",
        "JSON lines (.jsonl), or a folder with train.jsonl."),
    ]
  }
}

/// The part of the data that is asked for.
public enum DataSplit: String, Sendable, CaseIterable {
  /// What is learned from.
  case train
  /// What is held out.
  case test
}
