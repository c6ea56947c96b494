import Foundation

/// The decoder families, by `model_type`. SmolLM 1 and 2, TinyLlama and many more say "llama".
public enum ModelFamily: String, Sendable, CaseIterable {
  case llama
  case mistral
  case qwen2
  case qwen3
  case gemma
  case gemma2
  /// Also inside the `text_config` of a "gemma3".
  case gemma3 = "gemma3_text"
  case gpt2

  /// The `architectures` that this family's decoder is; the first is written for a new model.
  var architectures: [String] {
    switch self {
    case .llama: return ["LlamaForCausalLM"]
    case .mistral: return ["MistralForCausalLM"]
    case .qwen2: return ["Qwen2ForCausalLM"]
    case .qwen3: return ["Qwen3ForCausalLM"]
    case .gemma: return ["GemmaForCausalLM"]
    case .gemma2: return ["Gemma2ForCausalLM"]
    case .gemma3: return ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"]
    case .gpt2: return ["GPT2LMHeadModel"]
    }
  }

  /// The class of Hugging Face that scores texts by this family's decoder.
  var scoringArchitecture: String {
    switch self {
    case .gpt2: return "GPT2ForSequenceClassification"
    case .gemma3: return "Gemma3TextForSequenceClassification"
    default:
      return architectures[0].replacingOccurrences(
        of: "ForCausalLM", with: "ForSequenceClassification")
    }
  }

  /// The decoder that a file's fields describe. `wrapper` is the file around a `text_config`.
  func shape(_ reader: FieldReader, wrapper: FieldReader?) throws -> DecoderShape {
    switch self {
    case .llama: return try LlamaFamilies.llama(reader)
    case .mistral: return try LlamaFamilies.mistral(reader)
    case .qwen2: return try LlamaFamilies.qwen2(reader)
    case .qwen3: return try LlamaFamilies.qwen3(reader)
    case .gemma: return try GemmaFamilies.gemma(reader)
    case .gemma2: return try GemmaFamilies.gemma2(reader)
    case .gemma3: return try GemmaFamilies.gemma3(reader, wrapper: wrapper)
    case .gpt2: return try GPT2Family.shape(reader)
    }
  }

  /// The family, and the reader of the fields that describe its decoder: those of `text_config` in a
  /// multimodal wrapper.
  static func find(_ reader: FieldReader) throws -> (ModelFamily, FieldReader) {
    let name = try reader.string("model_type")
    var (family, inner) = (ModelFamily(rawValue: name), reader)
    if name == "gemma3", let text = try reader.optionalObject("text_config") {
      (family, inner) = (.gemma3, text)
      if let kind = try text.optionalString("model_type"), kind != "gemma3_text" {
        throw text.wrong("model_type", expected: "\"gemma3_text\"")
      }
    }
    guard let family else {
      let known = allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError.unsupported(
        path: reader.path, "model_type '\(name)' is not supported; supported are: \(known)")
    }
    guard let list = reader.value("architectures") else { return (family, inner) }
    guard let names = list.array?.map(\.string), !names.contains(nil) else {
      throw reader.wrong("architectures", expected: "a list of texts")
    }
    let supported = family.architectures + [family.scoringArchitecture]
    for case let name? in names where !supported.contains(name) {
      let known = supported.joined(separator: ", ")
      throw ModelError.unsupported(
        path: reader.path, "architecture '\(name)' is not supported; supported are: \(known)")
    }
    return (family, inner)
  }

  /// Settings that would change the formulas.
  static func refuseUnsupported(_ reader: FieldReader) throws {
    for name in [
      "rope_interleaved", "use_bidirectional_attention", "add_cross_attention", "alibi",
      "scale_attn_by_inverse_layer_idx",
    ] where reader.value(name).map({ $0 != .bool(false) }) ?? false {
      throw ModelError.unsupported(
        path: reader.path, "\(reader.prefix)\(name) other than false is not supported")
    }
    for name in ["no_rope_layers", "no_rope_layer_interval", "num_experts", "num_local_experts"]
    where reader.has(name) {
      throw ModelError.unsupported(
        path: reader.path, "\(reader.prefix)\(name) is not supported")
    }
    if reader.has("quantization_config") {
      throw ModelError.unsupported(
        path: reader.path,
        "quantization_config: quantized weights are not supported; use the unquantized model")
    }
  }
}

extension ModelFamily {
  /// Fields that are read, or that say nothing about the mathematics of a forward pass. Dropout is
  /// among them: it is not applied in training, as TRL's `disable_dropout` has it.
  private static let known: Set<String> = [
    "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "_name_or_path",
    "use_cache", "initializer_range", "attention_dropout", "bos_token_id", "eos_token_id",
    "pad_token_id", "vocab_size", "tie_word_embeddings", "id2label", "label2id", "num_labels",
    "problem_type", "classifier_dropout", "pretraining_tp",
    "_attn_implementation", "_attn_implementation_autoset", "cache_implementation",
    "max_position_embeddings", "rope_theta", "rope_scaling", "rope_parameters",
    "rope_interleaved", "partial_rotary_factor", "original_max_position_embeddings",
    "quantization_config", "use_bidirectional_attention", "hidden_size", "num_hidden_layers",
    "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim", "rms_norm_eps",
    "hidden_act", "is_llama_config", "transformers.js_config", "output_attentions",
    "output_hidden_states", "return_dict", "is_encoder_decoder",
  ]

  /// Fields of one family.
  private var own: Set<String> {
    switch self {
    case .llama: return ["attention_bias", "mlp_bias"]
    case .mistral: return ["sliding_window"]
    case .qwen2, .qwen3:
      return [
        "attention_bias", "sliding_window", "use_sliding_window", "max_window_layers",
        "layer_types",
      ]
    case .gemma, .gemma2, .gemma3:
      return [
        "attention_bias", "hidden_activation", "query_pre_attn_scalar", "sliding_window",
        "layer_types", "attn_logit_softcapping", "final_logit_softcapping",
        "sliding_window_pattern", "_sliding_window_pattern", "rope_local_base_freq",
      ]
    case .gpt2:
      return [
        "n_embd", "n_layer", "n_head", "n_positions", "n_ctx", "n_inner", "layer_norm_epsilon",
        "activation_function", "attn_pdrop", "embd_pdrop", "resid_pdrop", "summary_activation",
        "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj",
        "task_specific_params", "scale_attn_weights", "scale_attn_by_inverse_layer_idx",
        "reorder_and_upcast_attn", "add_cross_attention",
      ]
    }
  }

  func unknownFields(_ reader: FieldReader) -> [String] {
    let own = own
    return reader.object.members.map(\.name).filter {
      !Self.known.contains($0) && !own.contains($0) && reader.has($0)
    }
  }
}
