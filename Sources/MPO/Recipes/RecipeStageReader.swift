/// The stages of a recipe's file.
struct RecipeStageReader {
  let reader: RecipeReader
  let methods: [RecipeMethod]
  let expand: (ConfigurationValue) throws -> ConfigurationValue

  /// - Parameter earlier: the stages before it, the only ones it may look at.
  func stage(_ value: ConfigurationValue, after earlier: [RecipeStage]) throws -> RecipeStage {
    let entries = try value.mapping(known: [
      "name", "command", "over", "methods", "settings", "arguments", "choose", "collect",
    ])
    guard let label = entries["name"] else {
      throw value.mismatch("a stage with a 'name'")
    }
    let name = try reader.text(label)
    guard RecipeReader.isName(name), !earlier.contains(where: { $0.name == name }),
      !RecipePlan.reservedNames.contains(name)
    else {
      throw label.mismatch(
        "a name of its own: letters, digits, '-', '_' and '.', none of "
          + RecipePlan.reservedNames.joined(separator: ", "))
    }
    let kinds = ["command", "choose", "collect"].filter { entries[$0] != nil }
    guard kinds.count == 1 else {
      throw value.mismatch("one of 'command', 'choose' and 'collect' in a stage")
    }
    for key in ["over", "methods", "settings", "arguments"] where kinds != ["command"] {
      guard let given = entries[key] else { continue }
      throw ConfigurationError.unsupported(
        key: key, location: given.location, "it belongs to a stage with a 'command'")
    }
    let work: RecipeStage.Work
    if let item = entries["command"] {
      work = .command(
        try command(item), settings: try entries["settings"].map(reader.settings) ?? [],
        words: try entries["arguments"]?.list("a list of words") ?? [])
    } else if let item = entries["choose"] {
      work = .choose(try choosing(item, earlier))
    } else {
      work = .collect(try collecting(try expand(entries["collect"] ?? value), earlier))
    }
    let range = try entries["over"].map { try choice($0, RecipeStage.Range.self) } ?? .once
    return RecipeStage(
      name: name, range: range, methods: try methodNames(entries["methods"]), work: work,
      location: value.location)
  }

  private func command(_ value: ConfigurationValue) throws -> RecipeCommand {
    let name = try value.string("a command of magnetic")
    let names = RecipeCommand.all.map(\.name)
    guard let found = RecipeCommand.all.first(where: { $0.name == name }) else {
      throw value.mismatch("a command, one of \(names.joined(separator: ", "))")
    }
    return found
  }

  private func methodNames(_ value: ConfigurationValue?) throws -> [String] {
    guard let value else { return methods.map(\.name) }
    let names = try expand(value).names("names of methods")
    for name in names where !methods.contains(where: { $0.name == name }) {
      throw value.mismatch("methods, some of \(methods.map(\.name).joined(separator: ", "))")
    }
    // In the recipe's order, whatever the list's.
    return methods.map(\.name).filter(names.contains)
  }

  private func choice<Choice>(_ value: ConfigurationValue, _: Choice.Type) throws -> Choice
  where Choice: RawRepresentable<String> & CaseIterable {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    guard let found = Choice(rawValue: try value.string("one of \(names)")) else {
      throw value.mismatch("one of \(names)")
    }
    return found
  }

  // MARK: - Choosing and collecting

  private static let measureKeys = ["from", "source", "value", "at"]

  private func measure(
    _ entries: [String: ConfigurationValue], _ owner: ConfigurationValue,
    _ earlier: [RecipeStage]
  ) throws -> RecipeMeasure {
    let source = try entries["source"].map { try choice($0, RecipeMeasure.Source.self) } ?? .output
    guard let from = entries["from"] else { throw owner.mismatch("'from', a stage's name") }
    if source != .averageShares, entries["value"] == nil {
      throw owner.mismatch("'value', the name of a figure of stage '\(try from.string())'")
    }
    if let at = entries["at"], source != .metrics {
      throw ConfigurationError.unsupported(
        key: "at", location: at.location, "it belongs to 'source: metrics'")
    }
    return RecipeMeasure(
      stage: try commandStage(from, earlier), source: source,
      path: try entries["value"]?.string() ?? "",
      moment: try entries["at"].map { try choice($0, RecipeMeasure.Moment.self) } ?? .last)
  }

  private func commandStage(
    _ value: ConfigurationValue, _ earlier: [RecipeStage]
  ) throws -> String {
    let runs = earlier.filter { if case .command = $0.work { true } else { false } }.map(\.name)
    let name = try value.string()
    guard runs.contains(name) else {
      throw value.mismatch("an earlier stage with runs, one of \(runs.joined(separator: ", "))")
    }
    return name
  }

  private func choosing(
    _ value: ConfigurationValue, _ earlier: [RecipeStage]
  ) throws -> RecipeChoosing {
    let entries = try value.mapping(known: Self.measureKeys + ["best"])
    let best = try entries["best"]?.string() ?? "least"
    guard ["least", "greatest"].contains(best) else {
      throw entries["best"]?.mismatch("least or greatest") ?? value.mismatch("least or greatest")
    }
    return RecipeChoosing(measure: try measure(entries, value, earlier), least: best == "least")
  }

  private func collecting(
    _ value: ConfigurationValue, _ earlier: [RecipeStage]
  ) throws -> RecipeCollecting {
    let entries = try value.mapping(known: [
      "title", "text", "columns", "methods", "also", "checks", "plots", "outputs",
    ])
    let columns = try entries["columns"]?.list("a list of columns").map {
      try column($0, earlier)
    }
    guard let columns, !columns.isEmpty else {
      throw value.mismatch("'columns', a list of at least one")
    }
    guard Set(columns.map(\.name)).count == columns.count else {
      throw value.mismatch("columns of different names")
    }
    let methods = try methodNames(entries["methods"])
    return RecipeCollecting(
      title: try entries["title"]?.string() ?? "", text: try entries["text"]?.string() ?? "",
      columns: columns, methods: methods,
      extraRows: try (entries["also"].map(RecipeReader.pairs) ?? []).map { title, item in
        RecipeCollecting.ExtraRow(
          title: title,
          stages: Dictionary(
            try RecipeReader.pairs(item).map { ($0.0, try commandStage($0.1, earlier)) },
            uniquingKeysWith: { $1 }))
      },
      checks: try entries["checks"]?.list("a list of checks").map {
        try check($0, columns: columns.map(\.name), methods)
      } ?? [],
      plots: try entries["plots"]?.list("a list of plots").map { try plot($0, earlier) } ?? [],
      outputs: try entries["outputs"]?.list("a list of stages").map {
        try commandStage($0, earlier)
      } ?? [])
  }

  private func column(
    _ value: ConfigurationValue, _ earlier: [RecipeStage]
  ) throws -> RecipeCollecting.Column {
    let entries = try value.mapping(known: Self.measureKeys + ["name", "title", "digits"])
    guard let name = try entries["name"]?.string() else {
      throw value.mismatch("a column with a 'name'")
    }
    return RecipeCollecting.Column(
      name: name, title: try entries["title"]?.string() ?? name,
      measure: try measure(entries, value, earlier),
      digits: try entries["digits"].map { min(9, try reader.number($0, atLeast: 0)) } ?? 3)
  }

  private func check(
    _ value: ConfigurationValue, columns: [String], _ methods: [String]
  ) throws -> RecipeCollecting.Check {
    let entries = try value.mapping(known: ["column", "of", "to", "at_most", "at_least"])
    func name(_ key: String, among known: [String]) throws -> String {
      guard let item = entries[key] else { throw value.mismatch("a check with '\(key)'") }
      let text = try item.string()
      guard known.contains(text) else {
        throw item.mismatch("one of \(known.joined(separator: ", "))")
      }
      return text
    }
    let check = RecipeCollecting.Check(
      column: try name("column", among: columns), of: try name("of", among: methods),
      to: try entries["to"].map { _ in try name("to", among: methods) },
      atMost: try entries["at_most"]?.double(), atLeast: try entries["at_least"]?.double())
    guard check.atMost != nil || check.atLeast != nil else {
      throw value.mismatch("a check with 'at_most' or 'at_least'")
    }
    return check
  }

  private func plot(
    _ value: ConfigurationValue, _ earlier: [RecipeStage]
  ) throws -> RecipeCollecting.Plot {
    let entries = try value.mapping(known: [
      "name", "title", "from", "source", "x", "y", "x_label", "y_label", "x_scale", "y_scale",
      "smooth",
      "band", "methods",
    ])
    guard let from = entries["from"], let y = try entries["y"]?.string() else {
      throw value.mismatch("a plot with 'from', a stage, and 'y', a name in its metrics.jsonl")
    }
    let name = try entries["name"]?.string() ?? canonicalKey(y)
    guard RecipeReader.isName(name) else { throw value.mismatch("a plot's name, part of a file's") }
    func scale(_ key: String) throws -> AxisScale {
      guard let item = entries[key] else { return .linear }
      switch try item.string() {
      case "linear": return .linear
      case "log": return .log
      default: throw item.mismatch("linear or log")
      }
    }
    let source = try entries["source"].map { try choice($0, RecipeMeasure.Source.self) } ?? .metrics
    guard source == .metrics || source == .output else {
      throw entries["source"]?.mismatch("metrics or output") ?? value.mismatch("metrics or output")
    }
    let x = try entries["x"]?.string() ?? (source == .metrics ? "step" : "policies[*].name")
    return RecipeCollecting.Plot(
      name: name, title: try entries["title"]?.string() ?? y,
      stage: try commandStage(from, earlier), source: source, x: x, y: y,
      xLabel: try entries["x_label"]?.string() ?? x, yLabel: try entries["y_label"]?.string() ?? y,
      xScale: try scale("x_scale"), yScale: try scale("y_scale"),
      smooth: try entries["smooth"].map { try reader.number($0, atLeast: 1) } ?? 1,
      band: try entries["band"].map { try choice($0, RecipeCollecting.Band.self) }
        ?? .standardError,
      methods: try methodNames(entries["methods"]))
  }
}
