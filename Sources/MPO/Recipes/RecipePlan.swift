/// Every run of a recipe in the order it would be started, with its folder and what it waits for.
public struct RecipePlan: Sendable {
  /// One run, or the work of a `choose` or `collect` stage.
  public struct ID: Hashable, Sendable, CustomStringConvertible {
    public var stage: String
    public var method: String?
    /// A grid point's name.
    public var point: String?
    public var seed: Int?

    /// `train/mpo/seed-0`, `tune/nash-md/beta=0.1/seed-9`, `base`.
    public var description: String { parts.joined(separator: "/") }
    var parts: [String] {
      [stage, method, point, seed.map { "seed-\($0)" }].compactMap { $0 }
    }
  }

  /// A run with every name in its settings replaced.
  struct Resolved: Sendable {
    var id: ID
    var command: RecipeCommand
    /// Without what the runner adds (folder, threads).
    var settings: [RecipeSetting]
    var words: [String]
    /// Runs whose folders the settings name.
    var needs: [ID]
    /// Names of the recipe's files in them.
    var files: [String]
  }

  /// Names that stand for something in every run, so that nothing else may have them.
  static let reservedNames = [
    "method", "seed", "point", "run", "stage", "output_dir", "name", "threads", "files",
  ]

  public let recipe: Recipe
  public let ids: [ID]

  /// Expands the stages and checks the settings of every run.
  /// - Throws: `ConfigurationError` with the place in the recipe.
  public init(_ recipe: Recipe) throws {
    self.recipe = recipe
    ids = recipe.stages.flatMap { Self.expand($0, recipe) }
    for id in ids {
      guard let run = try resolve(id, choices: nil) else { continue }
      try run.command.check(run.settings)
    }
  }

  public func folder(_ id: ID) -> String { "\(recipe.outputDirectory)/\(id)" }

  func ids(of stage: String) -> [ID] { ids.filter { $0.stage == stage } }

  static func expand(_ stage: RecipeStage, _ recipe: Recipe) -> [ID] {
    let methods = stage.methods.compactMap(recipe.method)
    switch stage.range {
    case .once: return [ID(stage: stage.name)]
    case .methods:
      return methods.flatMap { method in
        method.seeds.map { ID(stage: stage.name, method: method.name, seed: $0) }
      }
    case .grid:
      return methods.flatMap { method in
        method.grid.flatMap { point in
          recipe.tuneSeeds.map {
            ID(stage: stage.name, method: method.name, point: point.name, seed: $0)
          }
        }
      }
    }
  }

  // MARK: - What a run waits for

  /// Runs that must be done before this one starts (a collection takes what there is).
  func needs(_ id: ID) throws -> [ID] {
    guard let stage = recipe.stage(id.stage) else { return [] }
    switch stage.work {
    case .command:
      let choosing = waitsForChoice(id) ? recipe.choosing.map { ids(of: $0.name) } ?? [] : []
      return choosing + (try resolve(id, choices: nil)?.needs ?? [])
    case .choose(let choice): return ids(of: choice.measure.stage)
    case .collect(let collecting): return collecting.stages.flatMap(ids(of:))
    }
  }

  /// Whether a grid's best point is among its settings.
  func waitsForChoice(_ id: ID) -> Bool {
    guard let stage = recipe.stage(id.stage), case .command(let command, _, _) = stage.work else {
      return false
    }
    let method = id.method.flatMap(recipe.method)
    return command.trains && stage.range == .methods && method?.grid.isEmpty == false
  }

  // MARK: - Settings

  /// - Parameter choices: the chosen point of each method; nil takes the first ones, to look at the
  ///   settings before anything was chosen.
  /// - Returns: nil for a stage that runs no command.
  /// - Throws: `ConfigurationError`.
  func resolve(_ id: ID, choices: [String: RecipePoint]?) throws -> Resolved? {
    guard let stage = recipe.stage(id.stage),
      case .command(let command, let own, let words) = stage.work
    else { return nil }
    var layers = [recipe.defaults[command.name] ?? [], own]
    if command.trains, let method = id.method.flatMap(recipe.method) {
      layers.append(method.settings)
      if let point = id.point {
        layers.append(method.grid.first { $0.name == point }?.settings ?? [])
      } else if let point = choices?[method.name] ?? method.grid.first, waitsForChoice(id) {
        layers.append(point.settings)
      }
    }
    let names = RecipeNames(plan: self, id: id, stage: stage)
    var settings = try Self.merged(layers).map {
      RecipeSetting(name: $0.name, value: try RecipeText.substitute($0.value, names.values))
    }
    if command.trains, let seed = id.seed, !settings.contains(where: { $0.name == "seed" }) {
      let value = ConfigurationValue(
        .scalar(String(seed), plain: true), key: "seed", location: stage.location)
      settings.append(RecipeSetting(name: "seed", value: value))
    }
    let list = ConfigurationValue(.list(words), key: "arguments", location: stage.location)
    let expanded = try RecipeText.substitute(list, names.values).list()
    return Resolved(
      id: id, command: command, settings: settings, words: try expanded.map { try $0.string() },
      needs: names.needs, files: names.files)
  }

  /// Later layers win; nothing (null) takes a setting away.
  private static func merged(_ layers: [[RecipeSetting]]) -> [RecipeSetting] {
    var out: [RecipeSetting] = []
    for setting in layers.joined() {
      if let index = out.firstIndex(where: { $0.name == setting.name }) {
        out[index] = setting
      } else {
        out.append(setting)
      }
    }
    return out.filter { !$0.value.isNull }
  }
}
