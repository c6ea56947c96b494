import ArgumentParser
import Foundation
import MPO
import MPOModel

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Text to token ids and back, by a model's tokenizer.",
    discussion: """
      Writes the ids of the text on one line, parted by spaces. With --decode the input is such \
      ids and the output is their text. With --json every line of the input is an object, \
      {"text": "..."} or {"input_ids": [...]}, and becomes {"input_ids": [...], "text": "..."} \
      with the text of the ids.
      """)

  @Option(help: "Model folder, or a hub name in the local cache.") var model: String
  @Option(help: "The text itself, in place of a file.") var text: String?
  @Argument(help: "File to read; - is standard input.") var file: String?
  @Flag(help: "From ids to text.") var decode = false
  @Flag(help: "Without the tokens that the model puts around a text, and without special ones.")
  var noSpecial = false
  @Flag(help: "Write the number of ids only.") var count = false
  @Flag(help: "JSON lines in and out.") var json = false

  func validate() throws {
    guard (text == nil) != (file == nil) else {
      throw ValidationError("Give either --text or a file (- for standard input).")
    }
    if json && decode {
      throw ValidationError("--json tells by its keys what is text and what ids; drop --decode.")
    }
  }

  func run() throws {
    let tokenizer = try Tokenizer(folder: ModelFolder.resolve(model))
    let input = try self.input()
    if json {
      for (i, line) in input.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      where !line.allSatisfy(\.isWhitespace) {
        let ids = try ids(ofLine: String(line), number: i + 1, tokenizer)
        if count { try output("\(ids.count)") } else { try output(jsonLine(ids, tokenizer)) }
      }
    } else if decode {
      let ids = try ids(ofList: input, tokenizer)
      try output(count ? "\(ids.count)" : tokenizer.decode(ids, skipSpecialTokens: noSpecial))
    } else {
      let ids = tokenizer.encode(input, addSpecialTokens: !noSpecial)
      try output(count ? "\(ids.count)" : ids.map(String.init).joined(separator: " "))
    }
  }

  private var name: String { file == nil ? "--text" : file == "-" ? "standard input" : file ?? "" }

  private func input() throws -> String {
    if let text { return text }
    let bytes: Data
    if let file, file != "-" {
      guard let read = FileManager.default.contents(atPath: file) else {
        throw ModelError.file(path: file, "no such file, or it cannot be read")
      }
      bytes = read
    } else {
      bytes = try FileHandle.standardInput.readToEnd() ?? Data()
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ValidationError("\(name): expected text in UTF-8, found other bytes")
    }
    return text
  }

  private func jsonLine(_ ids: [Int32], _ tokenizer: Tokenizer) -> String {
    var line = JSONLine()
    line.add("input_ids", ids)
    line.add("text", tokenizer.decode(ids, skipSpecialTokens: noSpecial))
    return line.text
  }

  private func ids(
    ofLine line: String, number: Int, _ tokenizer: Tokenizer
  ) throws -> [Int32] {
    let object = try JSONValue(parsing: line, path: "\(name), line \(number)").object
    switch (object?["text"]?.string, object?["input_ids"]?.array) {
    case (let text?, nil): return tokenizer.encode(text, addSpecialTokens: !noSpecial)
    case (nil, let items?):
      return try items.map { try id($0.integer, "\(name), line \(number)", tokenizer) }
    default:
      throw ValidationError(
        #"\#(name), line \#(number): expected {"text": "..."} or {"input_ids": [...]}"#)
    }
  }

  /// Whole numbers parted by white space or commas, in brackets or not.
  private func ids(ofList text: String, _ tokenizer: Tokenizer) throws -> [Int32] {
    try text.split { $0.isWhitespace || $0 == "," || $0 == "[" || $0 == "]" }.map { word in
      guard let value = Int(word) else {
        throw ValidationError("\(name): expected token ids, found '\(word)'")
      }
      return try id(value, name, tokenizer)
    }
  }

  private func id(_ value: Int?, _ place: String, _ tokenizer: Tokenizer) throws -> Int32 {
    guard let value, let id = Int32(exactly: value), id >= 0, id < tokenizer.vocabularySize else {
      throw ValidationError(
        "\(place): expected token ids from 0 to \(tokenizer.vocabularySize - 1), found "
          + (value.map(String.init) ?? "another value"))
    }
    return id
  }
}
