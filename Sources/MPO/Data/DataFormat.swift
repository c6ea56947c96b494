/// What data are read for.
enum DataUse: String, Sendable {
  /// Self-play, evaluation and generation.
  case prompts
  /// Preferences between two responses.
  case pairs
  /// Single responses, good or bad.
  case labels = "labelled responses"
  /// Cross-entropy training.
  case texts

  /// A row, for messages.
  var example: String {
    switch self {
    case .prompts: return #"{"prompt": ...}"#
    case .pairs: return #"{"prompt": ..., "chosen": ..., "rejected": ...}"#
    case .labels: return #"{"prompt": ..., "completion": ..., "label": true}"#
    case .texts: return #"{"text": ...}"#
    }
  }

  /// The formats that serve, the first that a row has the keys of is taken.
  var formats: [DataFormat] {
    switch self {
    case .prompts: return [.prompt, .sharegpt, .alpaca, .implicitPair, .judgedPair]
    case .pairs: return [.pair, .sharegptPair, .alpacaPair, .implicitPair, .judgedPair]
    case .labels: return [.labelled, .sharegptLabelled, .alpacaLabelled]
    case .texts: return [.text, .messages, .completion, .sharegpt, .alpacaOutput]
    }
  }
}

/// The layouts that are read: TRL's types, LLaMA-Factory's two, and pairs with a judge's verdict.
enum DataFormat: String, Sendable, CaseIterable {
  case prompt, pair, implicitPair, labelled, text, messages, completion
  case alpaca, alpacaPair, alpacaLabelled, alpacaOutput
  case sharegpt, sharegptPair, sharegptLabelled
  case judgedPair

  /// The keys that tell it, in one of these sets.
  var keys: [[String]] {
    switch self {
    case .prompt: return [["prompt"]]
    case .pair: return [["prompt", "chosen", "rejected"]]
    case .implicitPair: return [["chosen", "rejected"]]
    case .labelled: return [["prompt", "completion", "label"]]
    case .text: return [["text"]]
    case .messages: return [["messages"]]
    case .completion: return [["prompt", "completion"]]
    case .alpaca: return [["instruction"]]
    case .alpacaPair: return [["instruction", "chosen", "rejected"]]
    case .alpacaLabelled:
      return [["instruction", "output", "label"], ["instruction", "output", "kto_tag"]]
    case .alpacaOutput: return [["instruction", "output"]]
    case .sharegpt: return [["conversations"]]
    case .sharegptPair: return [["conversations", "chosen", "rejected"]]
    case .sharegptLabelled: return [["conversations", "label"], ["conversations", "kto_tag"]]
    case .judgedPair:
      return JudgedPair.layouts.flatMap { layout in
        ["prompt", "input"].map { [$0, layout.first, layout.second] }
      }
    }
  }

  /// The format of a row.
  /// - Throws: `DataError` that lists the keys found and those of every format that would serve.
  static func detect(_ row: DataRow, for use: DataUse) throws -> DataFormat {
    for format in use.formats where format.keys.contains(where: { $0.allSatisfy(row.has) }) {
      return format
    }
    throw row.failure(explanation(row, use))
  }

  private static func explanation(_ row: DataRow, _ use: DataUse) -> String {
    let found = row.object.members.map(\.name)
    let list =
      found.isEmpty
      ? "no keys"
      : "the keys " + found.prefix(12).map { quoted($0, limit: 30) }.joined(separator: ", ")
        + (found.count > 12 ? " and \(found.count - 12) more" : "")
    let expected = use.formats.map { "{\($0.keys[0].joined(separator: ", "))}" }
      .joined(separator: " or ")
    let main = use.formats[0].keys[0]
    let missing = main.filter { !row.has($0) }
    let named = missing.first.map {
      found.contains($0) ? "'\($0)' is null: " : "no key '\($0)': "
    }
    return
      "\(named ?? "")expected \(use.rawValue) as \(expected), found \(list)\(hint(row, use, missing))"
  }

  private static func hint(_ row: DataRow, _ use: DataUse, _ missing: [String]) -> String {
    let found = row.object.members.map(\.name)
    switch use {
    case .prompts where row.has("messages"):
      return " ('messages' is data of 'magnetic sft')"
    case .texts where row.has("chosen"):
      return " (of preference data, learn the chosen answers with completion_feature: chosen)"
    case .texts where row.has("prompt"): return " (a 'prompt' needs its 'completion')"
    default: break
    }
    for name in missing {
      if let near = closestName(to: name, among: found), near != name {
        return "; is it '\(near)'? Then set \(name)_feature"
      }
    }
    return ""
  }
}
