import MPOModel
import TestSupport
import Testing

/// Texts that no author writes: any Unicode, and a million characters without a space. What is not
/// linear in the length would not end here.
@Suite struct TokenizerLimitsTests {
  /// A tokenizer of the fixture by its name.
  private static func tokenizer(_ name: String) throws -> Tokenizer {
    let path = "\(SharedData.packageRoot)/Tests/ModelTests/Fixtures/tokenizers.json"
    let kinds = try #require(try JSONValue(file: path).array)
    let kind = try #require(kinds.first { $0.object?["name"]?.string == name })
    let folder = try TemporaryFolder()
    let json = try #require(kind.object?["tokenizer"])
    try folder.write(json.serialized(indent: 0), "tokenizer.json")
    return try Tokenizer(folder: folder.path)
  }

  @Test(arguments: [
    "byte level", "Llama 3", "Qwen", "GPT-4o", "Tekken", "fallback, as Llama 2", "Gemma", "Mistral",
    "T5", "XLM-R", "Unigram with bytes",
  ])
  func longRuns(_ name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    for unit in ["a", "ab", "A", "\u{301}", "\n ", "1", "\u{4ECA}"] {
      let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
      let ids = tokenizer.encode(text, addSpecialTokens: false)
      // Runs of unknown characters are one token, marks may go.
      #expect(ids.count <= text.utf8.count + 3, "\(unit.debugDescription)")
    }
  }

  /// Byte-level and byte-fallback kinds lose nothing.
  @Test(arguments: ["byte level", "Llama 3", "GPT-4o", "Tekken", "Gemma", "Mistral"])
  func randomUnicodeRoundTrips(_ name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    var random = SystemRandomNumberGenerator()
    for round in 0..<200 {
      // Mistral's decoder takes one space from the start, as its pre-tokenizer put one.
      var text = "x"
      for _ in 0..<Int.random(in: 0...200, using: &random) {
        let limit: UInt32 = [0x80, 0x800, 0x10000, 0x110000][round % 4]
        let scalar = UnicodeScalar(UInt32.random(in: 0..<limit, using: &random))
        // The mark for a space comes back as a space.
        if let scalar, scalar != "\u{2581}" { text.unicodeScalars.append(scalar) }
      }
      let ids = tokenizer.encode(text, addSpecialTokens: false)
      let back = tokenizer.decode(ids, skipSpecialTokens: false)
      #expect(TokenizerCase.same(back, text), "\(text.debugDescription)")
    }
  }

  /// Composition and decomposition undo each other, also of Hangul (UAX 15).
  @Test func canonicalForms() throws {
    let composed = try Self.tokenizer("Qwen")
    let cases = [
      ("e\u{301}", "\u{E9}"), ("\u{1100}\u{1161}\u{11A8}", "\u{AC01}"),
      ("\u{AC00}\u{11A8}", "\u{AC01}"), ("a\u{308}\u{323}", "\u{1EA1}\u{308}"),
      ("\u{212B}", "\u{C5}"), ("\u{958}", "\u{915}\u{93C}"), ("q\u{307}\u{323}", "q\u{323}\u{307}"),
    ]
    for (text, expected) in cases {
      let back = composed.decode(composed.encode(text), skipSpecialTokens: false)
      #expect(TokenizerCase.same(back, expected), "\(text.debugDescription)")
    }
  }
}
