import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

@Suite struct RecipeCollectionTests {
  @Test func meanAndStandardErrorOfKnownNumbers() {
    let four = SeedStatistics([1, 2, 3, 4])
    #expect(four.mean == 2.5)
    // s^2 = 5/3, so s / sqrt(4) = sqrt(5/12).
    #expect(abs(try! #require(four.standardError) - (5.0 / 12).squareRoot()) < 1e-15)
    #expect(four.text(digits: 2) == "2.50 ± 0.65")
    #expect(SeedStatistics([0.25]).standardError == nil)
    #expect(SeedStatistics([0.25]).text(digits: 1) == "0.2")
    #expect(SeedStatistics([]).text(digits: 1) == "-")
    #expect(SeedStatistics([]).mean.isNaN)
  }

  @Test func figuresAreFoundByTheirPath() throws {
    let text = """
      {"gap": 0.5, "shares": {"girl": 0.25, "a.b": 2}, "matrix": [[0.5, 0.75], [0.25, 0.5]],
       "eval/rate": 3, "rows": [{"elo": 1200}]}
      """
    let object = try JSONValue(parsing: text, path: "x")
    func value(_ path: String) throws -> Double {
      try RunFigures.value(object, path) { .figure(run: "r", $0) }
    }
    #expect(try value("gap") == 0.5)
    #expect(try value("shares.girl") == 0.25)
    #expect(try value("shares.a.b") == 2)
    #expect(try value("matrix[0][1]") == 0.75)
    #expect(try value("eval/rate") == 3)
    #expect(try value("rows[0].elo") == 1200)
    for bad in ["gup", "matrix[2][0]", "shares", "gap.x", "matrix[x]"] {
      #expect(throws: RecipeError.self, "\(bad)") { try value(bad) }
    }
  }

  @Test func pointsOfACurveMayBeItemsOfAList() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      a note
      {"policies": [{"name": "checkpoint-100", "gap": 3}, {"name": "checkpoint-20", "gap": 1}]}

      """, "output.jsonl")
    let figures = RunFigures(
      folder: folder.path, run: "r",
      record: RunRecord(
        run: "r", state: .done, fingerprint: "", arguments: [], settings: [:], threads: 1, jobs: 1,
        attempts: [], build: BuildIdentity(version: "", commit: "", binary: "")))
    #expect(try figures.outputs("policies[*].name") == [100, 20])
    #expect(try figures.outputs("policies[*].gap") == [3, 1])
    #expect(throws: RecipeError.self) { try figures.outputs("policies[*].elo") }
    #expect(throws: RecipeError.self) { try figures.outputs("policies") }
    let measure = RecipeMeasure(
      stage: "s", source: .output, path: "policies[1].gap", moment: .last)
    #expect(try figures.value(measure) == 1)
  }

  @Test func whatIsPrintedCannotEndItsBlock() {
    #expect(RecipeCollection.fenced("a") == "```\na\n```")
    #expect(RecipeCollection.fenced("a ``` b ` c") == "````\na ``` b ` c\n````")
  }

  @Test func curvesAreMeansOverSeeds() {
    let lines = [[(x: 1.0, y: 1.0), (2, 3)], [(1, 3), (2, 5), (3, 9)]]
    let curve = RecipePicture.curve("m", lines, smooth: 1, band: .standardError)
    #expect(curve.points.map(\.y) == [2, 4])
    #expect(curve.band.map(\.low) == [1, 3] && curve.band.map(\.high) == [3, 5])
    #expect(RecipePicture.curve("m", lines, smooth: 2, band: .none).points.map(\.y) == [2, 3])
    #expect(RecipePicture.smoothed([(0, 1), (1, 2), (2, 6)], window: 2).map(\.y) == [1, 1.5, 4])
  }

  @Test func aBandIsDrawnBehindItsLine() {
    var series = ChartSeries("a", [(0, 1), (1, 2)])
    series.band = [(0, 0.5, 1.5), (1, 1, 9)]
    let svg = Chart(title: "t", xLabel: "x", yLabel: "y", series: [series]).svg
    let band = svg.range(of: "class=\"band f0\"")
    let line = svg.range(of: "class=\"curve s0\"")
    #expect(band != nil && line != nil)
    if let band, let line { #expect(band.lowerBound < line.lowerBound) }
    // The axis reaches the band's upper side.
    #expect(svg.contains(">10</text>") || svg.contains(">9</text>"))
  }

  @Test func writesTableJSONAndPicture() throws {
    let folder = try TemporaryFolder()
    let output = folder.file("out")
    let launcher = FakeLauncher()
    launcher.gaps = [
      "tune-eval/tuned/magnet_coef-0.2": 0.1, "/eval/mpo/seed-0": 0.1, "/eval/mpo/seed-1": 0.3,
      "/eval/tuned": 0.5, "/base": 0.7,
    ]
    let yaml = RecipeFixture.yaml(
      output: output,
      more: """
              plots: [{name: shares, from: train, y: share/a, smooth: 2, band: range}]
              outputs: [base]
        """)
    var time = 1_700_000_000.0
    let runner = try RecipeRunner(
      RecipeFixture.plan(yaml), build: BuildIdentity(version: "1", commit: "abc", binary: "f"),
      launcher: launcher, print: { _ in },
      clock: {
        time += 1
        return time
      })
    #expect(try runner.run() == .finished)
    let base = output + "/results/2023-11-14-trial"
    #expect(runner.results == ["\(base)-shares.svg", "\(base).json", "\(base).md"])

    let markdown = try String(contentsOfFile: base + ".md", encoding: .utf8)
    #expect(
      markdown.contains(
        """
        |       |   n | gap of the last |       average |
        |-------|----:|----------------:|--------------:|
        | base  |   1 |           0.700 |             - |
        | MPO   |   2 |   0.200 ± 0.100 | 0.500 ± 0.000 |
        | tuned |   1 |           0.500 |         0.500 |
        """))
    #expect(
      markdown.contains(
        "gap of the last of MPO / of tuned = 0.200 / 0.500 = 0.400, expected at most 0.5: met"))
    #expect(markdown.contains("![share/a](2023-11-14-trial-shares.svg)"))
    #expect(markdown.contains("## base\n\n```\n{\"duality_gap\": 0.7}\n```"))
    #expect(markdown.contains("magnet_coef 0.2, eta 1"))
    #expect(markdown.contains("- MPO: `magnet_coef: 0.3`"))
    #expect(markdown.contains("commit abc") && markdown.contains("device fake"))

    let json = try JSONValue(file: base + ".json")
    let rows = try #require(json.object?["rows"]?.array)
    let cell = try #require(rows[1].object?["cells"]?.object?["gap"]?.object)
    #expect(cell["mean"]?.double == 0.2 && cell["n"]?.integer == 2)
    #expect(abs((cell["standard_error"]?.double ?? 0) - 0.1) < 1e-12)
    #expect(cell["seeds"] == .array([.integer(0), .integer(1)]))
    #expect(json.object?["checks"]?.array?[0].object?["met"] == .bool(true))
    #expect(json.object?["choice"]?.array?[0].object?["chosen"]?.string == "magnet_coef 0.2, eta 1")
    #expect(json.object?["outputs"]?.object?["base"]?.string == "{\"duality_gap\": 0.7}")
    let cost = try #require(json.object?["cost"]?.object)
    #expect(cost["runs"]?.integer == 11 && cost["cpu_seconds"]?.double == 22)
    // Two at a time take less than their sum.
    let elapsed = try #require(cost["elapsed_seconds"]?.double)
    #expect(elapsed < (cost["seconds"]?.double ?? 0) && elapsed > 0)
  }

  @Test func elapsedTimeIsTheUnion() throws {
    func record(_ spans: [(Double, Double)]) -> RunRecord {
      RunRecord(
        run: "r", state: .done, fingerprint: "", arguments: [], settings: [:], threads: 1, jobs: 2,
        status: 0,
        attempts: spans.map {
          RunRecord.Attempt(started: $0.0, ended: $0.1, cpuSeconds: 1, peakRSS: $0.1)
        }, build: BuildIdentity(version: "", commit: "", binary: ""))
    }
    let cost = try #require(
      RecipeCost([record([(0, 10), (100, 110)]), record([(5, 12)]), record([(6, 7)])]))
    #expect(cost.elapsed == 22 && cost.seconds == 28 && cost.cpuSeconds == 4)
    #expect(cost.peakRSS == 110 && cost.runs == 3)
    #expect(RecipeCost([]) == nil)
  }
}
