import Foundation
import MPOModel

/// What `magnetic evaluate` wrote with `--output` or printed with `--json`.
struct EvaluationFile {
  struct Estimate: Equatable {
    var value: Double
    var low: Double?
    var high: Double?
  }

  struct Policy {
    var name: String
    /// In the order of `columns`; nil where there is none.
    var figures: [Estimate?]
    var nashShare: Estimate?
    var exploitedBy: String?
  }

  /// Keys of a policy that are shown, their titles, and whether they are shares.
  static let columns: [(key: String, title: String, isPercent: Bool)] = [
    ("mean_win_rate", "Mean win rate", true), ("nash_share", "Share in the Nash mixture", true),
    ("win_rate_vs_nash", "Win rate against it", true), ("exploitability", "Exploitability", false),
    ("elo", "Elo", false), ("duality_gap", "Duality gap", false),
    ("mean_length", "Mean length", false),
  ]

  let path: String
  var policies: [Policy] = []
  /// P(row over column).
  var winRates: [[Estimate?]] = []
  var judge: String?
  /// `Prompts: 64` and so on, for the line below the title.
  var facts: [String] = []
  var samples: [Sample] = []

  struct Sample {
    var prompt: String
    var responses: [String]
    /// Mean preference of each over the others; nil without preferences.
    var winRates: [Double?]
  }

  /// Reads the tournament's object, or that of one model against a reference.
  /// - Throws: `ReportError`.
  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      throw ReportError.evaluation(path: path, "there is no such file")
    }
    let object: JSONObject
    do {
      guard let found = try JSONValue(file: path).object else {
        throw ReportError.evaluation(path: path, "it is no JSON object")
      }
      object = found
    } catch let error as ReportError {
      throw error
    } catch {
      throw ReportError.evaluation(path: path, "\(error)")
    }
    judge = object["judge"]?.string
    for (key, title) in [("prompts", "prompts"), ("responses", "responses each")] {
      if let count = object[key]?.integer {
        facts.append("\(reportFigure(Double(count))) \(title)")
      }
    }
    if let list = object["policies"]?.array {
      try readTournament(list, object)
    } else if object["model"]?.string != nil {
      readPair(object)
    } else {
      throw ReportError.evaluation(path: path, "it has neither 'policies' nor 'model'")
    }
    readSamples(object)
  }

  private mutating func readTournament(_ list: [JSONValue], _ object: JSONObject) throws {
    policies = list.compactMap { value in
      guard let item = value.object, let name = item["name"]?.string else { return nil }
      return Policy(
        name: name, figures: Self.columns.map { Self.estimate(item, $0.key) },
        nashShare: Self.estimate(item, "nash_share"), exploitedBy: item["exploited_by"]?.string)
    }
    guard policies.count == list.count, !policies.isEmpty else {
      throw ReportError.evaluation(path: path, "'policies' has an entry without a name")
    }
    guard let rates = object["win_rates"] else { return }
    let (low, high) = (object["win_rates_low"], object["win_rates_high"])
    let n = policies.count
    func entry(_ matrix: JSONValue?, _ i: Int, _ j: Int) -> Double? {
      guard let rows = matrix?.array, i < rows.count, let row = rows[i].array, j < row.count else {
        return nil
      }
      return row[j].double
    }
    guard rates.array?.count == n, rates.array?.allSatisfy({ $0.array?.count == n }) == true else {
      throw ReportError.evaluation(
        path: path, "'win_rates' is not a \(n) x \(n) matrix for its \(n) policies")
    }
    winRates = (0..<n).map { i in
      (0..<n).map { j in
        entry(rates, i, j).map {
          Estimate(value: $0, low: entry(low, i, j), high: entry(high, i, j))
        }
      }
    }
  }

  /// What `evaluate --model a --reference b --json` prints.
  private mutating func readPair(_ object: JSONObject) {
    func policy(_ key: String, _ prefix: String, rate: Estimate?) -> Policy? {
      guard let name = object[key]?.string else { return nil }
      let figures = Self.columns.map { column in
        column.key == "mean_win_rate" ? rate : Self.estimate(object, prefix + column.key)
      }
      return Policy(name: name, figures: figures, nashShare: nil, exploitedBy: nil)
    }
    let rate = Self.estimate(object, "eval_avg_win_prob")
    let other = rate.map {
      Estimate(value: 1 - $0.value, low: $0.high.map { 1 - $0 }, high: $0.low.map { 1 - $0 })
    }
    policies = [policy("model", "", rate: rate), policy("reference", "reference_", rate: other)]
      .compactMap { $0 }
    if policies.count == 2, let rate, let other {
      let even = Estimate(value: 0.5)
      winRates = [[even, rate], [other, even]]
    }
  }

  private mutating func readSamples(_ object: JSONObject) {
    let found = object["samples"]?.array?.compactMap { value -> Sample? in
      guard let item = value.object, let list = item["responses"]?.array else { return nil }
      let responses = list.compactMap(\.string)
      guard responses.count == policies.count else { return nil }
      let rows = item["preferences"]?.array?.map { $0.array?.compactMap(\.double) ?? [] } ?? []
      let rates = responses.indices.map { i -> Double? in
        guard i < rows.count, rows[i].count == responses.count, responses.count > 1 else {
          return nil
        }
        let others = rows[i].enumerated().filter { $0.offset != i }.map(\.element)
        return others.reduce(0, +) / Double(others.count)
      }
      return Sample(
        prompt: item["prompt"]?.string ?? "", responses: responses, winRates: rates)
    }
    samples = Array((found ?? []).prefix(8))
  }

  /// `key` with `key_low` and `key_high`.
  private static func estimate(_ object: JSONObject, _ key: String) -> Estimate? {
    object[key]?.double.map {
      Estimate(value: $0, low: object[key + "_low"]?.double, high: object[key + "_high"]?.double)
    }
  }
}
