/// Reads rotary settings: old files have `rope_theta` and `rope_scaling`, those of transformers 5 have
/// `rope_parameters` with `rope_theta` and `rope_type` inside, and for Gemma 3 one such object per
/// layer type.
struct RopeReader {
  let fields: FieldReader
  /// `max_position_embeddings`: the original context where a scaling does not name it.
  let maxPositions: Int

  /// The scheme of all layers. `theta` is the family's default base.
  func scheme(theta: Double = 10000) throws -> RotaryScheme {
    let parameters = try fields.optionalObject("rope_parameters")
    if let parameters,
      let nested = parameters.object.members.first(where: { $0.value.object != nil })
    {
      throw ModelError.unsupported(
        path: fields.path,
        "rope_parameters per layer type ('\(nested.name)') are supported for gemma3 only")
    }
    let base = try parameters.flatMap(Self.theta) ?? Self.theta(fields) ?? theta
    let scaling = try parameters ?? fields.optionalObject("rope_scaling")
    return try scheme(base, scaling)
  }

  /// The schemes of Gemma 3's full and sliding layers.
  func schemesByLayerType() throws -> (full: RotaryScheme, sliding: RotaryScheme) {
    let parameters = try fields.optionalObject("rope_parameters")
    let full = try parameters?.optionalObject("full_attention")
    let sliding = try parameters?.optionalObject("sliding_attention")
    if let parameters,
      let other = parameters.object.members.first(where: {
        !["full_attention", "sliding_attention"].contains($0.name)
      })
    {
      throw ModelError.unsupported(
        path: fields.path,
        "rope_parameters.\(other.name) is not supported here; expected full_attention and "
          + "sliding_attention")
    }
    let fullBase = try full.flatMap(Self.theta) ?? Self.theta(fields) ?? 1_000_000
    let slidingBase =
      try sliding.flatMap(Self.theta)
      ?? fields.optionalNumber("rope_local_base_freq", "a number above 0") { $0 > 0 } ?? 10000
    return (
      try scheme(fullBase, full ?? fields.optionalObject("rope_scaling")),
      try scheme(slidingBase, sliding)
    )
  }

  private static func theta(_ fields: FieldReader) throws -> Double? {
    try fields.optionalNumber("rope_theta", "a number above 0") { $0 > 0 }
  }

  private func scheme(_ theta: Double, _ scaling: FieldReader?) throws -> RotaryScheme {
    for reader in [fields, scaling].compactMap({ $0 }) {
      let part = try reader.optionalNumber("partial_rotary_factor", "a number above 0") { $0 > 0 }
      guard part ?? 1 == 1 else {
        throw ModelError.unsupported(
          path: fields.path, "partial_rotary_factor other than 1 is not supported")
      }
    }
    return RotaryScheme(theta: theta, scaling: try scaling.map { try kind($0, theta) } ?? .none)
  }

  private func kind(_ r: FieldReader, _ theta: Double) throws -> RotaryScheme.Scaling {
    func factor() throws -> Double {
      try r.number("factor", "a number of at least 1") { $0 >= 1 }
    }
    let kind = try r.optionalString("rope_type") ?? r.optionalString("type") ?? "default"
    switch kind {
    case "default": return .none
    case "linear": return .linear(factor: try factor())
    case "dynamic": return .dynamic(factor: try factor())
    case "llama3": return .llama3(try llama3(r, factor: factor()))
    case "yarn": return .yarn(try yarn(r))
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "rope_type '\(kind)' is not supported; supported are default, linear, dynamic, llama3, yarn"
      )
    }
  }

  private func originalPositions(_ r: FieldReader) throws -> Int {
    try fields.optionalInteger("original_max_position_embeddings")
      ?? r.optionalInteger("original_max_position_embeddings") ?? maxPositions
  }

  private func llama3(_ r: FieldReader, factor: Double) throws -> Llama3Scaling {
    let low = try r.number("low_freq_factor", "a number above 0") { $0 > 0 }
    return Llama3Scaling(
      factor: factor, lowFrequencyFactor: low,
      highFrequencyFactor: try r.number("high_freq_factor", "a number above low_freq_factor") {
        $0 > low
      }, originalPositions: try originalPositions(r))
  }

  private func yarn(_ r: FieldReader) throws -> YarnScaling {
    let original = try originalPositions(r)
    let factor =
      try r.optionalNumber("factor", "a number of at least 1") { $0 >= 1 }
      ?? max(1, Double(maxPositions) / Double(original))
    let positive = "a number above 0"
    let m = try r.optionalNumber("mscale", "a number of at least 0") { $0 >= 0 } ?? 0
    let all = try r.optionalNumber("mscale_all_dim", "a number of at least 0") { $0 >= 0 } ?? 0
    let inferred =
      m != 0 && all != 0
      ? YarnScaling.magnitude(factor, m) / YarnScaling.magnitude(factor, all)
      : YarnScaling.magnitude(factor)
    return YarnScaling(
      factor: factor, originalPositions: original,
      betaFast: try r.optionalNumber("beta_fast", positive) { $0 > 0 } ?? 32,
      betaSlow: try r.optionalNumber("beta_slow", positive) { $0 > 0 } ?? 1,
      truncates: try r.optionalBool("truncate") ?? true,
      attentionFactor: try r.optionalNumber("attention_factor", positive) { $0 > 0 } ?? inferred)
  }
}
