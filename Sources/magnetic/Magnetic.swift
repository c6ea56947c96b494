import ArgumentParser
import Foundation
import MPO

@main
struct Magnetic: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "magnetic",
    abstract:
      "Aligns language models by self-play on preferences (Magnetic Preference Optimization).",
    discussion: """
      Options may be written in kebab or snake case (--max-new-tokens, --max_new_tokens). Results \
      go to standard output, progress and notes to standard error.
      """,
    version: "0.1.0",
    subcommands: [
      DevicesCommand.self, SFTCommand.self, PreferenceCommand.self, TrainCommand.self,
      GenerateCommand.self, ScoreCommand.self, TokenizeCommand.self, TokenizerCommand.self,
      TemplateCommand.self, LabelCommand.self, EvaluateCommand.self, MergeCommand.self,
      GameCommand.self, ReportCommand.self, RunCommand.self, DemoCommand.self,
    ])

  /// Snake-case option names are accepted everywhere.
  static func main() {
    openMissingStreams()
    ParentWatch.start()
    do {
      var command = try parseAsRoot(CommandLine.arguments.dropFirst().map(kebabOption))
      try command.run()
    } catch {
      let code = exitCode(for: error)
      // Help, and the status after a signal.
      if code.isSuccess || error is ExitCode { exit(withError: error) }
      note("error: \(oneLine(message(for: error)))")
      Foundation.exit(code.rawValue)
    }
  }

  /// An error is one line, so that a log's reader and a script find it whole.
  static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// `--max_new_tokens=64` to `--max-new-tokens=64`; anything that is no long option stays.
  static func kebabOption(_ argument: String) -> String {
    guard argument.hasPrefix("--") else { return argument }
    let end = argument.firstIndex(of: "=") ?? argument.endIndex
    return String(argument[..<end]).replacing("_", with: "-") + String(argument[end...])
  }
}
