import MPOBackend
import MPOModel
import TestSupport
import Testing

/// What each family's `config.json` becomes; the mathematics is in `ParityTests`.
@Suite struct ModelFamilyTests {
  private func read(_ type: String, _ more: String = "") throws -> ModelConfiguration {
    let text =
      #"{"model_type":"\#(type)","hidden_size":64,"num_hidden_layers":7,"#
      + #""intermediate_size":96,"num_attention_heads":8,"vocab_size":100"#
      + "\(more.isEmpty ? "" : ",")\(more)}"
    return try ModelConfiguration(
      parsing: JSONValue(parsing: text, path: "config.json"), path: "config.json")
  }

  private func windows(_ c: ModelConfiguration) -> [Int] { c.shape.blocks.map(\.window) }

  @Test func mistralSlidesEverywhere() throws {
    #expect(windows(try read("mistral")) == Array(repeating: 4096, count: 7))
    #expect(
      windows(try read("mistral", #""sliding_window":null"#)) == Array(repeating: 0, count: 7))
    #expect(try read("mistral").shape.keyValueHeads == 8)
  }

  @Test func qwenSlidesWhereItSays() throws {
    #expect(try read("qwen2", #""num_key_value_heads":2"#).shape.biases == .queryKeyValue)
    let some = #""num_key_value_heads":2,"use_sliding_window":true,"sliding_window":9,"#
    #expect(
      windows(try read("qwen2", some + #""max_window_layers":5"#)) == [0, 0, 0, 0, 0, 9, 9])
    let types =
      #""layer_types":["sliding_attention","full_attention","full_attention","#
      + #""full_attention","full_attention","full_attention","sliding_attention"]"#
    #expect(windows(try read("qwen3", some + types)) == [9, 0, 0, 0, 0, 0, 9])
    let three = try read("qwen3", #""num_key_value_heads":2"#).shape
    #expect(three.headWidth == 128 && three.normsHeads && three.biases == [])
  }

  @Test func gemmas() throws {
    let one = try read("gemma", #""num_key_value_heads":1"#).shape
    #expect(one.norm == .rms(RMSNormSettings(epsilon: 1e-6, weightOffset: 1)))
    #expect(one.embeddingScale == 8 && one.tiedHead && one.headWidth == 256)
    #expect(one.activation == .geluTanh && !one.normsBranches)
    let early = try read("gemma", #""num_key_value_heads":1,"hidden_act":"gelu""#)
    #expect(early.shape.activation == .geluTanh)
    let two = try read("gemma2").shape
    #expect(two.attentionSoftcap == 50 && two.logitSoftcap == 30 && two.attentionScale == 1 / 16)
    #expect(two.blocks.map(\.window) == [4096, 0, 4096, 0, 4096, 0, 4096])
    #expect(try read("gemma2", #""final_logit_softcapping":null"#).shape.logitSoftcap == 0)
    let three = try read("gemma3_text", #""sliding_window":512"#).shape
    #expect(three.blocks.map(\.window) == [512, 512, 512, 512, 512, 0, 512])
    #expect(three.blocks.map(\.rotary) == [1, 1, 1, 1, 1, 0, 1])
    #expect(
      three.positions == .rotary([RotaryScheme(theta: 1e6), RotaryScheme(theta: 1e4)]))
  }

  @Test func gemma3InsideAWrapper() throws {
    let text =
      #"{"model_type":"gemma3","architectures":["Gemma3ForConditionalGeneration"],"#
      + #""eos_token_id":[1,6],"text_config":{"model_type":"gemma3_text","hidden_size":64,"#
      + #""num_hidden_layers":2,"intermediate_size":96,"#
      + #""rope_scaling":{"rope_type":"linear","factor":8},"bos_token_id":3}}"#
    let c = try ModelConfiguration(
      parsing: JSONValue(parsing: text, path: "config.json"), path: "config.json")
    // The hub's files leave these to the class.
    #expect(c.shape.vocabulary == 262_208 && c.shape.heads == 8 && c.shape.headWidth == 256)
    #expect(c.family == .gemma3 && c.eosIDs == [1, 6] && c.bosID == 3)
    #expect(
      c.shape.positions
        == .rotary([
          RotaryScheme(theta: 1e6, scaling: .linear(factor: 8)), RotaryScheme(theta: 1e4),
        ]))
  }

  @Test func gpt2() throws {
    let text = #"{"model_type":"gpt2","n_embd":48,"n_layer":2,"n_head":6,"vocab_size":100}"#
    let s = try ModelConfiguration(
      parsing: JSONValue(parsing: text, path: "config.json"), path: "config.json"
    ).shape
    #expect(s.width == 48 && s.feedForward == 192 && s.maxPositions == 1024 && s.tiedHead)
    #expect(s.norm == .layer(epsilon: 1e-5) && s.positions == .learned && !s.isGated)
    #expect(s.biases == [.queryKeyValue, .attentionOutput, .feedForward])
  }

  @Test(arguments: [
    ("gemma3_text", #""attn_logit_softcapping":50"#, "attn_logit_softcapping is not supported"),
    ("gemma3_text", #""use_bidirectional_attention":true"#, "use_bidirectional_attention"),
    ("qwen3", #""layer_types":["full_attention"]"#, "a list of 7 names"),
    ("mamba", "", "supported are: llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3_text, gpt2"),
  ])
  func refusesWithReason(_ type: String, _ fields: String, _ reason: String) {
    let error = #expect(throws: ModelError.self) { try read(type, fields) }
    #expect(error?.description.contains(reason) == true, "\(error.map(\.description) ?? "")")
  }
}
