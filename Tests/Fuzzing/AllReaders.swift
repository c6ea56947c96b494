extension FuzzReader {
  public static let all: [FuzzReader] = [
    safetensors, shardIndex, json, config, generationConfig, adapterConfig, tokenizer,
    tokenizerConfig, template,
  ]

  public static func named(_ name: String) -> FuzzReader? { all.first { $0.name == name } }
}
