/// The `added_tokens` of a tokenizer.json, and what finds them in a text.
struct AddedVocabulary: Sendable {
  private(set) var tokens: [Int32: AddedToken] = [:]
  private(set) var ids: [ByteText: Int32] = [:]
  /// Normalized added tokens as the decoder gets them: normalized, so that it can undo that.
  let normalizedPieces: [Int32: String]
  /// Those that are found in the original and in the normalized text.
  let original: AddedTokenMatcher
  let normalized: AddedTokenMatcher

  /// One more than the largest id.
  var size: Int { tokens.keys.max().map { Int($0) + 1 } ?? 0 }

  /// A token that the vocabulary has as well keeps the vocabulary's id; the others follow the
  /// vocabulary in the file's order, whatever id the file gives them: so do
  /// huggingface/tokenizers.
  init(_ fields: FieldReader, model: TokenModel, normalizer: TextNormalizer) throws {
    let known = model.ids
    var list: [AddedToken] = []
    var next = Int32(known.count)
    for reader in fields.has("added_tokens") ? try fields.readers("added_tokens") : [] {
      var token = try AddedToken(reader)
      guard !token.content.isEmpty else { continue }
      let name = ByteText(text: token.content)
      token.id = ids[name] ?? known[name] ?? next
      next = max(next, token.id + 1)
      tokens[token.id] = token
      ids[name] = token.id
      list.append(token)
    }
    // Of equal texts a special token is found.
    let ordered = list.filter(\.isSpecial) + list.filter { !$0.isSpecial }
    let originals = ordered.filter { !$0.isNormalized }
    original = AddedTokenMatcher(originals, patterns: originals.map { Array($0.content.utf8) })
    let normals = ordered.filter(\.isNormalized)
    var patterns: [[UInt8]] = []
    var pieces: [Int32: String] = [:]
    for token in normals {
      let pattern = Array(token.content.utf8).withUnsafeBufferPointer(normalizer.apply).bytes
      guard !pattern.isEmpty else {
        throw ModelError.unsupported(
          path: fields.path,
          "added_tokens: nothing is left of \(token.content.debugDescription) after the normalizer")
      }
      patterns.append(pattern)
      pieces[token.id] = String(decoding: pattern, as: UTF8.self)
    }
    normalizedPieces = pieces
    normalized = AddedTokenMatcher(normals, patterns: patterns)
  }
}
