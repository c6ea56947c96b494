/// Rotary position embedding of a `config.json`: old files have `rope_theta` and `rope_scaling`,
/// those of transformers 5 have `rope_parameters` with `rope_theta` and `rope_type` inside.
public struct RopeConfiguration: Sendable, Equatable {
  /// How the frequencies are changed for long texts. A new kind is a case here and its reading
  /// below; every other kind is refused by name.
  public enum Scaling: Sendable, Equatable {
    /// Not at all: frequency i is theta^(-2 i / D).
    case none
  }

  /// Base of the frequencies; above 0. transformers' default is 10000.
  public var theta: Double
  public var scaling: Scaling

  public init(theta: Double = 10000, scaling: Scaling = .none) {
    self.theta = theta
    self.scaling = scaling
  }

  init(_ fields: FieldReader) throws {
    let parameters = try fields.optionalObject("rope_parameters")
    let old = try fields.optionalObject("rope_scaling")
    theta = try parameters.flatMap(Self.theta) ?? Self.theta(fields) ?? 10000
    scaling = try (parameters ?? old).map(Self.scaling) ?? .none
    if let parameters,
      let first = parameters.object.members.first(where: { $0.value.object != nil })
    {
      throw ModelError.unsupported(
        path: fields.path, "rope_parameters per layer type ('\(first.name)') are not supported")
    }
    for reader in [fields, parameters].compactMap({ $0 }) {
      let factor = try reader.optionalNumber("partial_rotary_factor", "a number above 0") { $0 > 0 }
      guard factor ?? 1 == 1 else {
        throw ModelError.unsupported(
          path: fields.path, "partial_rotary_factor other than 1 is not supported")
      }
    }
  }

  private static func theta(_ fields: FieldReader) throws -> Double? {
    try fields.optionalNumber("rope_theta", "a number above 0") { $0 > 0 }
  }

  private static func scaling(_ fields: FieldReader) throws -> Scaling {
    let kind = try fields.optionalString("rope_type") ?? fields.optionalString("type") ?? "default"
    switch kind {
    case "default": return .none
    default:
      throw ModelError.unsupported(
        path: fields.path, "rope_type '\(kind)' is not supported; supported is default")
    }
  }
}
