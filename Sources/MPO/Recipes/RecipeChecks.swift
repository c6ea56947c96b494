/// What needs more than one part of a recipe to be seen.
enum RecipeChecks {
  static func check(_ recipe: Recipe) throws {
    let names = recipe.stages.map(\.name) + recipe.variables.map(\.name) + recipe.files.map(\.name)
    if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
      throw ConfigurationError.conflict(
        "\(recipe.file): '\(twice)' names two of stages, variables and files; ${\(twice)} would be "
          + "unclear")
    }
    try checkGrid(recipe)
    for stage in recipe.stages where stage.range != .once {
      guard !recipe.methods.isEmpty else {
        throw ConfigurationError.conflict(
          "\(stage.location): stage '\(stage.name)' is over \(stage.range.rawValue), but the recipe "
            + "has no 'methods'")
      }
    }
  }

  private static func checkGrid(_ recipe: Recipe) throws {
    let choosing = recipe.stages.filter { if case .choose = $0.work { true } else { false } }
    guard choosing.count <= 1 else {
      throw ConfigurationError.conflict(
        "\(choosing[1].location): a second stage that chooses; a recipe has at most one")
    }
    let tuned = recipe.methods.filter { !$0.grid.isEmpty }
    if let method = tuned.first, choosing.isEmpty {
      throw ConfigurationError.conflict(
        "\(recipe.file): method '\(method.name)' has a grid, but no stage has 'choose'")
    }
    for stage in recipe.stages where stage.range == .grid {
      guard !tuned.isEmpty, !recipe.tuneSeeds.isEmpty else {
        throw ConfigurationError.conflict(
          "\(stage.location): stage '\(stage.name)' is over grid, which needs a method with 'grid' "
            + "and 'tune_seeds'")
      }
    }
    for method in tuned {
      let both = Set(method.seeds).intersection(recipe.tuneSeeds).sorted()
      guard both.isEmpty else {
        throw ConfigurationError.conflict(
          "\(recipe.file): method '\(method.name)' is chosen and reported on seed \(both[0]); "
            + "tune_seeds are to be others")
      }
    }
    guard let stage = choosing.first, case .choose(let choice) = stage.work else { return }
    guard recipe.stage(choice.measure.stage)?.range == .grid else {
      throw ConfigurationError.conflict(
        "\(stage.location): stage '\(stage.name)' chooses from '\(choice.measure.stage)', which is "
          + "not over grid")
    }
    if let early = recipe.stages.prefix(while: { $0.name != stage.name })
      .first(where: { $0.range == .methods })
    {
      throw ConfigurationError.conflict(
        "\(early.location): stage '\(early.name)' is over methods and stands before '\(stage.name)', "
          + "which chooses their settings")
    }
  }
}
