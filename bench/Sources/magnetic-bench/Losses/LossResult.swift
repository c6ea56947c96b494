/// What was computed for one case.
struct LossResult: Encodable {
  var name: String
  /// One, or of a model two: where the responses were drawn, and after one optimizer step.
  var steps: [Step]
  /// The safetensors file of the policy's weights after the first step.
  var weights: String?

  struct Step: Encodable {
    var loss: Double
    var gradient: Gradient
  }

  enum Gradient: Encodable {
    /// dL / d(log-probability) of every response's tokens.
    case tokens([[Double]])
    /// A safetensors file with dL / d(parameter) by name.
    case file(String)

    func encode(to encoder: any Encoder) throws {
      var value = encoder.singleValueContainer()
      switch self {
      case .tokens(let rows): try value.encode(rows)
      case .file(let path): try value.encode(path)
      }
    }
  }
}

struct LossResults: Encodable {
  var results: [LossResult]
}
