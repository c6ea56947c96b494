import Foundation
import MPOModel

/// Settings of `magnetic tokenizer`: a byte-level BPE vocabulary from the texts of a data set, as
/// `magnetic sft` reads it.
public struct TokenizerConfiguration: ConfigurableSettings, Equatable {
  public var data = DatasetSettings()
  /// Folder for tokenizer.json and tokenizer_config.json.
  public var outputDirectory = ""
  /// Upper bound of ids, special tokens and the 256 bytes among them.
  public var vocabularySize = 2048
  /// A pair of symbols that is seen less often is not merged.
  public var minimumCount = 2

  public init() {}

  public func validate() throws {
    try data.validate("texts to learn from: {\"text\": \"...\"} a line, or a .txt file")
    guard !outputDirectory.isEmpty else {
      throw ConfigurationError.missing(key: "output_dir", "the folder to write to")
    }
  }

  public static var options: [SettingOption<Self>] {
    SettingOption.data(\.data) + [
      .string(
        "output_dir", \.outputDirectory, aliases: ["output"], placeholder: "DIR",
        "Folder to write to."),
      .int(
        "vocab_size", \.vocabularySize, atLeast: 259, atMost: 1 << 20,
        "Upper bound of ids, the two special tokens and the 256 bytes among them."),
      .int(
        "min_frequency", \.minimumCount, atLeast: 1,
        "A pair of symbols that is seen less often is not merged."),
    ]
  }

  public static var unsupported: [String: String] { unsupportedSettings }

  /// Learns the vocabulary from the training part of the data and writes the folder.
  /// - Returns: ids, and texts read.
  /// - Throws: `DataError`, `ModelError`, `FileError`.
  public func run() throws -> (ids: Int, texts: Int) {
    var texts: [String] = []
    let examples = try TextDataset.examples(data)
    for index in 0..<examples.count { texts.append(Self.plain(try examples.example(index))) }
    let trainer = BytePairTrainer(vocabularySize: vocabularySize, minimumCount: minimumCount)
    let vocabulary = trainer.train(texts)
    do {
      try FileManager.default.createDirectory(
        atPath: outputDirectory, withIntermediateDirectories: true)
    } catch {
      throw FileError(call: "mkdir", path: outputDirectory, code: posixCode(error))
    }
    try vocabulary.write(folder: outputDirectory)
    return (vocabulary.pieces.count, texts.count)
  }

  /// What of an example is text; of a conversation what its messages say.
  private static func plain(_ text: TrainingText) -> String {
    switch text {
    case .text(let text): return text
    case .completion(let prompt, let completion): return prompt + completion
    case .conversation(let input): return said(input.messages)
    case .reply(let input, let messages): return said(input.messages + messages)
    }
  }

  private static func said(_ messages: [JSONValue]) -> String {
    messages.map(MessageText.content).joined(separator: "\n")
  }
}
