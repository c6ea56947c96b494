import Foundation
import MPOModel
import Testing

@testable import MPO

/// A recipe for the tests below: a grid, two methods, runs that need other runs.
enum RecipeFixture {
  static func yaml(steps: Int = 3, output: String = "out", more: String = "") -> String {
    #"""
    name: trial
    output_dir: \#(output)
    results_dir: \#(output)/results
    variables:
      model: base
      steps: \#(steps)
    jobs: 2
    threads: 1
    seeds: [0, 1]
    tune_seeds: [9]
    files:
      prompts.jsonl: |
        {"prompt": "a"}
    defaults:
      train:
        model_name_or_path: ${model}
        dataset_name: ${prompts.jsonl}
        max_steps: ${steps}
        judge: &judge
          type: categories
          categories: [{name: a, pattern: '^a'}, {name: b, pattern: '^b'}, {name: c, pattern: ''}]
          matrix: [[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]]
      evaluate: {json: true, judge: *judge}
    methods:
      mpo: {title: MPO, settings: {magnet_coef: 0.3}}
      tuned: {grid: {magnet_coef: [0.1, 0.2], eta: [1]}, seeds: [0]}
    stages:
      - {name: base, command: evaluate, settings: {model: "${model}"}}
      - {name: tune, command: train, over: grid}
      - {name: tune-eval, command: evaluate, over: grid, settings: {model: "${tune}"}}
      - {name: best, choose: {from: tune-eval, value: duality_gap}}
      - {name: train, command: train, over: methods}
      - {name: eval, command: evaluate, over: methods, settings: {model: "${train}"}}
      - name: table
        collect:
          columns:
            - {name: gap, title: gap of the last, from: eval, value: duality_gap}
            - {name: average, from: train, source: average_shares}
          also: {base: {eval: base}}
          checks: [{column: gap, of: mpo, to: tuned, at_most: 0.5}]
    \#(more)
    """#
  }

  static func plan(_ yaml: String = yaml()) throws -> RecipePlan {
    try RecipePlan(Recipe(yaml: yaml, file: "trial.yaml"))
  }

  static func setting(_ name: String, of run: RecipePlan.Resolved?) -> String? {
    run?.settings.first { $0.name == name }.flatMap { try? $0.value.string() }
  }
}

@Suite struct RecipeTests {
  @Test func expandsMethodsSeedsAndGrids() throws {
    let plan = try RecipeFixture.plan()
    #expect(
      plan.ids.map(\.description) == [
        "base", "tune/tuned/magnet_coef-0.1_eta-1/seed-9",
        "tune/tuned/magnet_coef-0.2_eta-1/seed-9",
        "tune-eval/tuned/magnet_coef-0.1_eta-1/seed-9",
        "tune-eval/tuned/magnet_coef-0.2_eta-1/seed-9", "best", "train/mpo/seed-0",
        "train/mpo/seed-1", "train/tuned/seed-0", "eval/mpo/seed-0", "eval/mpo/seed-1",
        "eval/tuned/seed-0", "table",
      ])
    let run = try plan.resolve(plan.ids(of: "train")[1], choices: nil)
    #expect(RecipeFixture.setting("magnet_coef", of: run) == "0.3")
    #expect(RecipeFixture.setting("seed", of: run) == "1")
    #expect(RecipeFixture.setting("dataset_name", of: run) == "out/files/prompts.jsonl")
    let eval = try plan.resolve(plan.ids(of: "eval")[1], choices: nil)
    #expect(RecipeFixture.setting("model", of: eval) == "out/train/mpo/seed-1")
    #expect(RecipeFixture.setting("magnet_coef", of: eval) == nil)
    #expect(eval?.needs.map(\.description) == ["train/mpo/seed-1"])
    let tuned = plan.ids(of: "train")[2]
    #expect(try plan.needs(tuned).map(\.description) == ["best"])
    let point = try #require(plan.recipe.method("tuned")?.grid[1])
    let chosen = try plan.resolve(tuned, choices: ["tuned": point])
    #expect(RecipeFixture.setting("magnet_coef", of: chosen) == "0.2")
  }

  @Test func theEnvironmentReplacesVariablesAndSetWins() throws {
    func value(_ sets: [(String, String)], _ environment: [String: String]) throws -> String? {
      try Recipe(
        yaml: RecipeFixture.yaml(), sets: sets.map { (name: $0.0, value: $0.1) },
        environment: environment
      ).variables.first { $0.name == "model" }?.value
    }
    #expect(try value([], [:]) == "base")
    #expect(try value([], ["RECIPE_MODEL": "other", "MODEL": "no"]) == "other")
    #expect(try value([("model", "mine")], ["RECIPE_MODEL": "other"]) == "mine")
    let error = #expect(throws: ConfigurationError.self) { try value([("modl", "x")], [:]) }
    #expect(error?.description.contains("did you mean 'model'?") == true)
  }

  @Test func referencesNameOtherRuns() throws {
    let plan = try RecipeFixture.plan(
      RecipeFixture.yaml(
        more: #"""
            - name: all
              command: evaluate
              settings:
                policies: ["${train/*/0}", "${train/mpo/1}/checkpoint-3"]
                note: "$${x} $5"
          """#))
    let run = try plan.resolve(try #require(plan.ids(of: "all").first), choices: nil)
    #expect(
      try run?.settings.first { $0.name == "policies" }?.value.list().map { try $0.string() } == [
        "out/train/mpo/seed-0", "out/train/tuned/seed-0", "out/train/mpo/seed-1/checkpoint-3",
      ])
    #expect(RecipeFixture.setting("note", of: run) == "${x} $5")
    #expect(
      run?.needs.map(\.description) == [
        "train/mpo/seed-0", "train/tuned/seed-0", "train/mpo/seed-1",
      ])
  }

  /// What is wrong and on which line.
  @Test(arguments: [
    ("jobs: 2", "jobz: 2", "trial.yaml:7:1: unknown setting 'jobz'; did you mean 'jobs'?"),
    ("jobs: 2", "jobs: 0", "trial.yaml:7:1: 'jobs': expected a whole number of at least 1"),
    ("{magnet_coef: 0.3}", "{magnet_koef: 0.3}", "trial.yaml:25:32: unknown setting 'magnet_koef'"),
    ("{magnet_coef: 0.3}", "{magnet_coef: -1}", "trial.yaml:25:32: "),
    ("{magnet_coef: 0.3}", "{output_dir: x}", "trial.yaml:25:32: 'output_dir': every run has"),
    (
      "command: train, over: grid", "command: trane, over: grid",
      "trial.yaml:29:18: 'stages[1].command'"
    ),
    (
      "command: train, over: grid", "command: train, ower: grid",
      "'stages[1].ower'; did you mean 'over'?"
    ),
    ("\"${tune}\"", "\"${tone}\"", "unknown setting 'tone'; did you mean 'tune'?"),
    ("\"${tune}\"", "\"${train}\"", "unknown setting 'train'"),
    ("\"${tune}\"", "\"${base/x}\"", "expected a run of stage 'base'"),
    ("\"${tune}\"", "\"${tune\"", "expected '}' after '${'"),
    ("{model: \"${model}\"}", "{model: \"${seed}\"}", "expected a stage whose runs have a seed"),
    ("tune_seeds: [9]", "tune_seeds: [0]", "chosen and reported on seed 0"),
    ("from: tune-eval, value: duality_gap", "from: base, value: x", "which is not over grid"),
    (
      "from: eval, value: duality_gap", "from: evil, value: x",
      "expected an earlier stage with runs"
    ),
    ("of: mpo, to: tuned", "of: mpo, to: tund", "expected one of mpo, tuned"),
    ("name: train, command", "name: tune, command", "a name of its own"),
  ])
  func refusesWithItsPlace(_ old: String, _ new: String, _ message: String) throws {
    let yaml = RecipeFixture.yaml()
    let changed = yaml.replacing(old, with: new)
    try #require(changed != yaml)
    let error = #expect(throws: ConfigurationError.self) { try RecipeFixture.plan(changed) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "-")")
  }

  @Test func theFingerprintIsOfWhatMatters() throws {
    func print(_ yaml: String, _ id: String = "eval/mpo/seed-0") throws -> String {
      let plan = try RecipeFixture.plan(yaml)
      var prints: [RecipePlan.ID: String] = [:]
      for id in plan.ids {
        guard let run = try plan.resolve(id, choices: nil) else { continue }
        prints[id] = RunFingerprint.of(
          run, files: plan.recipe.files, before: try plan.needs(id).compactMap { prints[$0] })
      }
      return try #require(prints.first { $0.key.description == id }?.value)
    }
    let yaml = RecipeFixture.yaml()
    let before = try print(yaml)
    #expect(before.count == 16)
    // The training's settings and inputs count for its evaluation; how it is run does not.
    #expect(try print(RecipeFixture.yaml(steps: 4)) != before)
    #expect(try print(yaml.replacing("{\"prompt\": \"a\"}", with: "{\"prompt\": \"b\"}")) != before)
    #expect(try print(yaml.replacing("pattern: '^a'", with: "pattern: 'a'")) != before)
    #expect(try print(yaml.replacing("threads: 1", with: "threads: 2")) == before)
    #expect(try print(yaml.replacing("jobs: 2", with: "jobs: 1")) == before)
    #expect(try print(yaml.replacing("title: MPO", with: "title: Ours")) == before)
    #expect(try print(yaml.replacing("magnet_coef: 0.3", with: "magnet_coef: 0.4")) != before)
    // Another method's settings do not.
    #expect(
      try print(yaml.replacing("magnet_coef: 0.3", with: "magnet_coef: 0.4"), "eval/tuned/seed-0")
        == print(yaml, "eval/tuned/seed-0"))
  }

  @Test func settingsBecomeFlagsOrAFile() throws {
    let plan = try RecipeFixture.plan(
      RecipeFixture.yaml().replacing(
        "settings: {model: \"${model}\"}",
        with: "settings: {model: m, no: false, list: [x, y], threads: 3}, arguments: [w]"))
    let eval = try #require(try plan.resolve(plan.ids[0], choices: nil))
    let words = try eval.command.arguments(eval.settings, words: eval.words, file: "f", threads: 1)
    #expect(words.prefix(3) == ["evaluate", "w", "--json"])
    #expect(words[3].hasPrefix("--judge={\"type\": \"categories\""))
    #expect(words.dropFirst(4) == ["--model=m", "--list=x", "--list=y", "--threads=3"])
    let train = try #require(try plan.resolve(plan.ids(of: "train")[0], choices: nil))
    #expect(
      try train.command.arguments(train.settings, words: [], file: "f.yaml", threads: 2)
        == ["train", "--config", "f.yaml", "--threads", "2"])
    var settings = AlignmentConfiguration()
    try settings.apply(yaml: RecipeCommand.yaml(train.settings))
    #expect(settings.magnetCoefficient == 0.3 && settings.run.maxSteps == 3)
    guard case .categories(let judge) = settings.judge else {
      Issue.record("expected categories")
      return
    }
    #expect(judge.game[0, 2] == 1)
  }
}
