import ArgumentParser
import MPO

struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer",
    abstract: "Learns a byte-level BPE tokenizer from texts, for a model from scratch.",
    discussion: """
      magnetic tokenizer --dataset-name texts.jsonl --output-dir DIR [--vocab-size 2048 ...]

      Writes tokenizer.json and tokenizer_config.json, as Hugging Face's libraries read them; <s> goes \
      before every text and </s> ends one.

      SETTINGS (in the file or as flags; flags win)
      \(TokenizerConfiguration.helpText())
      """)

  @Argument(parsing: .captureForPassthrough, help: "--config FILE and --name value pairs.")
  var arguments: [String] = []

  func run() throws {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(Self.helpMessage())
      return
    }
    let settings = try TokenizerConfiguration.resolve(arguments: arguments)
    let (ids, texts) = try settings.run()
    note("\(ids) ids from \(texts) texts; tokenizer: \(settings.outputDirectory)")
  }
}
