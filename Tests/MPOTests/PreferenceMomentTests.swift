import MPO
import MPOBackend
import Testing

@testable import MPO

/// The start of a general preference model's head, on made states: a large mean, noise, and classes or a
/// score in some directions.
@Suite struct PreferenceMomentTests {
  typealias Pair = (chosen: [Double], rejected: [Double], preference: Double)

  private static func noise(_ generator: inout PhiloxGenerator, _ width: Int) -> [Double] {
    (0..<width).map { 3 + 0.3 * Double(generator.normal()) * Double($0 % 3 + 1) }
  }

  /// Class k + 1 beats class k, in a circle of three; some pairs come with their order and label turned.
  private static func cyclic(_ count: Int, seed: UInt64) -> [Pair] {
    var generator = PhiloxGenerator(seed: seed, domain: .test)
    return (0..<count).map { i in
      let loser = Int(generator.next() % 3)
      var (a, b) = (noise(&generator, 24), noise(&generator, 24))
      a[(loser + 1) % 3] += 2
      b[loser] += 2
      return i % 4 == 0 ? (b, a, 0) : (a, b, 1)
    }
  }

  /// The larger second coordinate wins.
  private static func transitive(_ count: Int, seed: UInt64) -> [Pair] {
    var generator = PhiloxGenerator(seed: seed, domain: .test)
    return (0..<count).map { _ in
      let (a, b) = (noise(&generator, 24), noise(&generator, 24))
      return (a, b, a[1] > b[1] ? 1 : 0)
    }
  }

  private static func accuracy(_ rows: [[Double]], _ pairs: [Pair]) -> Double {
    var settings = GeneralPreference()
    settings.dimension = rows.count
    let head = PreferenceHead.general(settings)
    func embed(_ state: [Double]) -> [Double] {
      rows.map { row in zip(row, state).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    let right = pairs.reduce(0.0) {
      $0
        + (isRight(logit: head.logit(embed($1.chosen), embed($1.rejected)), label: $1.preference)
          ?? 0)
    }
    return right / Double(pairs.count)
  }

  private static func areFinite(_ rows: [[Double]]) -> Bool { rows.joined().allSatisfy(\.isFinite) }

  @Test(arguments: [2, 8, 40]) func holdsACircle(_ outputs: Int) throws {
    let moment = try #require(PreferenceMoment(Self.cyclic(400, seed: 1)))
    let rows = moment.head(outputs: outputs, seed: 0)
    #expect(rows.map(\.count) == [Int](repeating: 24, count: outputs))
    #expect(Self.areFinite(rows))
    #expect(Self.accuracy(rows, Self.cyclic(400, seed: 2)) > 0.85)
  }

  /// Two data sets one after the other, as a mixture has them: each is learned from and weighed on.
  @Test func blocksOfPairsAreBothSeen() throws {
    let moment = try #require(
      PreferenceMoment(Self.transitive(256, seed: 1) + Self.cyclic(256, seed: 2)))
    let rows = moment.head(outputs: 2, seed: 0)
    #expect(Self.accuracy(rows, Self.cyclic(400, seed: 3)) > 0.85)
  }

  /// More outputs than states have numbers: none is dead.
  @Test func fillsWhatTheStatesDoNot() throws {
    let rows = try #require(PreferenceMoment(Self.cyclic(60, seed: 5))).head(outputs: 64, seed: 0)
    #expect(rows.count == 64 && rows.allSatisfy { $0.contains { $0 != 0 } })
  }

  /// Labels without a reason: the other half of the pairs says that a random head does better.
  @Test func noiseIsNoBetterThanNothing() throws {
    var generator = PhiloxGenerator(seed: 6, domain: .test)
    let pairs: [Pair] = (0..<200).map { _ in
      let (a, b) = (Self.noise(&generator, 24), Self.noise(&generator, 24))
      return (a, b, generator.next() % 2 == 0 ? 1 : 0)
    }
    let moment = try #require(PreferenceMoment(pairs))
    let settings = GeneralPreference()
    let random = (0..<2).map { _ in (0..<24).map { _ in 0.02 * Double(generator.normal()) } }
    #expect(moment.loss(moment.head(outputs: 2, seed: 0), settings) > 0.8)
    #expect(moment.loss(random, settings) < moment.loss(moment.head(outputs: 2, seed: 0), settings))
    let circle = try #require(PreferenceMoment(Self.cyclic(200, seed: 7)))
    #expect(circle.loss(circle.head(outputs: 2, seed: 0), settings) < circle.loss(random, settings))
  }

  @Test(arguments: [2, 8]) func holdsAnOrder(_ outputs: Int) throws {
    let moment = try #require(PreferenceMoment(Self.transitive(400, seed: 1)))
    let rows = moment.head(outputs: outputs, seed: 0)
    #expect(Self.accuracy(rows, Self.transitive(400, seed: 2)) > 0.85)
  }

  @Test func embedsWithAMeanSquareOfOne() throws {
    let pairs = Self.cyclic(100, seed: 3)
    let rows = try #require(PreferenceMoment(pairs)).head(outputs: 4, seed: 0)
    var square = 0.0
    for pair in pairs {
      for state in [pair.chosen, pair.rejected] {
        for row in rows {
          let value = zip(row, state).reduce(0) { $0 + $1.0 * $1.1 }
          square += value * value / Double(2 * pairs.count)
        }
      }
    }
    #expect(abs(square - 1) < 1e-9)
  }

  @Test func needsTwoDifferentStates() {
    #expect(PreferenceMoment([]) == nil)
    let state = [1.0, 2, 3]
    #expect(PreferenceMoment([(state, state, 1)]) == nil)
    #expect(PreferenceMoment([(state, [.nan, 0, 0], 1)]) == nil)
  }

  /// Ties say nothing: no planes, but a head all the same.
  @Test func tiesAloneGiveAFiniteHead() throws {
    let pairs = Self.cyclic(50, seed: 4).map { ($0.chosen, $0.rejected, 0.5) }
    let rows = try #require(PreferenceMoment(pairs)).head(outputs: 4, seed: 0)
    #expect(Self.areFinite(rows) && rows != rows.map { $0.map { _ in 0 } })
  }
}
