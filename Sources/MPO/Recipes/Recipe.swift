/// An experiment that one command repeats: stages of `magnetic` runs over methods and seeds, and a
/// table of what they measured. `recipes/README.md` documents the file.
///
///     recipe -> plan (every run, its folder and what it needs) -> runner -> choice, table, plot
public struct Recipe: Sendable {
  /// Names its results, `<date>-<name>.md`.
  public var name: String
  /// The file it was read from, for messages.
  public var file: String
  public var description: String
  /// Runs are folders in it, `<stage>/<method>/seed-<n>`.
  public var outputDirectory: String
  public var resultsDirectory: String
  /// Runs at a time.
  public var jobs: Int
  /// CPU threads of each run; 0 = one for each core.
  public var threads: Int
  public var variables: [RecipeVariable]
  /// Small inputs that are written into `<output_dir>/files` before the first run.
  public var files: [RecipeFile]
  /// Settings of every stage that runs a command, by the command's name.
  var defaults: [String: [RecipeSetting]]
  public var methods: [RecipeMethod]
  /// Of every method that has none of its own.
  public var seeds: [Int]
  /// Seeds that a grid's points are compared on; none of them is reported.
  public var tuneSeeds: [Int]
  public var stages: [RecipeStage]

  func method(_ name: String) -> RecipeMethod? { methods.first { $0.name == name } }
  func stage(_ name: String) -> RecipeStage? { stages.first { $0.name == name } }
  /// The stage that chooses among grid points.
  var choosing: RecipeStage? {
    stages.first { if case .choose = $0.work { true } else { false } }
  }
}

/// A name whose value the environment (`RECIPE_<NAME>`) or `--set name=value` may replace.
public struct RecipeVariable: Sendable, Equatable {
  public var name: String
  public var value: String
  /// Where the value is from: `recipe`, `environment` or `--set`.
  public var origin: String
}

/// `<output_dir>/files/<name>`, referred to as `${name}`.
public struct RecipeFile: Sendable {
  public var name: String
  /// Text as it is; a mapping or a list as JSON, which is YAML too.
  public var text: String
}

/// One setting of a command, with its place in the recipe.
struct RecipeSetting: Sendable {
  /// In snake case.
  var name: String
  var value: ConfigurationValue
}

/// What is compared: settings of the training commands (`RecipeCommand.trains`).
public struct RecipeMethod: Sendable {
  public var name: String
  /// For tables and plots.
  public var title: String
  var settings: [RecipeSetting]
  public var seeds: [Int]
  /// Points that are tried on the tune seeds; empty = nothing to choose.
  var grid: [RecipePoint]
}

/// One point of a method's grid.
struct RecipePoint: Sendable {
  /// A folder's name, `beta-0.1_tau-1`.
  var name: String
  /// `beta 0.1, tau 1`
  var title: String { Self.title(settings) }
  var settings: [RecipeSetting]

  private static func title(_ settings: [RecipeSetting]) -> String {
    settings.map { "\($0.name) \((try? $0.value.string()) ?? $0.value.jsonText())" }
      .joined(separator: ", ")
  }
}

/// One step of a recipe.
public struct RecipeStage: Sendable {
  /// What a stage's runs range over.
  public enum Range: String, Sendable, CaseIterable {
    /// One run.
    case once
    /// Methods x their seeds.
    case methods
    /// Methods that have a grid x its points x tune seeds.
    case grid
  }

  enum Work: Sendable {
    case command(RecipeCommand, settings: [RecipeSetting], words: [ConfigurationValue])
    case choose(RecipeChoosing)
    case collect(RecipeCollecting)
  }

  public var name: String
  public var range: Range
  /// Names of the methods; all of them unless the recipe says otherwise.
  public var methods: [String]
  var work: Work
  /// `recipe.yaml:12:3`
  var location: String
}

/// A figure of a run.
struct RecipeMeasure: Sendable {
  enum Source: String, Sendable, CaseIterable {
    /// The last JSON object that the run printed.
    case output
    /// `metrics.jsonl` in the run's folder.
    case metrics
    /// The run's own cost: `seconds`, `cpu_seconds`, `peak_rss_mib`.
    case record
    /// The duality gap of the class shares averaged over all steps of `metrics.jsonl`, in the game
    /// of the run's `categories` judge.
    case averageShares = "average_shares"
  }
  /// Which of the values of `metrics.jsonl`.
  enum Moment: String, Sendable, CaseIterable { case last, mean, least, greatest }

  var stage: String
  var source: Source
  /// `duality_gap`, `shares.girl`, `matrix[0][1]`; empty for `averageShares`.
  var path: String
  var moment: Moment
}

/// Takes the best point of every grid.
struct RecipeChoosing: Sendable {
  var measure: RecipeMeasure
  var least: Bool
}
