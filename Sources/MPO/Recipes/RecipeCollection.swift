import Foundation
import MPOModel

/// What the runs of a recipe measured: rows of mean and standard error, comparisons, curves, and
/// all that is needed to repeat and to judge them.
struct RecipeCollection {
  struct Row {
    var title: String
    /// Nil for runs of no method.
    var method: String?
    /// One for each column; without values where nothing was measured.
    var cells: [SeedStatistics]
    /// Seeds of each cell's values.
    var seeds: [[Int]]
  }

  /// A check with what was found.
  struct Verdict {
    var text: String
    var isMet: Bool
    var value: Double
  }

  let collecting: RecipeCollecting
  let plan: RecipePlan
  let choice: RecipeChoice?
  let rows: [Row]
  let verdicts: [Verdict]
  /// Runs that a cell would have and that are not done.
  let missing: [RecipePlan.ID]
  /// Every run of the recipe that is done, in the plan's order.
  let runs: [(id: RecipePlan.ID, figures: RunFigures)]
  /// File name and picture of each plot.
  let pictures: [(plot: RecipeCollecting.Plot, svg: String)]

  /// - Parameter figures: of a run that is done, else nil.
  /// - Throws: `RecipeError.figure` where a run did not measure what is asked for.
  init(
    _ collecting: RecipeCollecting, plan: RecipePlan, choice: RecipeChoice?,
    figures: (RecipePlan.ID) -> RunFigures?
  ) throws {
    self.collecting = collecting
    self.plan = plan
    self.choice = choice
    runs = plan.ids.compactMap { id in figures(id).map { (id, $0) } }
    guard !runs.isEmpty else {
      throw RecipeError.figure(run: plan.recipe.name, "no run is done; there is nothing to collect")
    }
    var missing: [RecipePlan.ID] = []
    func row(_ title: String, _ method: String?, stage: (String) -> String?) throws -> Row {
      var row = Row(title: title, method: method, cells: [], seeds: [])
      for column in collecting.columns {
        let ids = stage(column.measure.stage).map(plan.ids(of:)) ?? []
        let own = ids.filter { $0.method == method && $0.point == nil }
        missing += own.filter { figures($0) == nil }
        let found = own.compactMap { id in figures(id).map { (id, $0) } }
        row.cells.append(SeedStatistics(try found.map { try $0.1.value(column.measure) }))
        row.seeds.append(found.compactMap(\.0.seed))
      }
      return row
    }
    let extra = try collecting.extraRows.map { extra in
      try row(extra.title, nil) { extra.stages[$0] }
    }
    rows =
      try extra
      + collecting.methods.compactMap(plan.recipe.method).map { method in
        try row(method.title, method.name) { $0 }
      }
    missing += collecting.outputs.flatMap(plan.ids(of:)).filter { figures($0) == nil }
    self.missing = missing.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    verdicts = Self.verdicts(collecting, rows)
    pictures = try collecting.plots.map { plot in
      (plot, try RecipePicture(plot, plan: plan, figures: figures).svg)
    }
  }

  private static func verdicts(_ collecting: RecipeCollecting, _ rows: [Row]) -> [Verdict] {
    collecting.checks.compactMap { check in
      guard let column = collecting.columns.firstIndex(where: { $0.name == check.column }),
        let of = rows.first(where: { $0.method == check.of })
      else { return nil }
      let to = check.to.flatMap { name in rows.first { $0.method == name } }
      let digits = collecting.columns[column].digits
      func number(_ value: Double) -> String { String(format: "%.\(digits)f", value) }
      let above = of.cells[column].mean
      let below = to?.cells[column].mean
      let value = below.map { above / $0 } ?? above
      let isMet =
        value.isFinite && check.atMost.map { value <= $0 } ?? true
        && check.atLeast.map { value >= $0 } ?? true
      let bounds = [
        check.atMost.map { "at most \(shortNumber($0))" },
        check.atLeast.map { "at least \(shortNumber($0))" },
      ].compactMap { $0 }.joined(separator: " and ")
      let title = collecting.columns[column].title
      let ratio =
        to.map {
          "of \(of.title) / of \($0.title) = \(number(above)) / \(number(below ?? .nan)) = "
        }
        ?? "of \(of.title) = "
      return Verdict(
        text: "\(title) \(ratio)\(number(value)), expected \(bounds): \(isMet ? "met" : "NOT met")",
        isMet: isMet, value: value)
    }
  }

  /// The day (UTC) on which the last run ended, so that collecting again writes the same files.
  var date: String {
    let last = runs.flatMap(\.figures.record.attempts).map(\.ended).max() ?? 0
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyy-MM-dd"
    return formatter.string(from: Date(timeIntervalSince1970: last))
  }

  /// The programs that made the results; more than one where runs were kept from an earlier one.
  var builds: [BuildIdentity] {
    runs.map(\.figures.record.build).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// `device: ...` as the runs said it.
  var devices: [String] {
    let lines = runs.flatMap { run -> [String] in
      let data = FileManager.default.contents(atPath: "\(run.figures.folder)/log.txt") ?? Data()
      return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
        .filter { $0.hasPrefix("device: ") }.map { String($0.dropFirst("device: ".count)) }
    }
    return Set(lines).sorted()
  }

  /// What runs printed, of the stages that are shown so, without the white space at its end.
  var outputs: [(id: RecipePlan.ID, text: String)] {
    collecting.outputs.flatMap { stage in
      runs.filter { $0.id.stage == stage }.map { run in
        (run.id, run.figures.printedText.replacing(/\s+$/, with: ""))
      }
    }
  }

  // MARK: - Files

  /// Writes the table as Markdown and JSON, and the plots.
  /// - Returns: paths of what was written.
  func write(stage: String) throws -> [String] {
    let recipe = plan.recipe
    let tables = recipe.stages.count { if case .collect = $0.work { true } else { false } }
    let name = "\(date)-\(recipe.name)" + (tables > 1 ? "-\(stage)" : "")
    try makeOutputFolder(recipe.resultsDirectory)
    var written: [String] = []
    func put(_ text: String, _ file: String) throws {
      let path = "\(recipe.resultsDirectory)/\(file)"
      try AtomicFile.write(text, to: path)
      written.append(path)
    }
    let files = pictures.map { "\(name)-\($0.plot.name).svg" }
    for (picture, file) in zip(pictures, files) { try put(picture.svg, file) }
    try put(json(pictures: files).serialized() + "\n", "\(name).json")
    try put(markdown(pictures: files), "\(name).md")
    return written
  }
}
