/// Low-rank adapters (Hu et al., 2021, arXiv 2106.09685): `W + scale * B A` with A (r, in) and B
/// (out, r) trained, W frozen. Names and defaults are PEFT's and TRL's.
public struct LoRAConfiguration: Sendable, Equatable {
  /// Which linear layers of the blocks get an adapter.
  public enum Targets: Sendable, Equatable {
    /// The family's default in PEFT: queries and values (`c_attn` in GPT-2).
    case `default`
    /// `all-linear`: every one; never the output projection.
    case allLinear
    /// Names of modules: the last part or parts of their paths ("q_proj").
    case names([String])
  }

  /// A value for the modules of one name; the first that fits counts.
  public struct Exception<Value: Sendable & Equatable>: Sendable, Equatable {
    public var module: String
    public var value: Value
  }

  /// r, at least 1; default 16.
  public var rank = 16
  /// Numerator of the scale; default 32.
  public var alpha = 32.0
  /// Dropout of A's input while training, in 0..<1; default 0.05. Self-play applies none.
  public var dropout = 0.05
  public var targets = Targets.default
  /// Scale alpha / sqrt(r) (Kalajdzievski, 2023, arXiv 2312.03732) in place of alpha / r.
  public var usesRSLoRA = false
  /// Other ranks and alphas by module name, as PEFT's `rank_pattern` and `alpha_pattern`.
  public var rankPattern: [Exception<Int>] = []
  public var alphaPattern: [Exception<Double>] = []
  /// Blocks that get adapters (`layers_to_transform`); nil is all.
  public var layers: Set<Int>?
  /// `exclude_modules`.
  public var excluded: [String] = []

  public init() {}

  /// One line for a log.
  public var summary: String {
    let names: String
    switch targets {
    case .default: names = "default"
    case .allLinear: names = "all-linear"
    case .names(let list): names = list.sorted().joined(separator: ",")
    }
    return "r \(rank), alpha \(alpha)\(usesRSLoRA ? ", rslora" : ""), dropout \(dropout), \(names)"
  }

  /// alpha / r of a module, or alpha / sqrt(r).
  public func scale(of module: String, rank: Int) -> Double {
    let alpha = Self.pattern(alphaPattern, module) ?? alpha
    return alpha / (usesRSLoRA ? Double(rank).squareRoot() : Double(rank))
  }

  func rank(of module: String) -> Int { Self.pattern(rankPattern, module) ?? rank }

  /// Whether PEFT's naming rule gives `module` an adapter: its path is a target or ends in one.
  func applies(to module: String, layer: Int, naming: WeightNaming) -> Bool {
    if let layers, !layers.contains(layer) { return false }
    if excluded.contains(where: { Self.matches(module, $0) }) { return false }
    switch targets {
    case .allLinear: return true
    case .names(let names): return names.contains { Self.matches(module, $0) }
    case .default:
      let names = naming == .gpt2 ? ["c_attn"] : ["q_proj", "v_proj"]
      return names.contains { Self.matches(module, $0) }
    }
  }

  static func matches(_ module: String, _ name: String) -> Bool {
    module == name || module.hasSuffix("." + name)
  }

  private static func pattern<Value>(_ patterns: [Exception<Value>], _ module: String) -> Value? {
    patterns.first { matches(module, $0.module) }?.value
  }
}

/// The names that PEFT gives adapters in its files.
enum AdapterNames {
  private static let prefix = "base_model.model."
  /// A head that scores texts, which PEFT keeps whole beside the adapters (`modules_to_save`).
  static let score = prefix + DecoderWeights.scoreName
  static func a(_ module: String) -> String { prefix + module + ".lora_A.weight" }
  static func b(_ module: String) -> String { prefix + module + ".lora_B.weight" }
}

/// A base that is shared by the policy, the magnet and every other set of adapters.
public final class AdaptedBase {
  public let base: ParameterSet
  public let lora: LoRAConfiguration
  public init(base: ParameterSet, lora: LoRAConfiguration) {
    self.base = base
    self.lora = lora
  }
}
