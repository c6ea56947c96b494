import Foundation
import MPOBackend

/// A Hugging Face folder on a device: configuration, tokenizer, decoder and weights; or an adapter's
/// folder with the model that it changes.
public final class LanguageModel {
  /// The model's folder, the base's of an adapter; empty for a model made from scratch.
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
  /// The files that the weights were read from, and what they call them.
  private let weights: ModelWeights?
  private let names: StoredNames
  /// Of a model with adapters.
  private let adapter: AdapterConfiguration?
  /// Where they were read from; nil for new ones.
  private let adapterFolder: String?

  /// What a user should know of how the folder was read, a line each.
  public var notes: [String] {
    var lines: [String] = []
    if !configuration.unknownFields.isEmpty {
      lines.append(
        "config.json: without effect here, for nobody here knows them: "
          + configuration.unknownFields.joined(separator: ", "))
    }
    if let adapterFolder, let adapter {
      lines.append("adapter \(adapterFolder) over \(folder): \(adapter.lora.summary)")
    }
    return lines
  }

  /// What is done with a model's weights, which decides how they are kept.
  public enum Use: Sendable, Equatable {
    /// All are trained: f32.
    case training
    /// They are read only: in bf16 where every matrix is stored so, else in f32.
    case reading
    /// New adapters over them are trained, or those of an adapter's folder go on, with that folder's
    /// settings in place of the ones given.
    case adapting(LoRAConfiguration, base: FrozenType, seed: UInt64)
  }

  /// The type of a base under adapters.
  public enum FrozenType: String, Sendable, CaseIterable {
    /// bf16 where every matrix is stored so, else f32.
    case auto
    case float32, bfloat16
  }

  /// What reads the last hidden states.
  public enum Head: Sendable, Equatable {
    /// The output projection: a language model.
    case vocabulary
    /// `score.weight` (n, C), n scores of a text. A folder of a language model gets a new one of
    /// `outputs` rows, from `seed`; nil expects one in the folder.
    case scores(outputs: Int?, seed: UInt64)
  }

  init(
    folder: String, configuration: ModelConfiguration, generation: GenerationConfiguration,
    tokenizer: Tokenizer, tokenizerFolder: String, decoder: Decoder, parameters: ParameterSet,
    weights: ModelWeights? = nil, adapter: AdapterConfiguration? = nil,
    adapterFolder: String? = nil
  ) {
    self.folder = folder
    self.configuration = configuration
    self.generation = generation
    self.tokenizer = tokenizer
    self.tokenizerFolder = tokenizerFolder
    self.decoder = decoder
    self.parameters = parameters
    self.adapter = adapter
    self.adapterFolder = adapterFolder
    self.weights = weights
    names = weights.map { StoredNames.find($0, decoder.layout) } ?? .plain
    storedType = weights.map(Self.commonType) ?? .f32
  }

  /// Reads a folder, or a hub name that is in the local cache. `tokenizer` names another folder for
  /// the tokenizer; empty is the model's own. `precision` is that of its matrix products. An
  /// adapter's folder brings the base that it names. `head` is what the caller reads it by.
  /// - Throws: `ModelError`; `BackendError` when the device has no room.
  public static func load(
    _ name: String, tokenizer: String = "", precision: ProductPrecision = .f32,
    use: Use = .training, head: Head = .vocabulary, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    let folder = try ModelFolder.resolve(name)
    guard AdapterConfiguration.isThere(folder) else {
      return try load(
        folder: folder, name: name, adapters: nil, tokenizer: tokenizer, precision: precision,
        use: use, head: head, on: backend)
    }
    if use == .training {
      throw ModelError.unsupported(
        path: folder,
        "an adapter: train it on with use_peft, or make a model of it with magnetic merge")
    }
    var adapter = try AdapterConfiguration(folder: folder)
    let head = try head.of(adapter, folder: folder)
    if case .adapting(let lora, _, _) = use, lora != LoRAConfiguration(), lora != adapter.lora {
      throw ModelError.argument(
        "\(folder) is an adapter with settings of its own (\(adapter.lora.summary)): leave out lora_* "
          + "and use_rslora, or name the base as the model to begin new adapters")
    }
    let base = try base(of: adapter, in: folder)
    adapter.base = baseName(adapter.base, base)
    return try load(
      folder: base, name: adapter.base, adapters: (folder, adapter),
      tokenizer: tokenizer, precision: precision, use: use, head: head, on: backend)
  }

  private static func load(
    folder: String, name: String,
    adapters: (folder: String, configuration: AdapterConfiguration)?, tokenizer: String,
    precision: ProductPrecision, use: Use, head: Head, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    // PEFT's trainers save the tokenizer beside the adapter.
    let own = adapters.flatMap { ModelFolder.hasTokenizer($0.folder) ? $0.folder : nil } ?? folder
    let tokenizerFolder = tokenizer.isEmpty ? own : tokenizer
    let loadedTokenizer = try Tokenizer(folder: tokenizerFolder)
    let stored = try ModelConfiguration(folder: folder)
    let configuration = try stored.reading(
      head, isBase: adapters != nil, tokenizer: loadedTokenizer, folder: folder)
    let shape = configuration.shape
    let weights = try ModelWeights(folder: folder)
    let base = try ParameterSet.load(
      weights, layout: ParameterLayout(shape), storage: use.storage(weights, shape),
      fresh: head.fresh(stored.shape), on: backend)
    let isAdapted = adapters != nil || use.isAdapting
    if isAdapted, StoredNames.find(weights, base.layout).isWrapper {
      throw ModelError.unsupported(
        path: folder,
        "adapters over the language model of a multimodal folder are not supported; save its "
          + "language model alone with transformers")
    }
    var parameters = base
    var adapter = adapters?.configuration
    if let adapters {
      parameters = try AdapterFiles.load(
        adapters.folder, adapters.configuration.lora, over: base, shape: shape, on: backend)
    } else if case .adapting(let lora, _, let seed) = use {
      parameters = try .adapters(lora, over: base, shape: shape, seed: seed, on: backend)
      adapter = AdapterConfiguration(lora, base: baseName(name, folder))
    }
    return LanguageModel(
      folder: folder, configuration: configuration,
      generation: try GenerationConfiguration(folder: folder, model: configuration),
      tokenizer: loadedTokenizer, tokenizerFolder: tokenizerFolder,
      decoder: Decoder(shape, on: backend),
      parameters: try parameters.computing(in: precision, on: backend), weights: weights,
      adapter: adapter, adapterFolder: adapters?.folder)
  }

  /// How an adapter names its base: a hub name as it was given, a folder by its whole path, which
  /// means the same from everywhere.
  private static func baseName(_ name: String, _ folder: String) -> String {
    let isHubName = folder.contains("/models--") && !FileManager.default.fileExists(atPath: name)
    return isHubName ? name : URL(fileURLWithPath: folder).standardizedFileURL.path
  }

  /// The folder of an adapter's base: as it names it, or beside it.
  private static func base(of adapter: AdapterConfiguration, in folder: String) throws -> String {
    guard !adapter.base.isEmpty else {
      throw ModelError.missing(
        path: "\(folder)/\(AdapterConfiguration.fileName)",
        "no field 'base_model_name_or_path': expected the folder of the base model")
    }
    let beside = "\(folder)/\(adapter.base)"
    if !adapter.base.hasPrefix("/"), FileManager.default.fileExists(atPath: beside) {
      return beside
    }
    return try ModelFolder.resolve(adapter.base, revision: adapter.revision ?? "main")
  }

  /// The type that most elements have.
  private static func commonType(_ weights: ModelWeights) -> SafetensorsType {
    var counts: [SafetensorsType: Int] = [:]
    for entry in weights.tensors.values { counts[entry.dtype, default: 0] += entry.count }
    return counts.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
  }

  /// A model with random weights (`ParameterSet.random`) and the tokenizer of a folder. Ids of the
  /// special tokens that the configuration leaves out are the tokenizer's.
  /// - Throws: `ModelError` when the tokenizer has ids that the vocabulary has no place for.
  public static func random(
    _ configuration: ModelConfiguration, tokenizer folder: String, seed: UInt64,
    precision: ProductPrecision = .f32, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    let tokenizer = try Tokenizer(folder: folder)
    guard tokenizer.vocabularySize <= configuration.shape.vocabulary else {
      throw ModelError.argument(
        "the tokenizer in \(folder) has \(tokenizer.vocabularySize) ids, but vocab_size is "
          + "\(configuration.shape.vocabulary)")
    }
    let configuration = try configuration.completed(by: tokenizer)
    return LanguageModel(
      folder: "", configuration: configuration,
      generation: GenerationConfiguration(model: configuration), tokenizer: tokenizer,
      tokenizerFolder: folder, decoder: Decoder(configuration.shape, on: backend),
      parameters: try ParameterSet.random(
        ParameterLayout(configuration.shape), seed: seed, on: backend
      ).computing(in: precision, on: backend))
  }

  /// Writes `parameters` as a folder that other tools load, each file written beside and renamed:
  /// config, generation config, tokenizer files and weights, named and cut into files as they were; or
  /// where they are adapters, PEFT's files and the tokenizer's. `dtype` nil keeps each tensor's type
  /// (adapters: f32).
  public func save(
    _ parameters: ParameterSet, to destination: String, dtype: SafetensorsType?
  ) throws {
    try FileManager.default.createDirectory(
      atPath: destination, withIntermediateDirectories: true)
    try ModelFolder.copyTokenizer(from: tokenizerFolder, to: destination)
    if let adapted = parameters.adapted {
      var adapter = adapter ?? AdapterConfiguration(adapted.lora, base: folder)
      adapter.lora = adapted.lora
      return try AdapterFiles.write(
        parameters, adapter, naming: decoder.shape.naming, dtype: dtype ?? .f32, to: destination,
        on: decoder.backend)
    }
    if folder.isEmpty {
      try generation.write(folder: destination)
    } else {
      try ModelFolder.copy(["generation_config.json"], from: folder, to: destination)
    }
    var configuration = configuration
    let common = dtype ?? storedType
    configuration.dtype = ["F16": "float16", "BF16": "bfloat16"][common.rawValue] ?? "float32"
    try configuration.write(folder: destination)
    let isScoring = decoder.shape.scoreOutputs > 0
    let tensors = parameters.namedTensors(
      names: isScoring ? .plain : names, dtype: common, on: decoder.backend)
    // Of a scoring model nothing goes along: what the folder had besides was a language model's.
    if let weights, !isScoring {
      let head = "lm_head.weight"
      let isTied = decoder.layout.index[head] == nil
      // What else the folder has goes along: a tied head's copy, the towers of a multimodal model.
      try ModelWeights.write(
        tensors: tensors, to: destination, like: weights, dtype: dtype,
        duplicates: isTied
          ? [names.stored(head): names.stored(decoder.layout.projection ?? head)] : [:])
    } else {
      try ModelWeights.write(tensors: tensors, to: destination)
    }
    // A folder with an adapter's files would load as one.
    AdapterFiles.remove(from: destination)
  }

  /// Writes the base with its adapters added as a model folder; see `save`.
  /// - Throws: `ModelError.argument` for a model without adapters, or into the base's own folder.
  public func saveMerged(to destination: String, dtype: SafetensorsType?) throws {
    guard parameters.adapted != nil else {
      throw ModelError.argument("\(folder) is a model without adapters: nothing to merge")
    }
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    guard ![folder, adapterFolder ?? folder].map(real).contains(real(destination)) else {
      throw ModelError.argument(
        "\(destination) is the folder of the base or of the adapter; name another")
    }
    let merged = try parameters.merged(shape: decoder.shape, on: decoder.backend)
    try save(merged, to: destination, dtype: dtype)
  }
}

extension LanguageModel.Use {
  fileprivate var isAdapting: Bool {
    if case .adapting = self { return true }
    return false
  }

  /// As stored is bf16 only where every matrix is: none is rounded unasked.
  fileprivate func storage(_ weights: ModelWeights, _ shape: DecoderShape) -> WeightStorage {
    let layout = ParameterLayout(shape)
    let names = StoredNames.find(weights, layout)
    let matrices = layout.entries.filter {
      // A new scoring head is in no file.
      $0.offset < layout.matrixCount
        && ($0.name != DecoderWeights.scoreName || weights.tensors[$0.name] != nil)
    }
    let isHalf = matrices.allSatisfy { weights.tensors[names.stored($0.name)]?.dtype == .bf16 }
    let asStored: WeightStorage = isHalf ? .frozenBFloat16 : .trained
    switch self {
    case .training: return .trained
    case .reading: return asStored
    case .adapting(_, let base, _):
      switch base {
      case .auto: return asStored
      case .float32: return .trained
      case .bfloat16: return .frozenBFloat16
      }
    }
  }
}

extension ModelConfiguration {
  /// With the class name that loaders look for and the special ids, where they are missing.
  fileprivate func completed(by tokenizer: Tokenizer) throws -> ModelConfiguration {
    var fields = fields
    if fields["architectures"] == nil {
      fields["architectures"] = .array([.string(family.architectures[0])])
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
