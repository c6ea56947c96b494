import ArgumentParser
import Foundation
import MPO

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs an experiment from a recipe: many runs, one table.",
    discussion: """
      magnetic run recipes/claim-g2.yaml [--set shared=../shared] [--dry-run]

      A recipe lists stages; each runs a command of magnetic as a process of its own, over methods \
      and seeds, and a last one collects a table. What is done is not done again: a run counts as \
      done when its settings, and those of the runs it needs, are what they were. An interrupted \
      training goes on from its checkpoint. The file's format: recipes/README.md.

      A run's folder, <output_dir>/<stage>/<method>/seed-<n>, holds run.json (settings, state, \
      cost), settings.yaml (what --config was given), log.txt (standard error), output.jsonl or \
      output.txt (standard output) and what the command wrote.

      Exit status: 0 when everything is done, 1 when a run failed (the others go on), 130 after \
      Ctrl-C, when running trainings have saved a checkpoint.
      """)

  @Argument(help: "The recipe, a YAML file.") var recipe: String
  @Option(help: "A variable of the recipe, name=value; wins over $RECIPE_<NAME>. Repeatable.")
  var set: [String] = []
  @Option(help: "Only a stage, a method of it or a run: train/mpo/0. Repeatable.")
  var only: [String] = []
  @Option(parsing: .unconditional, help: "Runs at a time (default: the recipe's).")
  var jobs: Int?
  @Option(parsing: .unconditional, help: "CPU threads of each run (default: the recipe's).")
  var threads: Int?
  @Flag(help: "List the runs and what they would be told; run and write nothing.") var dryRun =
    false

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs: expected at least 1, found \(jobs)") }
    if let threads, threads < 0 {
      throw ValidationError("--threads: expected 0 or more, found \(threads)")
    }
  }

  func run() throws {
    var recipe = try Recipe(
      file: recipe, sets: try variables(), environment: ProcessInfo.processInfo.environment)
    recipe.jobs = jobs ?? recipe.jobs
    recipe.threads = threads ?? recipe.threads
    let plan = try RecipePlan(recipe)
    try plan.check { try Self.check($0) }
    if dryRun {
      for line in try plan.listing(only: only) { try output(line) }
      return
    }
    StopSignal.install()
    let runner = try RecipeRunner(
      plan, only: only, version: Magnetic.configuration.version, print: { note($0) })
    switch try runner.run() {
    case .finished:
      for path in runner.results { try output(path) }
    case .stopped:
      note("stopped; run the recipe again to go on")
      throw ExitCode(StopSignal.exitStatus)
    }
  }

  private func variables() throws -> [(name: String, value: String)] {
    try set.map { text in
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError("--set: expected name=value, found '\(text)'")
      }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }

  /// Parses a run's words as the child will, without running it.
  private static func check(_ words: [String]) throws {
    do {
      _ = try Magnetic.parseAsRoot(words.map(Magnetic.kebabOption))
    } catch {
      throw ValidationError(Magnetic.oneLine(Magnetic.message(for: error)))
    }
  }
}
