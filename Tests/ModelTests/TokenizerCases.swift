import Foundation
import MPOModel
import TestSupport
import Testing

/// A text, its ids and the ids' text, as Hugging Face's tokenizers library gives them.
struct TokenizerCase {
  var text: String
  var ids: [Int32]
  var decoded: String
  /// Without special tokens and template, where the file has it.
  var plainIDs: [Int32]?
  var decodedWithSpecials: String?

  /// Reads a `cases.json`.
  static func read(_ path: String) throws -> [TokenizerCase] {
    try parse(#require(try JSONValue(file: path).array))
  }

  static func parse(_ items: [JSONValue]) throws -> [TokenizerCase] {
    try items.map { item in
      let fields = try #require(item.object)
      return TokenizerCase(
        text: try #require(fields["text"]?.string), ids: try ids(fields["ids"]),
        decoded: try #require(fields["decoded"]?.string),
        plainIDs: try fields["plain_ids"].map { try ids($0) },
        decodedWithSpecials: fields["decoded_with_specials"]?.string)
    }
  }

  private static func ids(_ value: JSONValue?) throws -> [Int32] {
    try #require(value?.array).map { Int32(try #require($0.integer)) }
  }

  /// Texts are equal by bytes, not canonically.
  static func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}

@Suite struct TokenizerCasesTests {
  private func check(_ folder: String, skipSpecialTokens: Bool) throws {
    guard let path = SharedData.path(folder) else { return }
    let tokenizer = try Tokenizer(folder: path)
    let cases = try TokenizerCase.read("\(path)/cases.json")
    #expect(cases.count > 100)
    for one in cases {
      #expect(tokenizer.encode(one.text) == one.ids, "\(one.text.debugDescription)")
      let decoded = tokenizer.decode(one.ids, skipSpecialTokens: skipSpecialTokens)
      #expect(TokenizerCase.same(decoded, one.decoded), "\(one.text.debugDescription)")
    }
  }

  @Test func stories260K() throws {
    try check("models/stories260K", skipSpecialTokens: true)
    guard let path = SharedData.path("models/stories260K") else { return }
    let tokenizer = try Tokenizer(folder: path)
    #expect(tokenizer.bosID == 1 && tokenizer.eosID == 2 && tokenizer.unknownID == 0)
    #expect(tokenizer.padID == nil && tokenizer.vocabularySize == 512)
    #expect(tokenizer.piece(of: 1) == "<s>" && tokenizer.id(of: "</s>") == 2)
    #expect(tokenizer.isSpecial(2) && !tokenizer.isSpecial(3) && tokenizer.piece(of: 512) == nil)
    #expect(tokenizer.encode("", addSpecialTokens: false) == [])
  }

  @Test func gpt2() throws { try check("tokenizers/gpt2", skipSpecialTokens: false) }
  @Test func gptNeoX() throws { try check("tokenizers/gpt-neox-20b", skipSpecialTokens: false) }

  /// llama.cpp's vectors.
  @Test func ggmlVectors() throws {
    guard let path = SharedData.path("tokenizers/gpt2") else { return }
    let tokenizer = try Tokenizer(folder: path)
    let name = "\(path)/ggml-vocab-gpt-2.gguf"
    let input = try String(contentsOfFile: "\(name).inp", encoding: .utf8)
    var texts = input.components(separatedBy: "\n__ggml_vocab_test__\n")
    let lines = try String(contentsOfFile: "\(name).out", encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    // The file ends with a separator.
    if texts.last == "" { texts.removeLast() }
    #expect(texts.count == lines.count)
    for (text, line) in zip(texts, lines) {
      let ids = line.split(separator: " ").compactMap { Int32($0) }
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(TokenizerCase.same(tokenizer.decode(ids), text))
    }
  }

  /// Byte-level models lose nothing, whatever the text.
  @Test func randomUnicodeRoundTrips() throws {
    guard let path = SharedData.path("tokenizers/gpt2") else { return }
    let tokenizer = try Tokenizer(folder: path)
    var random = SystemRandomNumberGenerator()
    for round in 0..<300 {
      var text = ""
      for _ in 0..<Int.random(in: 0...200, using: &random) {
        let limit: UInt32 = [0x80, 0x800, 0x10000, 0x110000][round % 4]
        let value = UInt32.random(in: 0..<limit, using: &random)
        if let scalar = UnicodeScalar(value) { text.unicodeScalars.append(scalar) }
      }
      let back = tokenizer.decode(tokenizer.encode(text), skipSpecialTokens: false)
      #expect(TokenizerCase.same(back, text), "\(text.debugDescription)")
    }
  }

  /// Prints the speed; with `MPO_REQUIRE_SPEED=1` less than 2 MB/s fails.
  @Test(arguments: ["tokenizers/gpt2", "tokenizers/gpt-neox-20b", "models/stories260K"])
  func encodesFast(_ folder: String) throws {
    guard let path = SharedData.path(folder),
      let textPath = SharedData.path("text/tinyshakespeare.txt")
    else { return }
    let tokenizer = try Tokenizer(folder: path)
    let text = try String(contentsOfFile: textPath, encoding: .utf8)
    let clock = ContinuousClock()
    var ids: [Int32] = []
    let seconds = (0..<3).map { _ in clock.measure { ids = tokenizer.encode(text) } / .seconds(1) }
    let speed = Double(text.utf8.count) / 1e6 / (seconds.min() ?? 1)
    print("\(folder): \(speed) MB/s, \(ids.count) ids")
    #expect(TokenizerCase.same(tokenizer.decode(ids), text))
    if ProcessInfo.processInfo.environment["MPO_REQUIRE_SPEED"] == "1" { #expect(speed > 2) }
  }
}
