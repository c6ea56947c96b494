/// The names that a run's settings may hold, and which runs and files they led to.
///
/// `${seed}`, `${method}`, `${point}`, `${run}` (the run's own folder), `${output_dir}`, `${name}`,
/// variables, files, and folders of earlier stages: `${train}` is the run of stage `train` with the
/// same method and seed (grid point), `${train/mpo/0}` a certain one, `${train/*/0}` all of seed 0.
final class RecipeNames {
  private let plan: RecipePlan
  private let id: RecipePlan.ID
  private let stage: RecipeStage
  private(set) var needs: [RecipePlan.ID] = []
  private(set) var files: [String] = []

  init(plan: RecipePlan, id: RecipePlan.ID, stage: RecipeStage) {
    self.plan = plan
    self.id = id
    self.stage = stage
  }

  func values(_ name: String, _ place: ConfigurationValue) throws -> [String] {
    let recipe = plan.recipe
    if let variable = recipe.variables.first(where: { $0.name == name }) { return [variable.value] }
    if recipe.files.contains(where: { $0.name == name }) {
      if !files.contains(name) { files.append(name) }
      return ["\(recipe.outputDirectory)/files/\(name)"]
    }
    switch name {
    case "name": return [recipe.name]
    case "stage": return [id.stage]
    case "run": return [plan.folder(id)]
    case "output_dir": return [recipe.outputDirectory]
    case "files": return ["\(recipe.outputDirectory)/files"]
    case "threads": return [String(recipe.threads)]
    case "method": return [try of(id.method, name, place)]
    case "seed": return [try of(id.seed.map(String.init), name, place)]
    case "point": return [try of(id.point, name, place)]
    default: return try folders(name, place)
    }
  }

  private func of(_ value: String?, _ name: String, _ place: ConfigurationValue) throws -> String {
    guard let value else {
      throw place.mismatch(
        "a stage whose runs have a \(name); '\(stage.name)' is over \(stage.range.rawValue)")
    }
    return value
  }

  private func folders(_ name: String, _ place: ConfigurationValue) throws -> [String] {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let earlier = plan.recipe.stages.prefix { $0.name != stage.name }.filter {
      if case .command = $0.work { true } else { false }
    }
    guard let target = earlier.first(where: { $0.name == parts[0] }) else {
      let known =
        plan.recipe.variables.map(\.name) + plan.recipe.files.map(\.name) + earlier.map(\.name)
        + RecipePlan.reservedNames
      throw ConfigurationError.unknown(
        key: name, location: place.location, suggestion: closestName(to: name, among: known),
        known: known)
    }
    let runs = RecipePlan.expand(target, plan.recipe)
    let found =
      parts.count > 1 ? runs.filter { Self.matches($0, parts) } : same(target, among: runs)
    guard !found.isEmpty else {
      let few = runs.prefix(3).map { "${\($0)}".replacing("seed-", with: "") }
      throw place.mismatch(
        "a run of stage '\(target.name)', like \(few.joined(separator: ", ")), or '*' in place of a "
          + "part")
    }
    for run in found where !needs.contains(run) { needs.append(run) }
    return found.map(plan.folder)
  }

  /// The run that belongs to this one.
  private func same(_ target: RecipeStage, among runs: [RecipePlan.ID]) -> [RecipePlan.ID] {
    if target.range == .once { return runs }
    guard target.range == stage.range else { return [] }
    return runs.filter { $0.method == id.method && $0.point == id.point && $0.seed == id.seed }
  }

  /// `stage/method/seed` or `stage/method/point/seed`, from the left; `*` stands for any part.
  private static func matches(_ run: RecipePlan.ID, _ parts: [String]) -> Bool {
    let own = [run.stage, run.method, run.point, run.seed.map(String.init)].compactMap { $0 }
    guard parts.count <= own.count else { return false }
    return zip(parts, own).allSatisfy { $0 == "*" || $0 == $1 || "seed-\($1)" == $0 }
  }
}
