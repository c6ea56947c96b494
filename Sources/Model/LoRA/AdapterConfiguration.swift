import Foundation

/// PEFT's `adapter_config.json`. What this program does not do and would change the mathematics is
/// refused by name; the whole file is kept and written back.
public struct AdapterConfiguration: Sendable, Equatable {
  public static let fileName = "adapter_config.json"
  public static let weightsName = "adapter_model.safetensors"

  public var lora: LoRAConfiguration
  /// `base_model_name_or_path`
  public var base: String
  /// The base's revision on the hub.
  public var revision: String? { fields["revision"]?.string }
  /// A model that scores texts (`task_type` SEQ_CLS), its head kept whole beside the adapters.
  public var scoresTexts: Bool { fields["task_type"]?.string == "SEQ_CLS" }
  private var fields: JSONObject

  public init(_ lora: LoRAConfiguration, base: String) {
    self.lora = lora
    self.base = base
    fields = JSONObject()
  }

  /// Whether the folder holds an adapter in place of a model.
  public static func isThere(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(fileName)")
  }

  public init(folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    guard let object = try JSONValue(file: path).object else {
      throw ModelError.format(path: path, "expected a JSON object")
    }
    try self.init(FieldReader(path: path, object: object))
  }

  init(_ r: FieldReader) throws {
    let type = try r.string("peft_type")
    guard type == "LORA" else {
      throw ModelError.unsupported(
        path: r.path, "peft_type '\(type)' is not supported; supported is LORA")
    }
    try Self.refuseUnsupported(r)
    fields = r.object
    base = try r.optionalString("base_model_name_or_path") ?? ""
    lora = LoRAConfiguration()
    // PEFT's own defaults, which differ from TRL's.
    lora.rank = try r.optionalInteger("r", in: 1...(1 << 16)) ?? 8
    lora.alpha = try r.optionalNumber("lora_alpha", "a number above 0") { $0 > 0 } ?? 8
    lora.dropout =
      try r.optionalNumber("lora_dropout", "from 0 to below 1") { 0 <= $0 && $0 < 1 } ?? 0
    lora.usesRSLoRA = try r.optionalBool("use_rslora") ?? false
    lora.targets = try Self.targets(r)
    lora.excluded = try r.optionalNames("exclude_modules") ?? []
    lora.rankPattern = try r.pattern("rank_pattern") { value in
      value.integer.flatMap { (1...(1 << 16)).contains($0) ? $0 : nil }
    }
    lora.alphaPattern = try r.pattern("alpha_pattern") { value in
      value.double.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
    lora.layers = try Self.layers(r)
  }

  private static func targets(_ r: FieldReader) throws -> LoRAConfiguration.Targets {
    guard r.has("target_modules") else { return .default }
    let names = try r.optionalNames("target_modules") ?? []
    return names == ["all-linear"] ? .allLinear : .names(names)
  }

  private static func layers(_ r: FieldReader) throws -> Set<Int>? {
    guard let value = r.value("layers_to_transform") else { return nil }
    let items = value.array ?? [value]
    return Set(
      try items.map { item in
        guard let layer = item.integer, layer >= 0 else {
          throw r.wrong("layers_to_transform", expected: "a layer's number or a list of them")
        }
        return layer
      })
  }

  /// Fields that are read above, or that do nothing to a trained adapter.
  private static let known: Set<String> = [
    "peft_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "use_rslora",
    "target_modules", "exclude_modules", "rank_pattern", "alpha_pattern", "layers_to_transform",
    "layers_pattern", "bias", "init_lora_weights", "task_type", "inference_mode",
    "fan_in_fan_out", "revision", "peft_version", "auto_mapping", "megatron_core",
    "qalora_group_size", "ensure_weight_tying", "loftq_config", "modules_to_save",
  ]

  /// Every other field names another computation, unless its value switches that off.
  private static func refuseUnsupported(_ r: FieldReader) throws {
    for member in r.object.members where !known.contains(member.name) {
      switch member.value {
      case .null, .bool(false), .array([]), .object(JSONObject()): continue
      default:
        throw ModelError.unsupported(
          path: r.path, "\(member.name) = \(member.value.kind) is not supported")
      }
    }
    // PEFT adds both names to a sequence classifier's; here only the latter is a module.
    let whole = try r.optionalNames("modules_to_save") ?? []
    if let name = whole.first(where: { $0 != "score" && $0 != "classifier" }) {
      throw ModelError.unsupported(
        path: r.path, "modules_to_save '\(name)' is not supported; supported is score")
    }
    guard whole.isEmpty || r.value("task_type")?.string == "SEQ_CLS" else {
      throw ModelError.unsupported(
        path: r.path, "modules_to_save is supported for task_type SEQ_CLS only")
    }
    if let bias = try r.optionalString("bias"), bias != "none" {
      throw ModelError.unsupported(
        path: r.path, "bias '\(bias)' is not supported; supported is none")
    }
    if let pattern = r.value("layers_pattern"), pattern != .array([]),
      !["layers", "h"].contains(pattern.string)
    {
      throw ModelError.unsupported(
        path: r.path,
        "layers_pattern = \(pattern.kind) is not supported; supported are layers and h")
    }
    // Other starts also change the base's weights.
    if let start = r.value("init_lora_weights")?.string, start != "gaussian" {
      throw ModelError.unsupported(
        path: r.path,
        "init_lora_weights '\(start)' is not supported; supported are true, false and "
          + "gaussian")
    }
  }

  /// Writes the file for weights of `family`; what a file of PEFT had besides is kept. `scores` says
  /// that a scoring head is among the weights.
  func write(
    folder: String, naming: WeightNaming, modules: [String], scores: Bool = false
  ) throws {
    var out = fields
    func set(_ name: String, _ value: JSONValue) { out[name] = value }
    set("peft_type", .string("LORA"))
    if scores {
      set("task_type", .string("SEQ_CLS"))
      set("modules_to_save", .array([.string("score")]))
    }
    if out["task_type"] == nil { set("task_type", .string("CAUSAL_LM")) }
    set("base_model_name_or_path", .string(base))
    set("r", .integer(lora.rank))
    set("lora_alpha", Self.number(lora.alpha))
    set("lora_dropout", .number(lora.dropout))
    set("use_rslora", .bool(lora.usesRSLoRA))
    set("bias", .string("none"))
    set("fan_in_fan_out", .bool(naming == .gpt2))
    set("inference_mode", .bool(true))
    if out["init_lora_weights"] == nil { set("init_lora_weights", .bool(true)) }
    for name in ["modules_to_save", "layers_to_transform", "layers_pattern"] where out[name] == nil
    {
      set(name, .null)
    }
    if let layers = lora.layers {
      set("layers_to_transform", .array(layers.sorted().map { .integer($0) }))
    }
    for name in ["rank_pattern", "alpha_pattern"] where out[name] == nil {
      set(name, .object(JSONObject()))
    }
    switch lora.targets {
    case .names(let names): set("target_modules", .array(names.map { .string($0) }))
    // PEFT writes out what a default or all-linear came to.
    case .default, .allLinear:
      set("target_modules", .array(modules.map { .string($0) }))
    }
    let text = JSONValue.object(out).serialized(sorted: true) + "\n"
    try AtomicFile.write(text, to: "\(folder)/\(Self.fileName)")
  }

  /// PEFT declares alpha an integer.
  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}

extension FieldReader {
  /// A name or a list of names of modules; nil when absent. A text with signs of a regular expression
  /// is refused.
  fileprivate func optionalNames(_ name: String) throws -> [String]? {
    guard let value = value(name) else { return nil }
    let items = value.array ?? [value]
    return try items.map { item in
      guard let text = item.string, !text.isEmpty else {
        throw wrong(name, expected: "a list of module names", found: item.kind)
      }
      try refusePattern(name, text)
      return text
    }
  }

  /// Values by module name.
  fileprivate func pattern<Value: Sendable & Equatable>(
    _ name: String, _ read: (JSONValue) -> Value?
  ) throws -> [LoRAConfiguration.Exception<Value>] {
    guard let object = try optionalObject(name)?.object else { return [] }
    return try object.members.map { member in
      try refusePattern(name, member.name)
      guard let value = read(member.value) else {
        throw wrong(name, expected: "numbers above 0 by module name", found: member.value.kind)
      }
      return .init(module: member.name, value: value)
    }
  }

  private func refusePattern(_ name: String, _ text: String) throws {
    if text.contains(where: { "*+?[]()|^$\\{}".contains($0) }) {
      throw ModelError.unsupported(
        path: path,
        "\(name): the regular expression '\(text)' is not supported; list module names, or use "
          + "all-linear")
    }
  }
}
