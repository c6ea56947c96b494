import Foundation

/// A Hugging Face `tokenizer.json` with a byte-pair model: byte-level (GPT-2, SmolLM) or with byte
/// fallback (Llama 2). The stages are those of huggingface/tokenizers, in its order:
///
/// text -> added tokens -> normalizer -> pre-tokenizer -> merges -> template -> ids
///
/// What a file asks for and is not supported is refused by name when it is read. `truncation` and
/// `padding` of the file are not applied. Nothing changes after `init`, so threads may share it.
public final class Tokenizer: Sendable {
  /// Ids are below this: one more than the largest, also of added tokens.
  public let vocabularySize: Int
  /// From `tokenizer_config.json`; nil where it does not name the token.
  public let bosID: Int32?
  public let eosID: Int32?
  public let padID: Int32?
  public let unknownID: Int32?

  private let normalizer: TextNormalizer
  private let preTokenizer: PreTokenizer
  private let model: BytePairModel
  private let template: SpecialTokenTemplate
  private let decoder: TokenDecoder
  private let added: [Int32: AddedToken]
  private let addedIDs: [ByteText: Int32]
  /// Normalized added tokens as the decoder gets them: normalized, so that it can undo that.
  private let normalizedPieces: [Int32: String]
  /// Added tokens that are found in the original and in the normalized text.
  private let originalMatcher: AddedTokenMatcher
  private let normalizedMatcher: AddedTokenMatcher

  /// Reads `tokenizer.json` and, where it is, `tokenizer_config.json` of a model's folder.
  public init(folder: String) throws {
    let path = "\(folder)/tokenizer.json"
    guard FileManager.default.fileExists(atPath: path) else {
      let slow = FileManager.default.fileExists(atPath: "\(folder)/tokenizer.model")
      throw ModelError.file(
        path: path,
        "no such file"
          + (slow ? "; tokenizer.model is not read, save the fast tokenizer with transformers" : "")
      )
    }
    guard let object = try JSONValue(file: path).object else {
      throw ModelError.format(path: path, "expected a JSON object")
    }
    let fields = FieldReader(path: path, object: object)
    normalizer = try TextNormalizer(fields.optionalObject("normalizer"))
    let preTokenizer = try PreTokenizer(fields.optionalObject("pre_tokenizer"))
    self.preTokenizer = preTokenizer
    guard let modelFields = try fields.optionalObject("model") else {
      throw ModelError.missing(path: path, "no field 'model'")
    }
    model = try BytePairModel(modelFields, isByteLevel: preTokenizer.isByteLevel)
    template = try SpecialTokenTemplate(fields.optionalObject("post_processor"))
    decoder = try TokenDecoder(fields.optionalObject("decoder"))

    let tokens = fields.has("added_tokens") ? try fields.readers("added_tokens") : []
    var added: [Int32: AddedToken] = [:]
    var addedIDs: [ByteText: Int32] = [:]
    for var token in try tokens.map(AddedToken.init) where !token.content.isEmpty {
      // A token that the vocabulary has as well keeps the vocabulary's id.
      token.id = model.ids[ByteText(text: token.content)] ?? token.id
      added[token.id] = token
      addedIDs[ByteText(text: token.content)] = token.id
    }
    self.added = added
    self.addedIDs = addedIDs
    let ordered = added.values.sorted { $0.id < $1.id }
    let originals = ordered.filter { !$0.isNormalized }
    originalMatcher = AddedTokenMatcher(
      originals, patterns: originals.map { Array($0.content.utf8) })
    let normals = ordered.filter(\.isNormalized)
    let normalizer = normalizer
    let patterns = normals.map {
      Array($0.content.utf8).withUnsafeBufferPointer(normalizer.apply)
    }
    normalizedMatcher = AddedTokenMatcher(normals, patterns: patterns)
    normalizedPieces = Dictionary(
      uniqueKeysWithValues: zip(normals, patterns).map {
        ($0.id, String(decoding: $1, as: UTF8.self))
      })
    vocabularySize = max(model.pieces.count, added.keys.max().map { Int($0) + 1 } ?? 0)

    let ids = model.ids
    let roles = try SpecialTokenRoles(folder: folder) {
      addedIDs[ByteText(text: $0)] ?? ids[ByteText(text: $0)]
    }
    (bosID, eosID, padID, unknownID) = (roles.bos, roles.eos, roles.pad, roles.unknown)
  }

  /// The ids of a text. Added tokens are found in it, special ones too. `addSpecialTokens` puts what
  /// the file's template says around it (a first <s>, say); an empty text has nothing but those.
  public func encode(_ text: String, addSpecialTokens: Bool = true) -> [Int32] {
    var ids: [Int32] = addSpecialTokens ? template.before : []
    var merger = PairMerger()
    var text = text
    text.withUTF8 { bytes in
      originalMatcher.split(bytes) { part, token in
        if let token { ids.append(token) } else { encode(part, &merger, into: &ids) }
      }
    }
    if addSpecialTokens { ids += template.after }
    return ids
  }

  /// Text without those added tokens that are found before normalization.
  private func encode(_ text: TextBytes, _ merger: inout PairMerger, into ids: inout [Int32]) {
    func split(_ text: TextBytes) {
      normalizedMatcher.split(text) { part, token in
        if let token {
          ids.append(token)
        } else {
          preTokenizer.split(part) { model.encode($0, &merger, into: &ids) }
        }
      }
    }
    if normalizer.stages.isEmpty {
      split(text)
    } else {
      normalizer.apply(text).withUnsafeBufferPointer(split)
    }
  }

  /// The text of the ids. Ids that have no piece are left out, with `skipSpecialTokens` the special
  /// ones as well. Bytes that are not UTF-8 become U+FFFD.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
    decoder.text(
      ids.compactMap { id in
        skipSpecialTokens && isSpecial(id) ? nil : normalizedPieces[id] ?? piece(of: id)
      })
  }

  /// The piece as the file writes it; nil where the id has none.
  public func piece(of id: Int32) -> String? {
    if let token = added[id] { return token.content }
    guard id >= 0, Int(id) < model.pieces.count else { return nil }
    return model.pieces[Int(id)]
  }

  /// The id of a piece as the file writes it.
  public func id(of piece: String) -> Int32? {
    addedIDs[ByteText(text: piece)] ?? model.ids[ByteText(text: piece)]
  }

  /// Whether the id is a special added token.
  public func isSpecial(_ id: Int32) -> Bool { added[id]?.isSpecial ?? false }
}
