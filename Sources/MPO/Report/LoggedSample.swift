import MPOModel

/// A response as the metric `completions` holds it.
struct LoggedSample: Equatable {
  var prompt: String
  var completion: String
  /// Mean preference over the other responses to the prompt.
  var winRate: Double?
  /// What else was logged of it, in its order: a reward, a class.
  var others: [(name: String, text: String)] = []

  static func == (a: LoggedSample, b: LoggedSample) -> Bool {
    a.prompt == b.prompt && a.completion == b.completion && a.winRate == b.winRate
      && a.others.elementsEqual(b.others, by: ==)
  }

  /// The list behind the metric's text; nil unless it is a JSON list of objects that have a
  /// completion.
  static func list(_ text: String) -> [LoggedSample]? {
    guard let items = (try? JSONValue(parsing: text, path: "completions"))?.array else {
      return nil
    }
    let samples = items.compactMap(LoggedSample.init)
    return samples.count == items.count ? samples : nil
  }

  init?(_ value: JSONValue) {
    guard let object = value.object, let completion = object["completion"]?.plain else {
      return nil
    }
    self.completion = completion
    prompt = object["prompt"]?.plain ?? ""
    winRate = (object["winRate"] ?? object["win_rate"])?.double
    let shown = ["prompt", "completion", "winRate", "win_rate"]
    others = object.members.filter { !shown.contains($0.name) }.compactMap { member in
      member.value.plain.map { (name: member.name, text: $0) }
    }
  }
}

extension JSONValue {
  /// Of a scalar, without quotes; of a list or an object its JSON. Nil for null.
  var plain: String? {
    switch self {
    case .null: return nil
    case .bool(let value): return String(value)
    case .integer(let value): return String(value)
    case .number(let value): return reportFigure(value)
    case .string(let value): return value
    case .array, .object: return serialized(indent: 0)
    }
  }
}
