/// What a `collect` stage makes of the runs: a table, comparisons and plots.
struct RecipeCollecting: Sendable {
  struct Column: Sendable {
    var name: String
    var title: String
    var measure: RecipeMeasure
    /// Decimals.
    var digits: Int
  }

  /// A row for runs of no method: the base model, say.
  struct ExtraRow: Sendable {
    var title: String
    /// The stage of a column to the stage that takes its place.
    var stages: [String: String]
  }

  /// `column of / column to`, and what was expected of it.
  struct Check: Sendable {
    var column: String
    var of: String
    /// Nil compares the value itself.
    var to: String?
    var atMost: Double?
    var atLeast: Double?
  }

  struct Plot: Sendable {
    var name: String
    var title: String
    var stage: String
    /// `metrics`: names in `metrics.jsonl`, a point a line. `output`: paths with `[*]` in the last
    /// JSON object that the run printed, a point an item.
    var source: RecipeMeasure.Source
    var x: String
    var y: String
    var xLabel: String
    var yLabel: String
    var xScale: AxisScale
    var yScale: AxisScale
    /// Steps of the running mean that each run's curve is smoothed by; 1 = none.
    var smooth: Int
    var band: Band
    var methods: [String]
  }

  /// What is shaded around the mean over seeds.
  enum Band: String, Sendable, CaseIterable {
    case standardError = "standard_error"
    case range, none
  }

  var title: String
  /// Markdown above the table.
  var text: String
  var columns: [Column]
  var methods: [String]
  var extraRows: [ExtraRow]
  var checks: [Check]
  var plots: [Plot]
  /// Stages whose runs' standard output stands in the results as it is.
  var outputs: [String]

  /// Every stage that is looked at.
  var stages: [String] {
    let named =
      columns.map(\.measure.stage) + plots.map(\.stage)
      + extraRows.flatMap { $0.stages.values.sorted() } + outputs
    return named.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
