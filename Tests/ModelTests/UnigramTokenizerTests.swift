import MPOModel
import TestSupport
import Testing

/// What Unigram does with ties and unknown characters; the cases of huggingface/tokenizers are in
/// the fixture.
@Suite struct UnigramTokenizerTests {
  private func tokenizer(_ model: String, rest: String = "") throws -> Tokenizer {
    let folder = try TemporaryFolder()
    try folder.write(#"{"model":{"type":"Unigram",\#(model)}\#(rest)}"#, "tokenizer.json")
    return try Tokenizer(folder: folder.path)
  }

  @Test func bestSumWins() throws {
    let pieces = #"[["?",0],["a",-1],["b",-1],["ab",-1.9],["abab",-4.5],["ba",-3]]"#
    let tokenizer = try tokenizer(#""unk_id":0,"vocab":\#(pieces)"#)
    // ab + ab at -3.8 before abab at -4.5; ab + a at -2.9 before a + ba at -4.
    #expect(tokenizer.encode("abab") == [3, 3])
    #expect(tokenizer.encode("aba") == [3, 1])
    #expect(tokenizer.decode([3, 1]) == "ab a")
    #expect(tokenizer.vocabularySize == 6 && tokenizer.id(of: "ba") == 5)
  }

  /// a + b and ab have the same sum; ab begins earlier and was found first.
  @Test func firstOfEqualSumsStays() throws {
    let tokenizer = try tokenizer(#""unk_id":0,"vocab":[["?",0],["a",-1],["b",-1],["ab",-2]]"#)
    #expect(tokenizer.encode("ab") == [3])
  }

  @Test func unknownsBecomeOneOrBytes() throws {
    let pieces = #"["?",0],["a",-1]"#
    let plain = try tokenizer(#""unk_id":0,"vocab":[\#(pieces)]"#)
    #expect(plain.encode("xyaéz") == [0, 1, 0])
    let bytes = (0..<256).map { byte in
      let hex = String(byte, radix: 16, uppercase: true)
      return #"["<0x\#(byte < 16 ? "0" : "")\#(hex)>",-30]"#
    }
    let vocabulary = "[" + ([pieces] + bytes).joined(separator: ",") + "]"
    let fallback = try tokenizer(
      #""unk_id":0,"byte_fallback":true,"vocab":\#(vocabulary)"#,
      rest: #","decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"}]}"#)
    #expect(fallback.encode("aé") == [1, 2 + 0xC3, 2 + 0xA9])
    #expect(fallback.decode(fallback.encode("a\u{10FFFF}\u{0}é")) == "a\u{10FFFF}\u{0}é")
  }

  @Test(arguments: [
    (#""vocab":[["a",-1]]"#, "model.unk_id is missing"),
    (#""unk_id":1,"vocab":[["a",-1]]"#, "unk_id': expected a whole number from 0 to 0"),
    (#""unk_id":0,"vocab":[]"#, "expected a list of [piece, score]"),
    (#""unk_id":0,"vocab":{"a":0}"#, "expected a list of [piece, score]"),
    (#""unk_id":0,"vocab":[["a"]]"#, "model.vocab[0]: expected [piece, score]"),
    (#""unk_id":0,"vocab":[["a",-1],[0,-1]]"#, "model.vocab[1]: expected [piece, score]"),
    (#""unk_id":0,"vocab":[["a",1e999]]"#, "expected a number that 64 bits can hold"),
    (#""unk_id":0,"vocab":[["a",NaN]]"#, "not valid JSON"),
  ])
  func refuses(_ model: String, _ expected: String) throws {
    let error = #expect(throws: ModelError.self) { try tokenizer(model) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }
}
