/// The `model` of a tokenizer.json of type Unigram (Kudo, arXiv 1804.10959): every piece has a
/// log-probability, and a text becomes the pieces whose sum is largest.
///
/// Ties and unknown characters are as in huggingface/tokenizers: of equal sums the path that was
/// found first stays (the earlier start of the last piece); a character that is no piece counts as
/// unknown at the least score minus 10; neighbouring unknowns become one.
struct UnigramModel: Sendable {
  /// By id.
  let pieces: [String]
  let ids: [ByteText: Int32]
  private let scores: [Double]
  private let trie: ByteTrie
  private let unknownID: Int32
  private let unknownScore: Double
  /// The ids of `<0x00>` to `<0xFF>` with byte fallback; -1 for none.
  private let byteIDs: [Int32]?

  private static let unknownPenalty = 10.0

  init(_ fields: FieldReader) throws {
    guard let items = fields.value("vocab")?.array, !items.isEmpty else {
      throw fields.wrong("vocab", expected: "a list of [piece, score]")
    }
    guard items.count <= BytePairModel.largestID else {
      throw fields.wrong(
        "vocab", expected: "at most \(BytePairModel.largestID) pieces", found: "\(items.count)")
    }
    var pieces: [String] = []
    var scores: [Double] = []
    var ids: [ByteText: Int32] = [:]
    ids.reserveCapacity(items.count)
    var byteCount = 0
    for (id, item) in items.enumerated() {
      guard let pair = item.array, pair.count == 2, let piece = pair[0].string,
        let score = pair[1].double, score.isFinite
      else {
        throw ModelError.format(
          path: fields.path,
          "model.vocab[\(id)]: expected [piece, score] with a finite score, found \(item.kind)")
      }
      pieces.append(piece)
      scores.append(score)
      ids[ByteText(text: piece)] = Int32(id)
      byteCount += piece.utf8.count
    }
    guard byteCount <= ByteTrie.largest else {
      throw fields.wrong(
        "vocab", expected: "at most \(ByteTrie.largest) bytes of pieces", found: "\(byteCount)")
    }
    guard fields.has("unk_id") else {
      throw ModelError.unsupported(
        path: fields.path,
        "model.unk_id is missing: a text with an unknown character could not be encoded")
    }
    unknownID = Int32(try fields.integer("unk_id", in: 0...(items.count - 1)))
    var trie = ByteTrie(byteCount: byteCount / 2)
    for (id, piece) in pieces.enumerated() { trie.insert(piece.utf8, Int32(id), replaces: true) }
    (self.pieces, self.scores, self.ids, self.trie) = (pieces, scores, ids, trie)
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    let fallsBack = try fields.optionalBool("byte_fallback") ?? false
    byteIDs =
      fallsBack
      ? (UInt8.min...UInt8.max).map { ids[ByteText(text: BytePairModel.byteName($0))] ?? -1 } : nil
  }

  /// Appends the ids of one piece of text.
  func encode(_ text: TextBytes, _ lattice: inout Lattice, into out: inout [Int32]) {
    lattice.reset(text.count)
    lattice.nodes.withUnsafeMutableBufferPointer { fill($0, text) }
    // From the end: [end of a piece, its id]; runs of unknowns as one.
    let first = out.count
    var end = text.count
    while end > 0 {
      let node = lattice.nodes[end]
      var start = node.start
      if node.id == unknownID {
        while start > 0, lattice.nodes[start].id == unknownID {
          start = lattice.nodes[start].start
        }
        appendUnknown(TextBytes(rebasing: text[start..<end]), into: &out)
      } else {
        out.append(node.id)
      }
      end = start
    }
    out[first...].reverse()
  }

  /// The best path to each place of the text.
  private func fill(_ nodes: UnsafeMutableBufferPointer<Lattice.Node>, _ text: TextBytes) {
    scores.withUnsafeBufferPointer { scores in
      var start = 0
      while start < text.count {
        let score = nodes[start].score
        let length = scalarValue(at: start, in: text).length
        var hasSingle = false
        func offer(_ id: Int32, _ end: Int, _ candidate: Double) {
          if nodes[end].start < 0 || candidate > nodes[end].score {
            nodes[end] = .init(score: candidate, start: start, id: id)
          }
        }
        trie.matches(at: start, in: text) { id, end in
          offer(id, end, scores[Int(id)] + score)
          if end - start == length { hasSingle = true }
        }
        if !hasSingle { offer(unknownID, start + length, unknownScore + score) }
        start += length
      }
    }
  }

  /// In reverse, as `encode` collects.
  private func appendUnknown(_ text: TextBytes, into out: inout [Int32]) {
    if let id = trie.value(of: text) {
      out.append(id)
    } else if let byteIDs, text.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
      for byte in text.reversed() { out.append(byteIDs[Int(byte)]) }
    } else {
      out.append(unknownID)
    }
  }
}

/// Scratch memory for the best path; kept, so that a text costs few allocations.
struct Lattice {
  struct Node {
    /// Of the best path that ends here.
    var score: Double
    /// Where its last piece begins, -1 while there is none.
    var start: Int
    var id: Int32
  }

  var nodes: [Node] = []

  mutating func reset(_ count: Int) {
    nodes.removeAll(keepingCapacity: true)
    nodes.append(contentsOf: repeatElement(Node(score: 0, start: -1, id: -1), count: count + 1))
  }
}
