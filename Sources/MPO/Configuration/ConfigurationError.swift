/// What is wrong with a setting, and where it was given.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be read or is no YAML: `game.yaml:3:1: ...`.
  case file(String)
  /// A key that means nothing; `known` lists those that do.
  case unknown(key: String, location: String, suggestion: String?, known: [String])
  /// A key that other tools have and this one has not; says what to use instead.
  case unsupported(key: String, location: String, String)
  /// A value of the wrong type or out of range.
  case value(key: String, location: String, expected: String, found: String)
  /// A required setting that nobody gave.
  case missing(key: String, String)
  /// Two settings that contradict each other, or one given twice.
  case conflict(String)
  /// A judge whose parts are well-formed but do not make a judge.
  case judge(location: String, PreferenceError)
  /// A word on the command line that is neither a flag nor its value.
  case argument(String)

  public var description: String {
    switch self {
    case .file(let text), .conflict(let text), .argument(let text): return text
    case .unknown(let key, let location, let suggestion, let known):
      let hint = suggestion.map { "; did you mean '\($0)'?" } ?? ""
      let list =
        hint.isEmpty || known.count <= 12 ? " (known: \(known.joined(separator: ", ")))" : ""
      return "\(location): unknown setting '\(key)'\(hint)\(list)"
    case .unsupported(let key, let location, let text): return "\(location): '\(key)': \(text)"
    case .value(let key, let location, let expected, let found):
      return "\(location): '\(key)': expected \(expected), found \(found)"
    case .judge(let location, let error): return "\(location): judge: \(error)"
    case .missing(let key, let text): return "'\(key)' is missing: \(text)"
    }
  }
}

/// The known name closest to `key` by edit distance, if close enough to be a slip of the finger.
package func closestName(to key: String, among known: [String]) -> String? {
  let wanted = canonicalKey(key)
  let ranked = known.map { ($0, editDistance(wanted, $0)) }.min { $0.1 < $1.1 }
  if let (name, distance) = ranked, distance <= max(1, wanted.count / 3) { return name }
  let parts = known.filter { wanted.count >= 4 && ($0.contains(wanted) || wanted.contains($0)) }
  return parts.min { $0.count < $1.count }
}

/// Kebab case, `--` in front and capitals are all the same name: `--Learning-Rate` = `learning_rate`.
package func canonicalKey(_ key: String) -> String {
  String(key.lowercased().drop { $0 == "-" }.map { $0 == "-" ? "_" : $0 })
}

/// Levenshtein distance.
package func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
