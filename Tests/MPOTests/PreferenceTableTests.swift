import MPO
import Testing

@Suite struct PreferenceTableTests {
  @Test func winRates() throws {
    let table = try PreferenceTable(
      prompts: 1, responses: 3, values: [0.5, 1, 0.25, 0, 0.5, 1, 0.75, 0, 0.5])
    #expect(table.winRates() == [0.625, 0.5, 0.375])
    #expect(table[0, 2, 0] == 0.75)
  }

  @Test func oneResponseHasNoOpponent() throws {
    let table = try PreferenceTable(prompts: 2, responses: 1, values: [0.5, 0.5])
    #expect(table.winRates() == [0.5, 0.5])
  }

  @Test func meanOfSelfPlayIsOneHalf() throws {
    let k = 7
    var values = [Float](repeating: 0.5, count: k * k)
    for i in 0..<k {
      for j in 0..<i {
        values[i * k + j] = Float((i * 13 + j * 7) % 11) / 10
        values[j * k + i] = 1 - values[i * k + j]
      }
    }
    let rates = try PreferenceTable(prompts: 1, responses: k, values: values).winRates()
    #expect(abs(rates.reduce(0, +) / Float(k) - 0.5) < 1e-6)
  }

  @Test(
    arguments: [
      ([0.5, .nan, 0.5, 0.5], 0, 1), ([0.5, 1.5, -0.5, 0.5], 0, 1), ([0.4, 1, 0, 0.5], 0, 0),
      ([0.5, 0.9, 0.2, 0.5], 0, 1), ([0.5, 0.9, -0.1, 0.5], 1, 0),
      ([0.5, 0.9, .infinity, 0.5], 1, 0),
    ] as [([Float], Int, Int)])
  func refusesWhatIsNoPreference(_ values: [Float], _ i: Int, _ j: Int) {
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceTable(prompts: 2, responses: 2, values: [0.5, 1, 0, 0.5] + values)
    }
    guard case .value(_, let n, let a, let b, _, _) = error else {
      Issue.record("expected a value error, found \(String(describing: error))")
      return
    }
    #expect((n, a, b) == (1, i, j))
    #expect(error?.description.contains("prompt 1") == true)
  }

  @Test func refusesAWrongCount() {
    #expect(throws: PreferenceError.self) {
      try PreferenceTable(prompts: 1, responses: 2, values: [0.5])
    }
    #expect(throws: PreferenceError.self) {
      try ComparisonTable(prompts: 1, first: 1, second: 2, values: [0.5, 1.01])
    }
  }

  /// A source with nothing but `preferences`: the default comparison is the cross block.
  struct ByLength: PreferenceSource {
    var name: String { "length" }
    func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
      let k = try responseCount(prompts: prompts, responses: responses, source: name)
      let values = responses.flatMap { list in
        list.flatMap { a in
          list.map { b -> Float in a.count == b.count ? 0.5 : (a.count > b.count ? 1 : 0) }
        }
      }
      return try PreferenceTable(prompts: prompts.count, responses: k, values: values)
    }
  }

  @Test func comparesByConcatenation() throws {
    let table = try ByLength().compare(
      prompts: ["p", "q"], first: [["aa", "b"], ["aaa", ""]],
      second: [["x", "yyy", "zz"], ["x", "yyy", "z"]])
    #expect(table.values == [1, 0, 0.5, 0.5, 0, 0, 1, 0.5, 1, 0, 0, 0])
    #expect(table.rowMeans()[0][0] == 0.5)
  }

  @Test func refusesRaggedResponses() {
    #expect(throws: PreferenceError.self) {
      try ByLength().preferences(prompts: ["p", "q"], responses: [["a", "b"], ["a"]])
    }
    #expect(throws: PreferenceError.self) {
      try ByLength().preferences(prompts: ["p"], responses: [])
    }
  }
}
