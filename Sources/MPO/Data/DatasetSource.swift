/// What the columns of a file are called, where that is not what they are called here. Empty: the same.
public struct DatasetColumns: Sendable, Equatable {
  public var prompt = ""
  public var system = ""
  public var chosen = ""
  public var rejected = ""
  public var completion = ""
  public var text = ""
  public var messages = ""
  public var label = ""
  public var preference = ""
  /// The only columns that are read; empty is all.
  public var kept: [String] = []
  public init() {}

  /// Those that are renamed: the name here, the file's.
  var renamed: [(name: String, column: String)] {
    Self.table.compactMap { name, path in
      let column = self[keyPath: path]
      return column.isEmpty || column == name ? nil : (name, column)
    }
  }

  static var table: [(name: String, path: WritableKeyPath<Self, String> & Sendable)] {
    [
      ("prompt", \.prompt), ("system", \.system), ("chosen", \.chosen), ("rejected", \.rejected),
      ("completion", \.completion), ("text", \.text), ("messages", \.messages), ("label", \.label),
      ("preference", \.preference),
    ]
  }

  /// These, and where they say nothing, `others`.
  func over(_ others: DatasetColumns) -> DatasetColumns {
    var result = self
    for (_, path) in Self.table where self[keyPath: path].isEmpty {
      result[keyPath: path] = others[keyPath: path]
    }
    return result
  }

  /// A list is TRL's, the columns to keep; a mapping names them: `{prompt: question}`.
  init(_ value: ConfigurationValue) throws {
    self.init()
    if case .list = value.content {
      kept = try value.names("a list of columns")
      return
    }
    let known = Self.table.map(\.name)
    let entries = try value.mapping(known: known, "a list of columns, or a mapping to them")
    for (name, path) in Self.table {
      if let entry = entries[name] { self[keyPath: path] = try entry.string("a column's name") }
    }
  }

  var yaml: String? {
    if !kept.isEmpty { return "[" + kept.map(jsonString).joined(separator: ", ") + "]" }
    guard !renamed.isEmpty else { return nil }
    return "{" + renamed.map { "\($0): \(jsonString($1))" }.joined(separator: ", ") + "}"
  }
}

/// One part of a mixture.
public struct DatasetSource: Sendable, Equatable {
  /// A file or a folder.
  public var path: String
  /// Files inside `path`; empty takes those of the split.
  public var dataFiles: [String] = []
  /// The split of a folder; empty is `dataset_train_split`.
  public var split = ""
  public var columns = DatasetColumns()
  /// Share of what is drawn, before the weights are divided by their sum; nil where no part has one.
  public var weight: Double?
  /// Share of the rows that is used at all.
  public var fraction = 1.0

  public init(_ path: String) { self.path = path }

  init(_ value: ConfigurationValue) throws {
    guard case .mapping = value.content else {
      self.init(try value.string("a path, or a mapping with one"))
      return
    }
    let entries = try value.mapping(
      known: ["path", "data_files", "split", "columns", "weight", "fraction"])
    guard let path = entries["path"] else {
      throw value.mismatch("a mapping with a 'path'")
    }
    self.init(try path.string())
    if let files = entries["data_files"] { dataFiles = try files.names("file names") }
    if let split = entries["split"] { self.split = try split.string() }
    if let columns = entries["columns"] { self.columns = try DatasetColumns(columns) }
    if let weight = entries["weight"] {
      let number = try weight.double("a number above 0")
      guard number > 0 else { throw weight.mismatch("a number above 0") }
      self.weight = number
    }
    if let fraction = entries["fraction"] {
      self.fraction = try fraction.double("a number above 0 and at most 1")
      guard self.fraction > 0, self.fraction <= 1 else {
        throw fraction.mismatch("a number above 0 and at most 1")
      }
    }
  }

  var yaml: String {
    var parts = ["path: \(jsonString(path))"]
    if !dataFiles.isEmpty {
      parts.append("data_files: [" + dataFiles.map(jsonString).joined(separator: ", ") + "]")
    }
    if !split.isEmpty { parts.append("split: \(jsonString(split))") }
    if let columns = columns.yaml { parts.append("columns: \(columns)") }
    if let weight { parts.append("weight: \(shortNumber(weight))") }
    if fraction < 1 { parts.append("fraction: \(shortNumber(fraction))") }
    return "{" + parts.joined(separator: ", ") + "}"
  }
}
