/// Faults of preference models and of the folders that hold them.
public enum PreferenceModelError: Error, Equatable, CustomStringConvertible {
  /// `preference_config.json`: a field that is missing, wrong, or does not fit the weights.
  case file(path: String, String)
  /// The data hold nothing to learn from or to measure.
  case data(String)
  /// A score that is NaN or infinite.
  case nonFinite(model: String, text: Int)

  public var description: String {
    switch self {
    case .file(let path, let text): return "\(path): \(text)"
    case .data(let text): return text
    case .nonFinite(let model, let text):
      return
        "\(model): the score of text \(text + 1) is not a finite number; its weights are damaged"
    }
  }
}
