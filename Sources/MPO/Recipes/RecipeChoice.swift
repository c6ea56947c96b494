import MPOModel

/// The points of all grids with what they measured, and the best of each.
struct RecipeChoice {
  struct Trial {
    var point: RecipePoint
    /// Over the tune seeds that finished.
    var value: SeedStatistics
  }

  struct Outcome {
    var method: String
    var trials: [Trial]
    /// The first of the best; nil where no run of the grid finished.
    var best: RecipePoint?
  }

  var measure: RecipeMeasure
  var least: Bool
  var outcomes: [Outcome]

  var chosen: [String: RecipePoint] {
    Dictionary(
      outcomes.compactMap { outcome in outcome.best.map { (outcome.method, $0) } },
      uniquingKeysWith: { $1 })
  }

  /// - Parameter figure: what a run measured; nil where it did not finish.
  init(
    _ choosing: RecipeChoosing, plan: RecipePlan, figure: (RecipePlan.ID) throws -> Double?
  ) rethrows {
    measure = choosing.measure
    least = choosing.least
    let runs = plan.ids(of: choosing.measure.stage)
    let least = choosing.least
    outcomes = try plan.recipe.methods.filter { !$0.grid.isEmpty }.map { method in
      let trials = try method.grid.map { point in
        let own = runs.filter { $0.method == method.name && $0.point == point.name }
        return Trial(
          point: point, value: SeedStatistics(try own.compactMap { try figure($0) }))
      }
      let finished = trials.filter { $0.value.count > 0 && $0.value.mean.isFinite }
      let best = finished.min {
        least ? $0.value.mean < $1.value.mean : $0.value.mean > $1.value.mean
      }
      return Outcome(
        method: method.name, trials: trials,
        best: best?.point)
    }
  }

  /// `choice.json`, also a part of the results.
  var json: JSONValue { .array(outcomes.map(Self.json)) }

  private static func json(_ outcome: Outcome) -> JSONValue {
    let trials = outcome.trials.map { trial -> JSONValue in
      var object = JSONObject()
      object["point"] = .string(trial.point.title)
      object["value"] = .number(trial.value.mean)
      object["n"] = .integer(trial.value.count)
      return .object(object)
    }
    var object = JSONObject()
    object["method"] = .string(outcome.method)
    object["chosen"] = outcome.best.map { .string($0.title) } ?? .null
    object["trials"] = .array(trials)
    return .object(object)
  }

  /// `beta 0.1: 0.062; beta 0.3: 0.110`
  func text(_ outcome: Outcome, digits: Int) -> String {
    outcome.trials.map { "\($0.point.title): \($0.value.text(digits: digits))" }
      .joined(separator: "; ")
  }
}
