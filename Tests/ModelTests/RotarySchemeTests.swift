import Foundation
import MPOModel
import Testing

/// Frequencies against those of transformers (Fixtures/make_rope.py).
@Suite struct RotarySchemeTests {
  private static let base =
    #""model_type":"llama","hidden_size":64,"num_hidden_layers":1,"intermediate_size":64,"#
    + #""num_attention_heads":2,"vocab_size":100"#

  private static func read(_ fields: String) throws -> ModelConfiguration {
    try ModelConfiguration(
      parsing: JSONValue(parsing: "{\(base),\(fields)}", path: "config.json"), path: "config.json")
  }

  private static func scheme(_ fields: String) throws -> RotaryScheme {
    guard case .rotary(let schemes) = try read(fields).shape.positions else {
      throw ModelError.argument("no rotary positions")
    }
    return schemes[0]
  }

  @Test func frequenciesAreThoseOfTransformers() throws {
    let path = Fixtures.path("rope.json")
    let cases = try #require(try JSONValue(file: path).array)
    #expect(cases.count == 7)
    for item in cases {
      let object = try #require(item.object)
      let fields = try #require(object["fields"]).serialized(sorted: false)
      let scheme = try Self.scheme(String(fields.dropFirst().dropLast()))
      let found = scheme.frequencies(headWidth: 32)
      let expected = try #require(object["frequencies"]?.array).compactMap(\.double)
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) {
        #expect(abs(Double(a) - b) <= 2e-6 * b, "\(fields)")
      }
      let factor = try #require(object["attention_factor"]?.double)
      #expect(abs(scheme.attentionFactor - factor) < 1e-6, "\(fields)")
    }
  }

  @Test func readsBothSpellings() throws {
    #expect(try Self.scheme(#""rope_theta":500000,"rope_scaling":null"#).theta == 500000)
    let v5 = #""rope_parameters":{"rope_theta":1e6,"rope_type":"default"}"#
    #expect(try Self.scheme(v5) == RotaryScheme(theta: 1e6))
  }

  @Test(arguments: [
    (#""rope_scaling":{"rope_type":"llama3"}"#, "no field 'rope_scaling.factor'"),
    (
      #""rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4}"#,
      "a number above low_freq_factor"
    ),
    (#""rope_scaling":{"type":"linear","factor":0.5}"#, "a number of at least 1"),
    (#""rope_scaling":{"type":"longrope"}"#, "rope_type 'longrope' is not supported"),
    (#""rope_theta":0"#, "field 'rope_theta': expected a number above 0"),
    (#""partial_rotary_factor":0.5"#, "partial_rotary_factor"),
    (#""rope_parameters":{"full_attention":{"rope_theta":1}}"#, "full_attention"),
  ])
  func refusesWithReason(_ fields: String, _ reason: String) {
    let error = #expect(throws: ModelError.self) { try Self.scheme(fields) }
    #expect(error?.description.contains(reason) == true, "\(error.map(\.description) ?? "")")
  }
}
