import Foundation

// The results for people.

extension RecipeCollection {
  /// An aligned Markdown table, mean ± standard error.
  var table: String {
    var cells = [["", "n"] + collecting.columns.map(\.title)]
    for row in rows {
      let counts = Set(row.cells.map(\.count).filter { $0 > 0 })
      let count = counts.sorted().map(String.init).joined(separator: "-")
      let values = zip(row.cells, collecting.columns).map { $0.text(digits: $1.digits) }
      cells.append([row.title, count.isEmpty ? "0" : count] + values)
    }
    return MarkdownTable.aligned(cells)
  }

  /// Comparisons, and what is missing.
  var notes: [String] {
    let absent = missing.map { "\($0)" }
    return verdicts.map(\.text)
      + (absent.isEmpty ? [] : ["missing, not done: \(absent.joined(separator: ", "))"])
  }

  func markdown(pictures files: [String]) -> String {
    let recipe = plan.recipe
    let title = collecting.title.isEmpty ? recipe.name : collecting.title
    var parts = ["# \(title)"]
    for text in [recipe.description, collecting.text] where !text.isEmpty {
      parts.append(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    parts.append(table + "\nMean ± standard error over n seeds.")
    if !notes.isEmpty { parts.append(notes.map { "- \($0)" }.joined(separator: "\n")) }
    for (picture, file) in zip(pictures, files) {
      parts.append("![\(picture.plot.title)](\(file))")
    }
    for (id, text) in outputs { parts.append("## \(id)\n\n\(Self.fenced(text))") }
    if let chosen = choiceText { parts.append("## Chosen settings\n\n\(chosen)") }
    parts.append("## Settings\n\n\(settingsText)")
    parts.append("## Cost\n\n\(costText)")
    parts.append("## Made by\n\n\(originText)")
    return parts.map { $0.trimmingCharacters(in: .newlines) }.joined(separator: "\n\n") + "\n"
  }

  /// A block of code whose fence the text cannot close.
  static func fenced(_ text: String) -> String {
    let runs = text.split { $0 != "`" }.map(\.count)
    let fence = String(repeating: "`", count: max(3, (runs.max() ?? 0) + 1))
    return "\(fence)\n\(text)\n\(fence)"
  }

  private var choiceText: String? {
    guard let choice else { return nil }
    let seeds = plan.recipe.tuneSeeds.map(String.init).joined(separator: ", ")
    var cells = [["method", "chosen", "tried"]]
    for outcome in choice.outcomes {
      let title = plan.recipe.method(outcome.method)?.title ?? outcome.method
      cells.append([title, outcome.best?.title ?? "-", choice.text(outcome, digits: 3)])
    }
    let figure = "\(choice.measure.path) of stage `\(choice.measure.stage)`"
    return "The point with the \(choice.least ? "least" : "greatest") \(figure) on seed \(seeds); "
      + "none of these runs is in the table above.\n\n" + MarkdownTable.aligned(cells)
  }

  /// Of each stage what all its runs share, and what a method has beside.
  private var settingsText: String {
    plan.recipe.stages.compactMap { stage -> String? in
      guard case .command(let command, _, _) = stage.work else { return nil }
      let own = runs.filter { $0.id.stage == stage.name }
      guard let first = own.first?.figures.record.settings else { return nil }
      let shared = first.filter { name, value in
        own.allSatisfy { $0.figures.record.settings[name] == value }
      }
      let lines = shared.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
      let text =
        "`\(stage.name)`: `magnetic \(command.name)`, \(EvaluationCost.count(own.count, "run"))\n\n"
      let methods = stage.range == .methods ? methodLines(own, shared: shared) : []
      return text + "```yaml\n\(lines)```"
        + (methods.isEmpty ? "" : "\n\n\(methods.joined(separator: "\n"))")
    }.joined(separator: "\n\n")
  }

  /// What sets a method's runs apart, seeds and folders left out.
  private func methodLines(
    _ runs: [(id: RecipePlan.ID, figures: RunFigures)], shared: [String: String]
  ) -> [String] {
    plan.recipe.methods.compactMap { method in
      guard let run = runs.first(where: { $0.id.method == method.name }) else { return nil }
      let own = run.figures.record.settings.filter { name, value in
        shared[name] == nil && name != "seed" && !value.contains(plan.recipe.outputDirectory)
      }
      guard !own.isEmpty else { return nil }
      let texts = own.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      return "- \(method.title): `\(texts.joined(separator: ", "))`"
    }
  }

  private var costText: String {
    var cells = [["stage", "runs", "seconds of a run", "CPU seconds", "peak MiB"]]
    for stage in plan.recipe.stages {
      let records = runs.filter { $0.id.stage == stage.name }.map(\.figures.record)
      guard let cost = RecipeCost(records) else { continue }
      func mean(_ total: Double) -> String { String(format: "%.1f", total / Double(cost.runs)) }
      cells.append([
        stage.name, String(cost.runs), mean(cost.seconds), mean(cost.cpuSeconds),
        String(format: "%.0f", cost.peakRSS),
      ])
    }
    let all = RecipeCost(runs.map(\.figures.record))?.text(jobs: plan.recipe.jobs) ?? ""
    return MarkdownTable.aligned(cells) + "\nIn all: \(all)."
  }

  private var originText: String {
    let recipe = plan.recipe
    let commits = builds.map { "\($0.commit) (version \($0.version), binary \($0.binary))" }
    let sets = recipe.variables.filter { $0.origin != "recipe" }
      .map { " --set \($0.name)=\($0.value)" }.joined()
    let host = ProcessInfo.processInfo
    let seeds = recipe.methods.map {
      "\($0.name) \($0.seeds.map(String.init).joined(separator: " "))"
    }
    return [
      "- `magnetic run \(recipe.file)\(sets)`, \(date) (UTC)",
      "- commit \(commits.joined(separator: "; "))",
      "- device \(devices.isEmpty ? "not stated" : devices.joined(separator: "; ")); "
        + "\(host.activeProcessorCount) cores, \(host.physicalMemory >> 30) GiB, "
        + host.operatingSystemVersionString,
      "- \(EvaluationCost.count(recipe.jobs, "run")) at a time, "
        + (recipe.threads == 0
          ? "a thread for each core" : EvaluationCost.count(recipe.threads, "thread") + " each"),
    ].joined(separator: "\n")
      + (seeds.isEmpty ? "" : "\n- seeds: \(seeds.joined(separator: "; "))")
  }
}
