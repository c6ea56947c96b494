import MPOModel

/// Adapters in place of all weights, under TRL's names: `use_peft` trains low-rank matrices over a
/// frozen base, which policy, magnet and generator share.
public struct LoRASettings: Sendable, Equatable {
  public var isOn = false
  public var lora = LoRAConfiguration()
  /// The type that the frozen base is held in; auto is bf16 where the model is stored so.
  public var baseType = LanguageModel.FrozenType.auto
  public init() {}

  /// What the trainer does with the model's weights.
  func use(seed: Int) -> LanguageModel.Use {
    isOn ? .adapting(lora, base: baseType, seed: UInt64(seed)) : .training
  }

  static var options: [SettingOption<Self>] {
    [
      .bool(
        "use_peft", \.isOn,
        "Train adapters (LoRA) over the frozen model; the result is a PEFT adapter folder. "
          + "'magnetic merge' makes a model of it."),
      .int(
        "lora_r", \.lora.rank, aliases: ["lora_rank"], atLeast: 1, atMost: 1 << 16, "Their rank."),
      .double("lora_alpha", \.lora.alpha, above: 0, "They are scaled by lora_alpha / lora_r."),
      .double(
        "lora_dropout", \.lora.dropout, atLeast: 0, below: 1,
        "Dropout of their input. Applied by sft; self-play computes without dropout, as TRL's "
          + "disable_dropout has it."),
      SettingOption(
        "lora_target_modules", placeholder: "NAMES",
        help: "Layers that get one: names (q_proj,v_proj) or all-linear; default is PEFT's choice "
          + "for the family, queries and values.",
        get: { Self.text($0.lora.targets) }, set: { $0.lora.targets = try Self.targets($1) }),
      .bool("use_rslora", \.lora.usesRSLoRA, "Scale by lora_alpha / sqrt(lora_r)."),
      .choice(
        "base_dtype", \.baseType,
        "Type that the frozen model is held in; auto is bfloat16 where it is stored so."),
    ]
  }

  private static func text(_ targets: LoRAConfiguration.Targets) -> String {
    switch targets {
    case .default: "default"
    case .allLinear: "all-linear"
    case .names(let names): names.joined(separator: ",")
    }
  }

  private static func targets(_ value: ConfigurationValue) throws -> LoRAConfiguration.Targets {
    let names = try value.names("a list of layer names, or all-linear")
    switch names {
    case ["default"]: return .default
    case ["all-linear"]: return .allLinear
    default: return .names(names)
    }
  }
}

extension SettingOption where Settings: ConfigurableSettings {
  static func lora(_ path: WritableKeyPath<Settings, LoRASettings> & Sendable) -> [Self] {
    LoRASettings.options.map { $0.lifted(to: path) }
  }
}
