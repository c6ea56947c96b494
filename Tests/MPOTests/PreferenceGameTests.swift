import MPO
import Testing

@Suite struct PreferenceGameTests {
  static let g1 = [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]]
  static let names = ["a", "b", "c"]

  @Test func gapIsZeroAtTheEquilibriumOnly() throws {
    let game = try PreferenceGame(names: Self.names, matrix: Self.g1)
    #expect(game.dualityGap([4.0 / 11, 3.0 / 11, 4.0 / 11]) < 1e-12)
    #expect(abs(game.dualityGap([1, 0, 0]) - 0.8) < 1e-12)
    let g2 = try PreferenceGame(
      names: Self.names, matrix: [[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    #expect(g2.dualityGap([1.0 / 7, 3.0 / 7, 3.0 / 7]) < 1e-12)
  }

  /// The regularised equilibrium of G2 with a uniform magnet, algorithm.md section 2.
  @Test func regularisedGapIsZeroAtItsEquilibrium() throws {
    let game = try PreferenceGame(
      names: Self.names, matrix: [[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    let uniform = [Double](repeating: 1.0 / 3, count: 3)
    let gap = game.regularisedGap([0.173478, 0.486303, 0.340219], magnet: uniform, alpha: 0.1)
    #expect(abs(gap) < 1e-9)
    #expect(game.regularisedGap(uniform, magnet: uniform, alpha: 0.1) > 1e-3)
    #expect(game.regularisedGap([1, 0, 0], magnet: [0, 0.5, 0.5], alpha: 0.1) == .infinity)
    #expect(game.regularisedGap([0.2, 0.4, 0.4], magnet: uniform, alpha: 1e-4).isFinite)
  }

  @Test func shares() throws {
    let game = try PreferenceGame(names: Self.names, matrix: Self.g1)
    #expect(game.shares([0, 0, 2, 1]) == [0.5, 0.25, 0.25])
    #expect(game.shares([]) == [Double](repeating: 1.0 / 3, count: 3))
  }

  @Test(arguments: [
    ([[0.5, 0.1], [0.8, 0.5]], "0.8"), ([[0.5, 1.2], [-0.2, 0.5]], "1.2"), ([[0.5, 1]], "rows"),
    ([[0.5, 1], [0]], "values"), ([[0.4, 1], [0, 0.5]], "ties"),
    ([[0.5, .nan], [0, 0.5]], "nan"),
  ])
  func refusesAndNamesTheCell(_ matrix: [[Double]], _ text: String) {
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceGame(names: ["a", "b"], matrix: matrix)
    }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test func namesTheWorstCell() {
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceGame(
        names: Self.names, matrix: [[0.5, 0.11, 0.8], [0.9, 0.5, 0.1], [0.2, 0.7, 0.5]])
    }
    #expect(error?.description.contains("P(b over c)") == true)
  }

  @Test func takesAFlatMatrix() throws {
    let game = try PreferenceGame(names: Self.names, values: Self.g1.flatMap { $0 })
    #expect(try game == PreferenceGame(names: Self.names, matrix: Self.g1))
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceGame(names: ["a", "b"], values: [0.5, 1, 0])
    }
    #expect(
      error?.description
        == "matrix: expected 4 values, 2 for each of 2 names; found 3")
    #expect(throws: PreferenceError.self) {
      try PreferenceGame(names: ["a", "b"], values: [0.5, 1, 0.1, 0.5])
    }
    #expect(throws: PreferenceError.self) { try PreferenceGame(names: [], values: []) }
  }
}
