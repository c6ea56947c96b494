/// A recipe's file to `Recipe`. Every key is known or an error with its line.
struct RecipeReader {
  private let file: String
  private let variables: [RecipeVariable]

  /// - Parameters:
  ///   - sets: `--set name=value`; these win over the environment.
  ///   - environment: `RECIPE_<NAME>` replaces the variable `name`.
  /// - Throws: `ConfigurationError`.
  static func read(
    _ root: ConfigurationValue, file: String, sets: [(name: String, value: String)],
    environment: [String: String]
  ) throws -> Recipe {
    guard case .mapping(let pairs) = root.content else {
      throw ConfigurationError.file(
        "\(root.location): expected a recipe, a mapping with 'stages' (see recipes/README.md)")
    }
    let given = pairs.first { canonicalKey($0.key) == "variables" }?.value
    let variables = try self.variables(given, sets: sets, environment: environment)
    return try RecipeReader(file: file, variables: variables).recipe(root)
  }

  private func recipe(_ root: ConfigurationValue) throws -> Recipe {
    let entries = try root.mapping(known: [
      "name", "description", "output_dir", "results_dir", "variables", "files", "jobs", "threads",
      "seeds", "tune_seeds", "defaults", "methods", "stages",
    ])
    guard let name = try entries["name"].map({ try text($0) }) else {
      throw ConfigurationError.missing(key: "name", "\(file): what the results are named by")
    }
    guard Self.isName(name) else {
      throw entries["name"]?.mismatch("letters, digits, '-', '_' and '.'")
        ?? ConfigurationError.file(file)
    }
    let seeds = try entries["seeds"].map(numbers) ?? [0]
    let methods = try methods(entries["methods"], seeds: seeds)
    var recipe = Recipe(
      name: name, file: file, description: try entries["description"].map { try text($0) } ?? "",
      outputDirectory: try entries["output_dir"].map { try text($0) } ?? "runs/\(name)",
      resultsDirectory: try entries["results_dir"].map { try text($0) } ?? "bench/results",
      jobs: try entries["jobs"].map { try number($0, atLeast: 1) } ?? 1,
      threads: try entries["threads"].map { try number($0, atLeast: 0) } ?? 0,
      variables: variables, files: try files(entries["files"]),
      defaults: try defaults(entries["defaults"]), methods: methods, seeds: seeds,
      tuneSeeds: try entries["tune_seeds"].map(numbers) ?? [], stages: [])
    guard let stages = entries["stages"] else {
      throw ConfigurationError.missing(key: "stages", "\(file): the list of what is run")
    }
    let reader = RecipeStageReader(reader: self, methods: methods, expand: expand)
    for item in try stages.list("a list of stages") {
      recipe.stages.append(try reader.stage(item, after: recipe.stages))
    }
    try RecipeChecks.check(recipe)
    return recipe
  }

  // MARK: - Parts

  private static func variables(
    _ value: ConfigurationValue?, sets: [(name: String, value: String)],
    environment: [String: String]
  ) throws -> [RecipeVariable] {
    var found: [RecipeVariable] = []
    for (name, item) in try value.map(Self.pairs) ?? [] {
      guard isName(name), !RecipePlan.reservedNames.contains(name) else {
        throw item.mismatch(
          "a variable's name: letters, digits, '-', '_' and '.', none of "
            + RecipePlan.reservedNames.joined(separator: ", "))
      }
      let earlier = RecipeReader(file: "", variables: found)
      var variable = RecipeVariable(name: name, value: try earlier.text(item), origin: "recipe")
      let key = environmentName(name)
      if let text = environment[key] {
        variable = RecipeVariable(name: name, value: text, origin: "environment")
      }
      if let text = sets.last(where: { $0.name == name })?.value {
        variable = RecipeVariable(name: name, value: text, origin: "--set")
      }
      found.append(variable)
    }
    let names = found.map(\.name)
    for (name, _) in sets where !names.contains(name) {
      throw ConfigurationError.unknown(
        key: name, location: "--set", suggestion: closestName(to: name, among: names), known: names)
    }
    return found
  }

  private func files(_ value: ConfigurationValue?) throws -> [RecipeFile] {
    try (value.map(Self.pairs) ?? []).map { name, item in
      guard Self.isName(name), !variables.contains(where: { $0.name == name }) else {
        throw item.mismatch("a file's name that is no path and not that of a variable")
      }
      let expanded = try expand(item)
      if case .scalar(let text, _) = expanded.content { return RecipeFile(name: name, text: text) }
      return RecipeFile(name: name, text: expanded.jsonText() + "\n")
    }
  }

  private func defaults(_ value: ConfigurationValue?) throws -> [String: [RecipeSetting]] {
    guard let value else { return [:] }
    let entries = try value.mapping(known: RecipeCommand.all.map(\.name), "settings by command")
    return try entries.mapValues { try settings($0) }
  }

  private func methods(_ value: ConfigurationValue?, seeds: [Int]) throws -> [RecipeMethod] {
    try (value.map(Self.pairs) ?? []).map { name, item in
      guard Self.isName(name) else {
        throw item.mismatch("a method's name: letters, digits, '-', '_' and '.'")
      }
      let entries = try item.mapping(known: ["title", "settings", "seeds", "grid"])
      return RecipeMethod(
        name: name, title: try entries["title"].map { try text($0) } ?? name,
        settings: try entries["settings"].map { try settings($0) } ?? [],
        seeds: try entries["seeds"].map(numbers) ?? seeds,
        grid: try entries["grid"].map(grid) ?? [])
    }
  }

  /// A list of points as they are, or a mapping of lists whose product is taken.
  private func grid(_ value: ConfigurationValue) throws -> [RecipePoint] {
    var points: [[RecipeSetting]] = [[]]
    if case .list(let items) = value.content {
      points = try items.map { try settings($0) }
    } else {
      for (name, choices) in try Self.pairs(value) {
        let choices = try choices.list("the values to try, a list")
        points = points.flatMap { point in
          choices.map { point + [RecipeSetting(name: canonicalKey(name), value: $0)] }
        }
      }
    }
    guard !points.isEmpty, !points.contains(where: \.isEmpty) else {
      throw value.mismatch("at least one setting with at least one value")
    }
    let named = points.map { RecipePoint(name: Self.pointName($0), settings: $0) }
    guard Set(named.map(\.name)).count == named.count else {
      throw value.mismatch("points that differ")
    }
    return named
  }

  static func pointName(_ settings: [RecipeSetting]) -> String {
    let parts = settings.map { setting -> String in
      let text = (try? setting.value.string()) ?? setting.value.jsonText()
      return setting.name + "-" + text
    }
    return String(parts.joined(separator: "_").map { isPlain($0) ? $0 : "-" })
  }

  // MARK: - Values

  func settings(_ value: ConfigurationValue) throws -> [RecipeSetting] {
    var names: [String: String] = [:]
    return try Self.pairs(value).map { key, item in
      let name = canonicalKey(key)
      guard names.updateValue(key, forKey: name) == nil else {
        throw ConfigurationError.conflict("\(item.location): '\(key)' is given twice")
      }
      if let advice = RecipeCommand.reserved[name] {
        throw ConfigurationError.unsupported(key: key, location: item.location, advice)
      }
      return RecipeSetting(name: name, value: item)
    }
  }

  static func pairs(_ value: ConfigurationValue) throws -> [(String, ConfigurationValue)] {
    if value.isNull { return [] }
    guard case .mapping(let pairs) = value.content else { throw value.mismatch("a mapping") }
    return pairs.map { ($0.key, $0.value) }
  }

  /// With variables in place; other names are unknown here.
  func expand(_ value: ConfigurationValue) throws -> ConfigurationValue {
    try RecipeText.substitute(value) { name, place in
      if let found = variables.first(where: { $0.name == name }) { return [found.value] }
      let names = variables.map(\.name)
      throw ConfigurationError.unknown(
        key: name, location: place.location, suggestion: closestName(to: name, among: names),
        known: names)
    }
  }

  func text(_ value: ConfigurationValue) throws -> String { try expand(value).string() }

  func number(_ value: ConfigurationValue, atLeast: Int) throws -> Int {
    let value = try expand(value)
    let expected = "a whole number of at least \(atLeast)"
    let found = try value.int(expected)
    guard found >= atLeast else { throw value.mismatch(expected) }
    return found
  }

  /// `[0, 1, 2]`, or text with commas between, which a variable can hold.
  func numbers(_ value: ConfigurationValue) throws -> [Int] {
    let value = try expand(value)
    let expected = "different whole numbers of at least 0, [0, 1, 2]"
    let found = try value.names(expected).map { Int($0) ?? -1 }
    guard found.allSatisfy({ $0 >= 0 }), Set(found).count == found.count else {
      throw value.mismatch(expected)
    }
    return found
  }

  /// `RECIPE_<NAME>`, signs becoming `_`.
  static func environmentName(_ variable: String) -> String {
    "RECIPE_" + String(variable.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  /// What may be a folder's or a file's name.
  static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.first != "." && text.allSatisfy(isPlain)
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
  }
}

extension Recipe {
  /// Reads and checks a recipe; nothing is written or run.
  /// - Throws: `ConfigurationError` with file and line.
  public init(
    file: String, sets: [(name: String, value: String)] = [],
    environment: [String: String] = [:]
  ) throws {
    self = try RecipeReader.read(
      YAMLReader.read(file), file: file, sets: sets, environment: environment)
  }

  /// The same from text; `file` is its name in messages.
  public init(
    yaml: String, file: String = "recipe.yaml", sets: [(name: String, value: String)] = [],
    environment: [String: String] = [:]
  ) throws {
    self = try RecipeReader.read(
      YAMLReader.parse(yaml, file: file), file: file, sets: sets, environment: environment)
  }
}
