import ArgumentParser

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
    subcommands: [
      DevicesCommand.self, SFTCommand.self, TrainCommand.self, GenerateCommand.self,
      ScoreCommand.self, EvaluateCommand.self, DemoCommand.self,
    ])

  /// Snake-case option names are accepted everywhere.
  static func main() {
    main(CommandLine.arguments.dropFirst().map(kebabOption))
  }

  /// `--max_new_tokens=64` to `--max-new-tokens=64`; anything that is no long option stays.
  static func kebabOption(_ argument: String) -> String {
    guard argument.hasPrefix("--") else { return argument }
    let end = argument.firstIndex(of: "=") ?? argument.endIndex
    return String(argument[..<end]).replacing("_", with: "-") + String(argument[end...])
  }
}
