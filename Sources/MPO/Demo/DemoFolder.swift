import Foundation
import MPOModel

/// Faults of the demo itself.
public enum DemoError: Error, Equatable, CustomStringConvertible {
  /// The output folder holds something that an earlier demo did not write.
  case occupied(folder: String)

  public var description: String {
    switch self {
    case .occupied(let folder):
      return "\(folder) is not empty and was not made by 'magnetic demo'; nothing was touched, "
        + "choose another --output-dir"
    }
  }
}

/// The demo's files: the data it makes, and a configuration of each run for `magnetic train`.
struct DemoFolder {
  static let marker = ".magnetic-demo"
  let settings: DemoSettings

  /// Makes the folder, or takes one of an earlier demo. Files of the same names are replaced, others
  /// stay.
  /// - Throws: `DemoError.occupied` for a folder of somebody else.
  func claim() throws {
    let files = FileManager.default
    let folder = settings.outputDirectory
    let found = (try? files.contentsOfDirectory(atPath: folder)) ?? []
    guard found.isEmpty || found.contains(Self.marker) else {
      throw DemoError.occupied(folder: folder)
    }
    do {
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // The marker is the first thing in it, so that an interrupted demo's folder is one too.
      try write("Made by 'magnetic demo'; running it again replaces its files.\n", Self.marker)
      try files.createDirectory(
        atPath: settings.path("tokenizer"), withIntermediateDirectories: true)
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(call: "mkdir", path: folder, code: posixCode(error))
    }
    // Results of an earlier run do not describe this one.
    try? files.removeItem(atPath: settings.path(DemoReport.file))
  }

  /// Writes text, tokenizer, prompts, judge and configurations.
  /// - Returns: the tokenizer's number of ids.
  func writeData() throws -> Int {
    let grammar = StoryGrammar(seed: UInt64(settings.seed))
    let stories = (0..<settings.stories).map(grammar.story)
    try write(lines("text", stories), "stories.jsonl")
    try write(lines("prompt", StoryGrammar.prompts), "prompts.jsonl")
    try write(DemoGame.yaml, "judge.yaml")
    let vocabulary = BytePairTrainer(vocabularySize: 384).train(stories)
    try vocabulary.write(folder: settings.path("tokenizer"))
    let count = vocabulary.pieces.count
    try write(
      header("sft", "base") + settings.pretraining(vocabulary: count).yamlText(), "base.yaml")
    for variant in DemoVariant.allCases {
      let name = variant.rawValue
      try write(
        header("train", name)
          + settings.selfPlay(variant).yamlText(
            replacing: ["judge": jsonString(settings.path("judge.yaml"))]), "\(name).yaml")
    }
    return count
  }

  func write(_ text: String, _ name: String) throws {
    try AtomicFile.write(text, to: settings.path(name))
  }

  private func header(_ command: String, _ name: String) -> String {
    "# Written by 'magnetic demo'. Run it alone: magnetic \(command) --config "
      + "\(settings.path("\(name).yaml"))\n"
  }

  private func lines(_ key: String, _ texts: [String]) -> String {
    texts.map { "{\(jsonString(key)): \(jsonString($0))}\n" }.joined()
  }
}
