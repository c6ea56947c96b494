import Foundation

/// A Hugging Face `tokenizer.json`: byte-level BPE (GPT-2, Llama 3, Qwen), BPE with byte fallback
/// (Llama 2, Gemma, Mistral) or Unigram (T5, XLM-R). The stages are those of
/// huggingface/tokenizers, in its order:
///
/// text -> added tokens -> normalizer -> pre-tokenizer -> model -> template -> ids
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
  private let model: TokenModel
  private let template: SpecialTokenTemplate
  private let decoder: TokenDecoder
  private let added: AddedVocabulary

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
    model = try TokenModel(modelFields, isByteLevel: preTokenizer.isByteLevel)
    template = try SpecialTokenTemplate(fields.optionalObject("post_processor"))
    decoder = try TokenDecoder(fields.optionalObject("decoder"))
    added = try AddedVocabulary(fields, model: model, normalizer: normalizer)
    vocabularySize = max(model.size, added.size)
    for id in template.before + template.after where id >= vocabularySize {
      throw ModelError.format(
        path: path,
        "post_processor: id \(id) is not among the \(vocabularySize) of vocabulary and added tokens"
      )
    }

    let added = added
    let ids = model.ids
    let roles = try SpecialTokenRoles(folder: folder) {
      added.ids[ByteText(text: $0)] ?? ids[ByteText(text: $0)]
    }
    (bosID, eosID, padID, unknownID) = (roles.bos, roles.eos, roles.pad, roles.unknown)
  }

  /// The ids of a text. Added tokens are found in it, special ones too. `addSpecialTokens` puts
  /// what the file's template says around it (a first <s>, say); an empty text has nothing but
  /// those.
  public func encode(_ text: String, addSpecialTokens: Bool = true) -> [Int32] {
    var ids: [Int32] = addSpecialTokens ? template.before : []
    var scratch = EncodingScratch()
    var text = text
    text.withUTF8 { bytes in
      added.original.split(bytes) { range, token in
        if let token {
          ids.append(token)
        } else {
          let part = TextBytes(rebasing: bytes[range])
          encode(part, isFirst: range.lowerBound == 0, &scratch, into: &ids)
        }
      }
    }
    if addSpecialTokens { ids += template.after }
    return ids
  }

  /// Text without those added tokens that are found before normalization. `isFirst`: the whole
  /// text begins with it.
  private func encode(
    _ text: TextBytes, isFirst: Bool, _ scratch: inout EncodingScratch, into ids: inout [Int32]
  ) {
    func split(_ text: TextBytes, isFirst: Bool) {
      added.normalized.split(text) { range, token in
        if let token {
          ids.append(token)
        } else {
          preTokenizer.split(
            TextBytes(rebasing: text[range]), isFirst: isFirst && range.lowerBound == 0
          ) { model.encode($0, &scratch, into: &ids) }
        }
      }
    }
    if normalizer.stages.isEmpty {
      split(text, isFirst: isFirst)
    } else {
      let (bytes, keepsStart) = normalizer.apply(text)
      bytes.withUnsafeBufferPointer { split($0, isFirst: isFirst && keepsStart) }
    }
  }

  /// The text of the ids. Ids that have no piece are left out, with `skipSpecialTokens` the special
  /// ones as well. Bytes that are not UTF-8 become U+FFFD.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
    decoder.text(
      ids.compactMap { id in
        skipSpecialTokens && isSpecial(id) ? nil : added.normalizedPieces[id] ?? piece(of: id)
      })
  }

  /// The piece as the file writes it; nil where the id has none.
  public func piece(of id: Int32) -> String? {
    added.tokens[id]?.content ?? model.piece(of: id)
  }

  /// The id of a piece as the file writes it.
  public func id(of piece: String) -> Int32? {
    added.ids[ByteText(text: piece)] ?? model.ids[ByteText(text: piece)]
  }

  /// Whether the id is a special added token.
  public func isSpecial(_ id: Int32) -> Bool { added.tokens[id]?.isSpecial ?? false }
}
