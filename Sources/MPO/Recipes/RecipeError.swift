/// Faults of carrying out a recipe. Faults of the recipe itself are `ConfigurationError`.
public enum RecipeError: Error, Equatable, CustomStringConvertible {
  /// `--only` that names nothing.
  case only(String, known: [String])
  case start(program: String, String)
  /// A figure that a run did not give.
  case figure(run: String, String)
  /// Runs failed or could not be started; what went wrong was printed.
  case failed(failed: Int, skipped: Int)

  public var description: String {
    switch self {
    case .only(let text, let known):
      return
        "--only '\(text)': no stage or run of that name; expected \(known.joined(separator: ", "))"
        + ", with /method and /seed-N behind"
    case .start(let program, let reason): return "\(program): cannot be started: \(reason)"
    case .figure(let run, let text): return "\(run): \(text)"
    case .failed(let failed, let skipped):
      let more = skipped > 0 ? ", \(skipped) not started for that or a missing run" : ""
      return
        "\(failed) \(failed == 1 ? "run" : "runs") failed\(more); run the recipe again to repeat "
        + "what is not done"
    }
  }
}
