import Foundation
import MPOBackend

/// A Hugging Face folder on a device: configuration, tokenizer, decoder and weights.
public final class LanguageModel {
  /// The folder that it was read from; empty for a model made from scratch.
  public let folder: String
  public let configuration: ModelConfiguration
  public let generation: GenerationConfiguration
  public let tokenizer: Tokenizer
  /// The folder that the tokenizer was read from.
  public let tokenizerFolder: String
  public let decoder: Decoder
  public let parameters: ParameterSet
  /// The type that most of the stored weights have.
  public let storedType: SafetensorsType

  public init(
    folder: String, configuration: ModelConfiguration, generation: GenerationConfiguration,
    tokenizer: Tokenizer, tokenizerFolder: String, decoder: Decoder, parameters: ParameterSet,
    storedType: SafetensorsType
  ) {
    self.folder = folder
    self.configuration = configuration
    self.generation = generation
    self.tokenizer = tokenizer
    self.tokenizerFolder = tokenizerFolder
    self.decoder = decoder
    self.parameters = parameters
    self.storedType = storedType
  }

  /// Reads a folder, or a hub name that is in the local cache. `tokenizer` names another folder for
  /// the tokenizer; empty is the model's own. `precision` is that of its matrix products; the
  /// weights themselves are kept in f32.
  /// - Throws: `ModelError`; `BackendError` when the device has no room.
  public static func load(
    _ name: String, tokenizer: String = "", precision: ProductPrecision = .f32,
    on backend: any ComputeBackend
  ) throws -> LanguageModel {
    let folder = try ModelFolder.resolve(name)
    let configuration = try ModelConfiguration(folder: folder)
    let layout = ParameterLayout(configuration.decoderShape)
    let weights = try ModelWeights(folder: folder)
    let parameters = try ParameterSet.load(weights, layout: layout, on: backend)
      .computing(in: precision, on: backend)
    return LanguageModel(
      folder: folder, configuration: configuration,
      generation: try GenerationConfiguration(folder: folder, model: configuration),
      tokenizer: try Tokenizer(folder: tokenizer.isEmpty ? folder : tokenizer),
      tokenizerFolder: tokenizer.isEmpty ? folder : tokenizer,
      decoder: Decoder(configuration.decoderShape, on: backend), parameters: parameters,
      storedType: try weights.entry("model.embed_tokens.weight").dtype)
  }

  /// A model with random weights (`ParameterSet.random`) and the tokenizer of a folder. Ids of the
  /// special tokens that the configuration leaves out are the tokenizer's.
  /// - Throws: `ModelError` when the tokenizer has ids that the vocabulary has no place for.
  public static func random(
    _ configuration: ModelConfiguration, tokenizer folder: String, seed: UInt64,
    precision: ProductPrecision = .f32, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    let tokenizer = try Tokenizer(folder: folder)
    guard tokenizer.vocabularySize <= configuration.vocabularySize else {
      throw ModelError.argument(
        "the tokenizer in \(folder) has \(tokenizer.vocabularySize) ids, but vocab_size is "
          + "\(configuration.vocabularySize)")
    }
    let configuration = try configuration.completed(by: tokenizer)
    return LanguageModel(
      folder: "", configuration: configuration,
      generation: GenerationConfiguration(model: configuration), tokenizer: tokenizer,
      tokenizerFolder: folder, decoder: Decoder(configuration.decoderShape, on: backend),
      parameters: try ParameterSet.random(
        ParameterLayout(configuration.decoderShape), seed: seed, on: backend
      ).computing(in: precision, on: backend),
      storedType: .f32)
  }

  /// Writes `parameters` as a model folder that other tools load: config, generation config,
  /// tokenizer files and weights, each written beside and renamed.
  public func save(
    _ parameters: ParameterSet, to destination: String, dtype: SafetensorsType
  ) throws {
    try FileManager.default.createDirectory(
      atPath: destination, withIntermediateDirectories: true)
    try ModelFolder.copy(from: tokenizerFolder, to: destination)
    if folder.isEmpty {
      try generation.write(folder: destination)
    } else {
      try ModelFolder.copy(["generation_config.json"], from: folder, to: destination)
    }
    var configuration = configuration
    configuration.dtype = ["F16": "float16", "BF16": "bfloat16"][dtype.rawValue] ?? "float32"
    try configuration.write(folder: destination)
    try ModelWeights.write(
      tensors: parameters.namedTensors(dtype: dtype, on: decoder.backend), to: destination)
  }
}

extension ModelConfiguration {
  /// With the class name that loaders look for and the special ids, where they are missing.
  fileprivate func completed(by tokenizer: Tokenizer) throws -> ModelConfiguration {
    var fields = fields
    if fields["architectures"] == nil {
      fields["architectures"] = .array(family.architectures.map { .string($0) })
    }
    let ids = [
      ("bos_token_id", tokenizer.bosID), ("eos_token_id", tokenizer.eosID),
      ("pad_token_id", tokenizer.padID),
    ]
    for (name, id) in ids where fields[name] == nil {
      if let id { fields[name] = .integer(Int(id)) }
    }
    return try ModelConfiguration(parsing: .object(fields), path: "model_config")
  }

  /// What the decoder needs of it.
  public var decoderShape: DecoderShape {
    DecoderShape(
      vocabulary: vocabularySize, width: hiddenSize, layers: layerCount, heads: headCount,
      keyValueHeads: keyValueHeadCount, headWidth: headWidth, feedForward: intermediateSize,
      normEpsilon: Float(normEpsilon), rotaryBase: rope.theta, maxPositions: maxPositions,
      tiedHead: tiesEmbeddings)
  }
}

extension LanguageModel {
  /// A prompt's ids as the tokenizer makes them; an empty prompt is the BOS token.
  /// - Throws: `ModelError.missing` for an empty prompt where the model has no BOS token.
  public func promptTokens(_ text: String) throws -> [Int32] {
    let tokens = tokenizer.encode(text)
    if !tokens.isEmpty && !text.isEmpty { return tokens }
    guard let bos = generation.bosID ?? configuration.bosID else {
      throw ModelError.missing(
        path: folder, "an empty prompt starts from BOS, and the model names no bos_token_id")
    }
    return [bos]
  }

  /// A completion's text: what it adds to the prompt's. A stop token and special tokens have none.
  public func text(of completion: Completion, after prompt: [Int32]) -> String {
    let tokens = completion.stopped ? completion.tokens.dropLast() : completion.tokens[...]
    let before = tokenizer.decode(prompt)
    let whole = tokenizer.decode(prompt + tokens)
    guard whole.utf8.starts(with: before.utf8) else { return tokenizer.decode(Array(tokens)) }
    return String(decoding: whole.utf8.dropFirst(before.utf8.count), as: UTF8.self)
  }
}
