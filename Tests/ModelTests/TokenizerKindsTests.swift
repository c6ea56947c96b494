import Foundation
import MPOModel
import TestSupport
import Testing

/// Small tokenizers of every kind that is read, against huggingface/tokenizers. The fixture and
/// the script that made it are in Fixtures.
@Suite struct TokenizerKindsTests {
  @Test func agreesWithHuggingFace() throws {
    let path = "\(SharedData.packageRoot)/Tests/ModelTests/Fixtures/tokenizers.json"
    let kinds = try #require(try JSONValue(file: path).array)
    #expect(kinds.count == 31)
    for kind in kinds {
      let fields = try #require(kind.object)
      let name = try #require(fields["name"]?.string)
      let folder = try TemporaryFolder()
      let json = try #require(fields["tokenizer"])
      try folder.write(json.serialized(indent: 0), "tokenizer.json")
      let tokenizer = try Tokenizer(folder: folder.path)
      for one in try TokenizerCase.parse(try #require(fields["cases"]?.array)) {
        let label = "\(name): \(one.text.debugDescription)"
        #expect(tokenizer.encode(one.text) == one.ids, "\(label)")
        #expect(tokenizer.encode(one.text, addSpecialTokens: false) == one.plainIDs, "\(label)")
        checkDecoding(tokenizer, one, label)
      }
      for one in try TokenizerCase.parse(try #require(fields["broken"]?.array)) {
        checkDecoding(tokenizer, one, "\(name): \(one.ids)")
      }
    }
  }

  private func checkDecoding(_ tokenizer: Tokenizer, _ one: TokenizerCase, _ label: String) {
    let decoded = tokenizer.decode(one.ids)
    #expect(TokenizerCase.same(decoded, one.decoded), "\(label) \(decoded.debugDescription)")
    let whole = tokenizer.decode(one.ids, skipSpecialTokens: false)
    #expect(
      TokenizerCase.same(whole, one.decodedWithSpecials ?? ""), "\(label) \(whole.debugDescription)"
    )
  }

  /// A tokenizer.json with one thing changed, and what the refusal must say.
  @Test(arguments: [
    (#""type":"BPE""#, #""type":"Unigram""#, "'model.vocab': expected a list of [piece, score]"),
    (#""type":"BPE""#, #""type":"WordPiece""#, "'WordPiece'"),
    (
      #""pre_tokenizer":null"#, #""pre_tokenizer":{"type":"UnicodeScripts"}"#,
      "pre_tokenizer 'UnicodeScripts'"
    ),
    (
      #""pre_tokenizer":null"#,
      #""pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split"}]}"#,
      "pattern': expected an object"
    ),
    (
      #""pre_tokenizer":null"#,
      #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"[a-z]+"},"behavior":"Isolated"}"#,
      "the pattern '\"[a-z]+\"' is not supported; supported are the split patterns of GPT-2"
    ),
    (
      #""pre_tokenizer":null"#,
      #""pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Kept"}"#,
      "behavior': expected one of Removed, Isolated"
    ),
    (
      #""pre_tokenizer":null"#, #""pre_tokenizer":{"type":"Metaspace","replacement":"__"}"#,
      "replacement': expected one character"
    ),
    (
      #""pre_tokenizer":null"#,
      #""pre_tokenizer":{"type":"Metaspace","prepend_scheme":"last"}"#, "always, first or never"
    ),
    (
      #""pre_tokenizer":null"#,
      #""pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},"#
        + #"{"type":"Digits"}]}"#,
      "only as the last"
    ),
    (#""normalizer":null"#, #""normalizer":{"type":"BertNormalizer"}"#, "'BertNormalizer'"),
    (
      #""normalizer":null"#,
      #""normalizer":{"type":"Precompiled","precompiled_charsmap":"%"}"#, "is not base64"
    ),
    (
      #""normalizer":null"#,
      #""normalizer":{"type":"Precompiled","precompiled_charsmap":"/////wAAAAA="}"#,
      "an array of 4294967295 bytes"
    ),
    (
      #""normalizer":null"#,
      #""normalizer":{"type":"Replace","pattern":{"Regex":"a"},"content":""}"#,
      "the pattern '\"a\"' is not supported"
    ),
    (#""decoder":null"#, #""decoder":{"type":"WordPiece"}"#, "decoder 'WordPiece'"),
    (
      #""post_processor":null"#, #""post_processor":{"type":"Pairs"}"#, "post_processor 'Pairs'"
    ),
    (
      #""post_processor":null"#, #""post_processor":{"type":"BertProcessing"}"#,
      "cls': expected [token, id]"
    ),
    (#"["a b"]"#, #"["a c"]"#, "model.merges[0]: 'c' is not in the vocabulary"),
    (#"["a b"]"#, #"["ab"]"#, "expected \"a b\""),
    (#"["a b"]"#, #"[["a","b","c"]]"#, "expected \"a b\""),
    (#"["a b"]"#, #"["b a"]"#, "'ba' is not in the vocabulary"),
    (#""b":1"#, #""b":0"#, "both have id 0"),
    (#""b":1"#, #""b":-1"#, "expected an id from 0"),
    (#""b":1"#, #""b":99999999999"#, "expected an id from 0"),
    (#""b":1"#, #""b":"1""#, "found the text"),
    (#""b":1"#, #""b":9999999"#, "id 9999999 is far beyond the 3 pieces"),
    (#""unk_token":null"#, #""unk_token":"?""#, "unk_token '?' is not in the vocabulary"),
    (#""unk_token":null"#, #""dropout":0.1"#, "dropout"),
    (#""unk_token":null"#, #""end_of_word_suffix":"</w>""#, "end_of_word_suffix"),
    (#""model""#, #""modell""#, "no field 'model'"),
    (#""version":"1.0""#, #""version":"1.0"#, "not valid JSON at line 1"),
  ])
  func refusesByName(_ old: String, _ new: String, _ expected: String) throws {
    let sound =
      #"{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"#
      + #""post_processor":null,"decoder":null,"model":{"type":"BPE","unk_token":null,"#
      + #""vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}"#
    let folder = try TemporaryFolder()
    try folder.write(sound, "tokenizer.json")
    #expect(try Tokenizer(folder: folder.path).encode("abba") == [2, 1, 0])
    try folder.write(sound.replacingOccurrences(of: old, with: new), "tokenizer.json")
    let error = #expect(throws: ModelError.self) { try Tokenizer(folder: folder.path) }
    let text = error?.description ?? ""
    #expect(text.contains(expected) && text.hasPrefix(folder.path), "\(text)")
  }

  /// Sequences that would take any memory or depth.
  @Test func refusesHostileSequences() throws {
    let replace = #"{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaa"}"#
    let growing = Array(repeating: replace, count: 9).joined(separator: ",")
    let deep = Array(repeating: #"{"type":"Digits"}"#, count: 65).joined(separator: ",")
    let model = #""model":{"type":"BPE","vocab":{"a":0},"merges":[]}"#
    for (part, expected) in [
      (#""normalizer":{"type":"Sequence","normalizers":[\#(growing)]}"#, "more than 65536 bytes"),
      (#""pre_tokenizer":{"type":"Sequence","pretokenizers":[\#(deep)]}"#, "65 stages"),
    ] {
      let folder = try TemporaryFolder()
      try folder.write("{\(part),\(model)}", "tokenizer.json")
      let error = #expect(throws: ModelError.self) { try Tokenizer(folder: folder.path) }
      #expect(error?.description.contains(expected) == true)
    }
  }

  @Test func readsRoles() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelError.self) { try Tokenizer(folder: folder.path) }
    #expect(error?.description.contains("no such file") == true)
    let json = #"{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}}"#
    try folder.write(json, "tokenizer.json")
    try folder.write(
      #"{"bos_token":{"content":"a"},"eos_token":"b","pad_token":null}"#, "tokenizer_config.json")
    let tokenizer = try Tokenizer(folder: folder.path)
    #expect(tokenizer.bosID == 0 && tokenizer.eosID == 1 && tokenizer.padID == nil)
    try folder.write(#"{"bos_token":"z"}"#, "tokenizer_config.json")
    let unknown = #expect(throws: ModelError.self) { try Tokenizer(folder: folder.path) }
    #expect(unknown?.description.contains("bos_token 'z' is not a token") == true)
  }

  /// As in Hugging Face: the vocabulary's id wins over the added token's, the others come after it.
  @Test func addedTokenKeepsVocabularyID() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      #"{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]},"added_tokens":"#
        + #"[{"id":7,"content":"b","special":true},{"id":9,"content":"<x>"}]}"#, "tokenizer.json")
    let tokenizer = try Tokenizer(folder: folder.path)
    // tokenizers 0.23.3 gives <x> the next free id, not the file's.
    #expect(tokenizer.encode("ab<x>") == [0, 1, 2] && tokenizer.isSpecial(1))
    #expect(tokenizer.vocabularySize == 3)
  }
}
