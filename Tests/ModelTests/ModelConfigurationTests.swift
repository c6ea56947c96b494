import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

@Suite struct ModelConfigurationTests {
  private static let base =
    #""model_type":"llama","hidden_size":64,"num_hidden_layers":2,"intermediate_size":96,"#
    + #""num_attention_heads":4,"vocab_size":100"#

  private func read(_ more: String = "", replacing: (String, String)? = nil) throws
    -> ModelConfiguration
  {
    var text = "{\(Self.base)\(more.isEmpty ? "" : ",")\(more)}"
    if let (old, new) = replacing { text = text.replacingOccurrences(of: old, with: new) }
    return try ModelConfiguration(
      parsing: JSONValue(parsing: text, path: "config.json"), path: "config.json")
  }

  private func message(_ more: String = "", replacing: (String, String)? = nil) -> String {
    do {
      _ = try read(more, replacing: replacing)
      return "accepted"
    } catch let error as ModelError {
      #expect(error.description.hasPrefix("config.json: "))
      return error.description
    } catch {
      return "\(error)"
    }
  }

  @Test func readsRealModel() throws {
    guard let path = SharedData.path("models/stories260K") else { return }
    let c = try ModelConfiguration(folder: path)
    let s = c.shape
    #expect(c.family == .llama && s.width == 64 && s.feedForward == 172)
    #expect(s.layers == 5 && s.heads == 8 && s.keyValueHeads == 4 && s.headWidth == 8)
    #expect(s.vocabulary == 512 && s.maxPositions == 512)
    #expect(s.norm == .rms(RMSNormSettings(epsilon: 1e-5)))
    #expect(s.positions == .rotary([RotaryScheme(theta: 10000)]) && s.tiedHead)
    #expect(c.bosID == 1 && c.eosIDs == [2] && c.padID == nil && c.dtype == "float32")
    let g = try GenerationConfiguration(folder: path, model: c)
    #expect(g.bosID == 1 && g.stopIDs == [2] && g.temperature == nil)
  }

  @Test func fillsDefaults() throws {
    let c = try read()
    let s = c.shape
    #expect(s.keyValueHeads == 4 && s.headWidth == 16)
    #expect(s.norm == .rms(RMSNormSettings(epsilon: 1e-6)) && s.maxPositions == 2048)
    #expect(!s.tiedHead && s.activation == .silu)
    #expect(s.positions == .rotary([RotaryScheme(theta: 10000)]))
    #expect(c.bosID == nil && c.eosIDs == [] && c.padID == nil && c.dtype == nil)
    #expect(try read(#""head_dim":null,"num_key_value_heads":null"#).shape.headWidth == 16)
    #expect(try read(#""eos_token_id":[2,3],"pad_token_id":-1"#).eosIDs == [2, 3])
    #expect(try read(#""attention_bias":true"#).shape.biases == [.queryKeyValue, .attentionOutput])
    #expect(try read(#""mlp_bias":true"#).shape.biases == .feedForward)
    #expect(try read(#""hidden_act":"gelu""#).shape.activation == .gelu)
  }

  @Test func namesUnknownFields() throws {
    let c = try read(#""zebra":1,"use_cache":true,"apple":null,"sliding_window":7"#)
    #expect(c.unknownFields == ["zebra", "sliding_window"])
  }

  @Test func refusesWithReason() {
    #expect(message(replacing: ("\"llama\"", "\"mamba\"")).contains("supported are: llama"))
    #expect(message(replacing: (#""model_type":"llama","#, "")).contains("no field 'model_type'"))
    #expect(message(replacing: (#""hidden_size":64,"#, "")).contains("no field 'hidden_size'"))
    #expect(message(replacing: (":64", ":\"64\"")).contains("found the text \"64\""))
    #expect(message(replacing: (":64", ":64.5")).contains("found the number 64.5"))
    #expect(message(replacing: (":64", ":-64")).contains("found the number -64"))
    #expect(message(replacing: (":64", ":66")).contains("a multiple of num_attention_heads = 4"))
    #expect(message(replacing: (":64", ":60")).contains("an even hidden_size"))
    #expect(message(replacing: ("heads\":4", "heads\":0")).contains("'num_attention_heads'"))
    #expect(message(#""num_key_value_heads":3"#).contains("a multiple of num_key_value_heads = 3"))
    #expect(message(#""head_dim":7"#).contains("field 'head_dim': expected an even number"))
    #expect(message(#""mlp_bias":1"#).contains("expected true or false, found the number 1"))
    #expect(message(#""hidden_act":"relu2""#).contains("hidden_act 'relu2' is not supported"))
    #expect(message(#""rope_interleaved":true"#).contains("rope_interleaved other than false"))
    #expect(message(#""no_rope_layers":[1,0]"#).contains("no_rope_layers is not supported"))
    #expect(message(#""quantization_config":{}"#).contains("quantized"))
    #expect(
      message(#""architectures":["LlamaForTokenClassification"]"#).contains("LlamaForCausalLM"))
    #expect(message(#""eos_token_id":100"#).contains("from 0 to 99"))
    #expect(message(#""eos_token_id":[1,100]"#).contains("token ids from 0 to 99"))
    #expect(message(#""vocab_size":7"#).contains("occurs twice"))
    #expect(message(#""rms_norm_eps":-1"#).contains("rms_norm_eps"))
    #expect(message(",").contains("line 1, column"))
  }

  @Test func writesUnknownFieldsBack() throws {
    let folder = try TemporaryFolder()
    let extra =
      #""zebra":{"b":[1,2.5,null,true],"a":"é\n\"\u0001"},"rms_norm_eps":1e-05,"torch_dtype":"x""#
    var c = try read(extra)
    c.dtype = "bfloat16"
    try c.write(folder: folder.path)
    let again = try ModelConfiguration(folder: folder.path)
    #expect(again.fields["zebra"]?.object?["b"] == c.fields["zebra"]?.object?["b"])
    #expect(again.fields["zebra"]?.object?["a"] == .string("é\n\"\u{1}"))
    #expect(again.dtype == "bfloat16" && again.fields["dtype"] == nil)
    #expect(again.shape.norm == .rms(RMSNormSettings(epsilon: 1e-5)))
    let text = try String(contentsOfFile: folder.file("config.json"), encoding: .utf8)
    #expect(text.contains("\n  \"rms_norm_eps\": 1e-05,\n"))
  }

  @Test func readsGeneration() throws {
    let folder = try TemporaryFolder()
    let model = try read(#""eos_token_id":5,"bos_token_id":1"#)
    #expect(try GenerationConfiguration(folder: folder.path, model: model).stopIDs == [5])
    try folder.write(
      #"{"eos_token_id":[7,8],"temperature":0.6,"top_p":0.9,"top_k":50,"do_sample":true,"#
        + #""max_new_tokens":99,"pad_token_id":null}"#, "generation_config.json")
    let g = try GenerationConfiguration(folder: folder.path, model: model)
    #expect(g.stopIDs == [7, 8] && g.bosID == 1 && g.padID == nil && g.temperature == 0.6)
    #expect(g.topP == 0.9 && g.topK == 50 && g.doSample == true && g.maxNewTokens == 99)
    try folder.write(#"{"top_p":1.5}"#, "generation_config.json")
    let error = #expect(throws: ModelError.self) {
      try GenerationConfiguration(folder: folder.path, model: model)
    }
    #expect(error?.description.contains("field 'top_p'") == true)
  }
}
