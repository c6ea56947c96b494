import Foundation
import MPOBackend

/// A Hugging Face folder on a device: configuration, tokenizer, decoder and weights.
public final class LanguageModel {
  /// The folder that it was read from.
  public let folder: String
  public let configuration: ModelConfiguration
  public let generation: GenerationConfiguration
  public let tokenizer: Tokenizer
  public let decoder: Decoder
  public let parameters: ParameterSet
  /// The type that most of the stored weights have.
  public let storedType: SafetensorsType

  public init(
    folder: String, configuration: ModelConfiguration, generation: GenerationConfiguration,
    tokenizer: Tokenizer, decoder: Decoder, parameters: ParameterSet, storedType: SafetensorsType
  ) {
    self.folder = folder
    self.configuration = configuration
    self.generation = generation
    self.tokenizer = tokenizer
    self.decoder = decoder
    self.parameters = parameters
    self.storedType = storedType
  }

  /// Reads a folder, or a hub name that is in the local cache.
  /// - Throws: `ModelError`; `BackendError` when the device has no room.
  public static func load(_ name: String, on backend: any ComputeBackend) throws -> LanguageModel {
    let folder = try ModelFolder.resolve(name)
    let configuration = try ModelConfiguration(folder: folder)
    let layout = ParameterLayout(configuration.decoderShape)
    let weights = try ModelWeights(folder: folder)
    let parameters = try ParameterSet.load(weights, layout: layout, on: backend)
    return LanguageModel(
      folder: folder, configuration: configuration,
      generation: try GenerationConfiguration(folder: folder, model: configuration),
      tokenizer: try Tokenizer(folder: folder),
      decoder: Decoder(configuration.decoderShape, on: backend), parameters: parameters,
      storedType: try weights.entry("model.embed_tokens.weight").dtype)
  }

  /// Writes `parameters` as a model folder that other tools load: config, generation config,
  /// tokenizer files and weights, each written beside and renamed.
  public func save(
    _ parameters: ParameterSet, to destination: String, dtype: SafetensorsType
  ) throws {
    try FileManager.default.createDirectory(
      atPath: destination, withIntermediateDirectories: true)
    try ModelFolder.copyCompanions(from: folder, to: destination)
    var configuration = configuration
    configuration.dtype = ["F16": "float16", "BF16": "bfloat16"][dtype.rawValue] ?? "float32"
    try configuration.write(folder: destination)
    try ModelWeights.write(
      tensors: parameters.namedTensors(dtype: dtype, on: decoder.backend), to: destination)
  }
}

extension ModelConfiguration {
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
