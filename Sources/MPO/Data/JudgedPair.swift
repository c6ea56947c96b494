/// Two responses in their order and a verdict, as judges' benchmarks have it (LLMBar, PKU-SafeRLHF).
enum JudgedPair {
  struct Layout {
    var first: String
    var second: String
    /// The key of the verdict, and the values that mean the first and the second.
    var verdict: String
    var values: (first: Int, second: Int)?
  }

  static let layouts = [
    Layout(first: "output_1", second: "output_2", verdict: "label", values: (1, 2)),
    Layout(
      first: "response_0", second: "response_1", verdict: "better_response_id", values: (0, 1)),
    Layout(first: "first", second: "second", verdict: "preference", values: nil),
  ]

  /// The better response as the chosen one, and how sure that is.
  static func read(
    _ row: DataRow
  ) throws -> (chosen: String, rejected: String, preference: Double) {
    guard let layout = layouts.first(where: { row.has($0.first) && row.has($0.second) })
    else { throw row.failure("expected two responses") }
    func verdict() throws -> Double {
      guard let values = layout.values else {
        guard row.has(layout.verdict) else {
          throw row.failure(
            "no key '\(layout.verdict)', the verdict on '\(layout.first)' and '\(layout.second)'")
        }
        return try row.preference()
      }
      switch row.object[layout.verdict]?.integer {
      case values.first?: return 1
      case values.second?: return 0
      default:
        throw row.failure(
          "'\(layout.verdict)': expected \(values.first) for '\(layout.first)' or \(values.second) "
            + "for '\(layout.second)', found "
            + (row.object[layout.verdict].map { $0.serialized(indent: 0) } ?? "nothing"))
      }
    }
    let first = try verdict()
    return first >= 0.5
      ? (layout.first, layout.second, first) : (layout.second, layout.first, 1 - first)
  }
}
