/// What one policy said: K responses to each of N prompts. All that an evaluation knows of it, so the
/// results depend on texts alone and the model is gone by then.
public struct PolicySamples: Sendable, Equatable {
  public let name: String
  /// Where it came from, for the report; may be empty.
  public let path: String
  /// The random stream that drew them, for the report.
  public let stream: UInt32
  /// (N, K)
  public let responses: [[String]]
  /// Length of each in Unicode scalars (as AlpacaEval counts characters), (N, K).
  let lengths: [[Int]]

  public init(name: String, path: String = "", stream: UInt32 = 0, responses: [[String]]) {
    self.name = name
    self.path = path
    self.stream = stream
    self.responses = responses
    lengths = responses.map { $0.map(\.unicodeScalars.count) }
  }

  /// Scalars of a response, the mean over all.
  public var meanLength: Double {
    let count = lengths.reduce(0) { $0 + $1.count }
    return Double(lengths.joined().reduce(0, +)) / Double(max(1, count))
  }
}
