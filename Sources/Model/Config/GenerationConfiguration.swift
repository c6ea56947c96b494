import Foundation

/// A model's `generation_config.json`: which tokens end a text, and how its makers sample. What
/// the file does not say is nil; the ids then come from `config.json`.
public struct GenerationConfiguration: Sendable, Equatable {
  public var bosID: Int32?
  /// The stop set, `eos_token_id` (one or a list).
  public var stopIDs: [Int32]
  public var padID: Int32?
  public var doSample: Bool?
  /// At least 0; 0 is greedy.
  public var temperature: Double?
  /// In [0, 1]; 1 is off.
  public var topP: Double?
  /// 0 is off.
  public var topK: Int?
  /// In [0, 1].
  public var minP: Double?
  /// Above 0; 1 is off.
  public var repetitionPenalty: Double?
  public var maxNewTokens: Int?

  /// What `config.json` alone says.
  public init(model: ModelConfiguration) {
    bosID = model.bosID
    stopIDs = model.eosIDs
    padID = model.padID
  }

  /// Reads the folder's `generation_config.json`; without one, what `model` says.
  public init(folder: String, model: ModelConfiguration) throws {
    let path = "\(folder)/generation_config.json"
    guard FileManager.default.fileExists(atPath: path) else {
      self.init(model: model)
      return
    }
    try self.init(parsing: JSONValue(file: path), path: path, model: model)
  }

  /// Throws `ModelError` naming `path` and the field.
  public init(parsing value: JSONValue, path: String, model: ModelConfiguration) throws {
    guard let object = value.object else {
      throw ModelError.format(path: path, "expected a JSON object, found \(value.kind)")
    }
    self.init(model: model)
    let fields = FieldReader(path: path, object: object)
    let vocabulary = model.shape.vocabulary
    bosID = try fields.optionalToken("bos_token_id", vocabulary: vocabulary) ?? bosID
    stopIDs = try fields.optionalTokens("eos_token_id", vocabulary: vocabulary) ?? stopIDs
    padID = try fields.optionalToken("pad_token_id", vocabulary: vocabulary) ?? padID
    doSample = try fields.optionalBool("do_sample")
    temperature = try fields.optionalNumber("temperature", "a number of at least 0") { $0 >= 0 }
    topP = try fields.optionalNumber("top_p", "a number from 0 to 1") { $0 >= 0 && $0 <= 1 }
    topK = try fields.optionalInteger("top_k", in: 0...FieldReader.largest)
    minP = try fields.optionalNumber("min_p", "a number from 0 to 1") { $0 >= 0 && $0 <= 1 }
    repetitionPenalty = try fields.optionalNumber("repetition_penalty", "a number above 0") {
      $0 > 0
    }
    maxNewTokens = try fields.optionalInteger("max_new_tokens")
  }
}
