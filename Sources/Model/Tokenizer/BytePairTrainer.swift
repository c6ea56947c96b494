/// Learns a byte-level BPE vocabulary (Sennrich et al., arXiv 1508.07909, over bytes as GPT-2):
/// the commonest pair of neighbouring symbols becomes a symbol, again and again. Texts are cut by
/// GPT-2's pattern first and merges never cross a cut.
///
/// Ids are those that huggingface/tokenizers' `BpeTrainer` gives with the full byte alphabet:
/// special tokens, 256 bytes by their characters, merges by rank. Ties go to the smaller pair of
/// ids, so the result depends on the texts only. A merge recounts the words that hold its pair, and
/// looks at every pair for the next: meant for vocabularies of some thousands.
public struct BytePairTrainer: Sendable {
  /// Upper bound of ids; fewer when no pair is left.
  public var vocabularySize: Int
  /// A pair that is seen less often is not merged.
  public var minimumCount: Int
  /// Put before every text, and what ends one: ids 0 and 1.
  public var beginning: String
  public var end: String

  public init(
    vocabularySize: Int, minimumCount: Int = 2, beginning: String = "<s>", end: String = "</s>"
  ) {
    self.vocabularySize = vocabularySize
    self.minimumCount = minimumCount
    self.beginning = beginning
    self.end = end
  }

  public func train(_ texts: [String]) -> BytePairVocabulary {
    var pieces = [beginning, end] + ByteLevelAlphabet.scalars.sorted().map { String($0) }
    var ids: [ByteText: Int] = [:]
    for (id, piece) in pieces.enumerated() { ids[ByteText(text: piece)] = id }
    let bytes = ByteLevelAlphabet.scalars.map { ids[ByteText(text: String($0))] ?? 0 }
    var pairs = PairCounts(
      Self.words(texts).map { (symbols: $0.key.map { bytes[Int($0)] }, count: $0.value) })
    var merges: [BytePairVocabulary.Merge] = []
    while pieces.count < vocabularySize, let pair = pairs.commonest(atLeast: minimumCount) {
      let piece = pieces[pair.left] + pieces[pair.right]
      // Two ways to the same piece share its id.
      let id = ids[ByteText(text: piece)] ?? pieces.count
      if id == pieces.count {
        pieces.append(piece)
        ids[ByteText(text: piece)] = id
      }
      merges.append(.init(left: pieces[pair.left], right: pieces[pair.right]))
      pairs.merge(pair, into: id)
    }
    return BytePairVocabulary(pieces: pieces, merges: merges, specialCount: 2)
  }

  /// Distinct words of all texts, as bytes, and how often each stands there.
  private static func words(_ texts: [String]) -> [[UInt8]: Int] {
    let scanner = GPT2Scanner()
    var words: [[UInt8]: Int] = [:]
    for var text in texts {
      text.withUTF8 { bytes in
        var start = 0
        while start < bytes.count {
          let end = scanner.end(from: start, in: bytes)
          words[Array(bytes[start..<end]), default: 0] += 1
          start = end
        }
      }
    }
    return words
  }
}

/// Words as symbols, and how often each pair of neighbours stands in them.
private struct PairCounts {
  private var words: [(symbols: [Int], count: Int)]
  private var counts: [SymbolPair: Int] = [:]
  /// Words that hold a pair, or held it.
  private var places: [SymbolPair: Set<Int>] = [:]

  init(_ words: [(symbols: [Int], count: Int)]) {
    self.words = words
    for index in words.indices { count(index, sign: 1) }
  }

  func commonest(atLeast least: Int) -> SymbolPair? {
    let best = counts.max { a, b in a.value != b.value ? a.value < b.value : b.key < a.key }
    guard let best, best.value >= least else { return nil }
    return best.key
  }

  mutating func merge(_ pair: SymbolPair, into id: Int) {
    for index in places.removeValue(forKey: pair) ?? [] {
      count(index, sign: -1)
      pair.replace(in: &words[index].symbols, by: id)
      count(index, sign: 1)
    }
  }

  private mutating func count(_ index: Int, sign: Int) {
    let (symbols, count) = words[index]
    for (left, right) in zip(symbols, symbols.dropFirst()) {
      let pair = SymbolPair(left: left, right: right)
      let sum = counts[pair, default: 0] + sign * count
      counts[pair] = sum == 0 ? nil : sum
      if sign > 0 { places[pair, default: []].insert(index) }
    }
  }
}

/// Two neighbouring symbols.
private struct SymbolPair: Hashable, Comparable {
  var left: Int
  var right: Int

  static func < (a: Self, b: Self) -> Bool { (a.left, a.right) < (b.left, b.right) }

  /// Every occurrence, from the left.
  func replace(in symbols: inout [Int], by id: Int) {
    var out: [Int] = []
    var i = 0
    while i < symbols.count {
      let found = i + 1 < symbols.count && symbols[i] == left && symbols[i + 1] == right
      out.append(found ? id : symbols[i])
      i += found ? 2 : 1
    }
    symbols = out
  }
}
