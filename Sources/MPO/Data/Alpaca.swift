import MPOModel

/// LLaMA-Factory's alpaca layout: `instruction`, `input`, `output`, and `system` and `history` where
/// they are there.
///
/// As a text it is the functional part of Alpaca's prompt, `### Instruction:`, `### Input:` and
/// `### Response:`; in `input_template` or as a user's message it is the instruction and, on a line of
/// its own, the input.
struct Alpaca {
  var instruction: String
  var input = ""
  var system = ""
  var history: [(query: String, answer: String)] = []

  init(instruction: String) { self.instruction = instruction }

  init(_ row: DataRow) throws {
    instruction = try row.text("instruction")
    input = try row.optionalText("input")
    system = try row.optionalText("system")
    guard row.has("history") else { return }
    guard let turns = row.object["history"]?.array else { throw row.wrong("history") }
    history = try turns.map { turn in
      guard let pair = turn.array, pair.count == 2, let query = pair[0].string,
        let answer = pair[1].string
      else { throw row.failure("'history': expected pairs of two texts, [query, answer]") }
      return (query, answer)
    }
  }

  private var query: String { input.isEmpty ? instruction : "\(instruction)\n\(input)" }

  func prompt(_ settings: DatasetSettings) -> Prompt {
    guard !settings.appliesChatTemplate else {
      var messages = system.isEmpty ? [] : [TranscriptSplit.message("system", system)]
      for turn in history {
        messages.append(TranscriptSplit.message("user", turn.query))
        messages.append(TranscriptSplit.message("assistant", turn.answer))
      }
      return .conversation(.init(messages + [TranscriptSplit.message("user", query)]))
    }
    var text = system.isEmpty ? "" : "\(system)\n\n"
    func framed(_ query: String, _ input: String) -> String {
      guard settings.inputTemplate.isEmpty else {
        return settings.inputTemplate.replacing(
          "{}", with: input.isEmpty ? query : "\(query)\n\(input)")
      }
      let given = input.isEmpty ? "" : "### Input:\n\(input)\n\n"
      return "### Instruction:\n\(query)\n\n\(given)### Response:\n"
    }
    for turn in history { text += framed(turn.query, "") + turn.answer + "\n\n" }
    return .text(text + framed(instruction, input))
  }
}
