/// The `model` of a tokenizer.json: what turns a piece of text into ids.
enum TokenModel: Sendable {
  case bytePair(BytePairModel)
  case unigram(UnigramModel)

  init(_ fields: FieldReader, isByteLevel: Bool) throws {
    // Files before tokenizers 0.9 have no type; only BPE has merges.
    let type =
      try fields.optionalString("type") ?? (fields.has("merges") ? "BPE" : fields.string("type"))
    switch type {
    case "BPE": self = .bytePair(try BytePairModel(fields, isByteLevel: isByteLevel))
    case "Unigram":
      guard !isByteLevel else {
        throw ModelError.unsupported(
          path: fields.path, "tokenizer model Unigram with the pre_tokenizer ByteLevel")
      }
      self = .unigram(try UnigramModel(fields))
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "tokenizer model '\(type)' is not supported; supported are BPE, Unigram")
    }
  }

  /// The ids of pieces as the file writes them.
  var ids: [ByteText: Int32] {
    switch self {
    case .bytePair(let model): model.ids
    case .unigram(let model): model.ids
    }
  }

  /// One more than the largest id.
  var size: Int {
    switch self {
    case .bytePair(let model): model.pieces.count
    case .unigram(let model): model.pieces.count
    }
  }

  func piece(of id: Int32) -> String? {
    guard id >= 0, Int(id) < size else { return nil }
    switch self {
    case .bytePair(let model): return model.pieces[Int(id)]
    case .unigram(let model): return model.pieces[Int(id)]
    }
  }

  /// Appends the ids of one piece of text.
  func encode(_ piece: TextBytes, _ scratch: inout EncodingScratch, into out: inout [Int32]) {
    switch self {
    case .bytePair(let model): model.encode(piece, &scratch.merger, into: &out)
    case .unigram(let model): model.encode(piece, &scratch.lattice, into: &out)
    }
  }
}

/// Memory that a text's pieces share, so that a piece costs no allocation.
struct EncodingScratch {
  var merger = PairMerger()
  var lattice = Lattice()
}
