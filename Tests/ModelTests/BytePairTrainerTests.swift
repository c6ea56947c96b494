import MPOModel
import TestSupport
import Testing

@Suite struct BytePairTrainerTests {
  private let texts = [
    "the cat sat on the mat, the hat", "that's what they'll say: 12 or 1234 hats", "là-bas 今日は",
    "the theme of the other hat",
  ]

  private func ranks(_ vocabulary: BytePairVocabulary) -> [String] {
    vocabulary.merges.map { "\($0.left)+\($0.right)" }
  }

  @Test func commonestPairsComeFirst() {
    let vocabulary = BytePairTrainer(vocabularySize: 262).train(["ab ab ab abc", "bc"])
    // "ab" four times, " ab" three times; "bc" and " abc" once, below the least count.
    #expect(ranks(vocabulary) == ["a+b", "Ġ+ab"])
    #expect(vocabulary.pieces.count == 258 + vocabulary.merges.count)
    #expect(vocabulary.pieces[0] == "<s>" && vocabulary.pieces[1] == "</s>")
  }

  @Test func sameTextsSameVocabulary() {
    let trainer = BytePairTrainer(vocabularySize: 320)
    #expect(trainer.train(texts) == trainer.train(texts.reversed()))
    #expect(ranks(trainer.train(["aaaa aaaa"])) == ["a+a", "aa+aa"])
    #expect(trainer.train([]).pieces.count == 258)
  }

  /// Any text comes back, also one that was not learned from; the beginning token goes in front.
  @Test(arguments: ["the hat", " the  other\nhat 1234", "", "naïve 😀 今日", "they'll</s>the", "<s>"])
  func roundTrip(_ text: String) throws {
    let folder = try TemporaryFolder()
    try BytePairTrainer(vocabularySize: 320).train(texts).write(folder: folder.path)
    let tokenizer = try Tokenizer(folder: folder.path)
    #expect(tokenizer.bosID == 0 && tokenizer.eosID == 1 && tokenizer.vocabularySize == 268)
    let ids = tokenizer.encode(text)
    #expect(ids.first == 0)
    let decoded = tokenizer.decode(Array(ids.dropFirst()), skipSpecialTokens: false)
    #expect(TokenizerCase.same(decoded, text))
    #expect(ids.count <= text.utf8.count + 1)
  }

  /// What tokenizers 0.23.3 finds in these texts: `BpeTrainer(vocab_size=320, min_frequency=2,
  /// special_tokens=["<s>", "</s>"], initial_alphabet=ByteLevel.alphabet())`.
  @Test func mergesAreThoseOfHuggingFace() {
    #expect(
      ranks(BytePairTrainer(vocabularySize: 320).train(texts)) == [
        "t+h", "a+t", "th+e", "Ġ+the", "h+at", "Ġ+o", "Ġ+hat", "1+2", "Ġ+s", "Ġ+12",
      ])
  }

  /// Ids of tokenizers 0.23.3 with its own vocabulary of these texts and the template `<s> $A`.
  @Test(arguments: [
    ("the hat", [0, 260, 264] as [Int32]),
    (" the  other\nhat 1234", [0, 261, 222, 263, 260, 83, 200, 262, 267, 20, 21]),
    ("naïve 今日", [0, 79, 66, 129, 109, 87, 70, 222, 162, 121, 234, 164, 247, 100]),
    ("they'll</s>the", [0, 260, 90, 8, 77, 77, 1, 260]),
  ])
  func idsAreThoseOfHuggingFace(_ text: String, _ ids: [Int32]) throws {
    let folder = try TemporaryFolder()
    try BytePairTrainer(vocabularySize: 320).train(texts).write(folder: folder.path)
    #expect(try Tokenizer(folder: folder.path).encode(text) == ids)
  }
}
