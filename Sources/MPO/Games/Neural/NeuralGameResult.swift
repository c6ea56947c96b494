/// Duality gaps of the last iterate over the games of an experiment.
public struct GapSummary: Sendable, Equatable {
  public var mean: Double
  public var max: Double

  public init(_ gaps: [Double]) {
    mean = gaps.reduce(0, +) / Double(Swift.max(1, gaps.count))
    max = gaps.max() ?? 0
  }
}

/// What a neural policy did on games, beside tabular MPO from the same start.
public struct NeuralGameResult: Sendable, Equatable {
  public struct Record: Sendable, Equatable {
    /// Proximal steps taken.
    public var step: Int
    public var tabular: GapSummary
    /// Nil where the mode did not run.
    public var exact: GapSummary?
    public var adamW: GapSummary?
    /// Exact mode: largest total variation between a game's policy and its tabular one.
    public var exactDistance: Double?
  }

  public var settings: NeuralGameSettings
  /// Games (prompts).
  public var games: Int
  public var records: [Record] = []
  /// Exact mode: inner steps taken in all, proximal steps that ended at `maxInnerSteps` without
  /// having reached the tolerance, and all proximal steps.
  public var exactInnerSteps = 0
  public var exactUnsolved = 0
  public var exactProximalSteps = 0
  /// Seconds that each mode and the tabular curve took.
  public var seconds: [String: Double] = [:]

  /// Largest `|gap_exact / gap_tabular - 1|` of the mean gaps over the recorded steps at which the
  /// tabular mean is at least `floor`, and the step of it; nil without such a step or without
  /// the exact mode.
  public func worstDeviation(floor: Double = 1e-4) -> (step: Int, relative: Double)? {
    records.compactMap { record -> (step: Int, relative: Double)? in
      guard let exact = record.exact, record.tabular.mean >= floor else { return nil }
      return (record.step, abs(exact.mean / record.tabular.mean - 1))
    }.max { $0.relative < $1.relative }
  }
}
