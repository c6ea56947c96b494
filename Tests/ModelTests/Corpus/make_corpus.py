#!/usr/bin/env python3
"""Writes the sound seeds of the fuzzed readers beside itself: seed-*. Files found-* are inputs that
once did harm; they are kept as they are. Everything here is made up for the tests."""
import json
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def write(reader, name, data):
    os.makedirs(os.path.join(HERE, reader), exist_ok=True)
    with open(os.path.join(HERE, reader, "seed-" + name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def write_json(reader, name, value):
    write(reader, name + ".json", json.dumps(value, ensure_ascii=False, separators=(",", ":")))


# Weights

WIDTHS = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "U8": 1, "BOOL": 1}


def safetensors(tensors, metadata=None):
    header, offset = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, dtype, shape in tensors:
        size = WIDTHS[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = bytes(i * 37 % 2 if i % 5 else i % 256 for i in range(offset))
    return struct.pack("<Q", len(text)) + text + data


def weights():
    write("safetensors", "empty.bin", safetensors([]))
    write("safetensors", "one.bin", safetensors([("w", "F32", [2, 3])], {"format": "pt"}))
    write("safetensors", "types.bin", safetensors(
        [(name.lower(), name, [2, 2]) for name in WIDTHS], {"format": "pt", "a": "\u00e9"}))
    write("safetensors", "ranks.bin", safetensors(
        [("scalar", "F32", []), ("none", "BF16", [0, 7]), ("deep", "F16", [1, 2, 1, 3, 1])]))
    write("safetensors", "many.bin", safetensors(
        [(f"model.layers.{i}.mlp.up_proj.weight", "BF16", [4, 2]) for i in range(30)]))
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    places = {"a": shards[0], "b": shards[0], "c": shards[1], "d": shards[1]}
    write_json("shard-index", "two", {"metadata": {"total_size": 64}, "weight_map": places})
    write_json("shard-index", "bare", {"weight_map": {"a": shards[0]}})
    write_json("shard-index", "none", {"metadata": {}, "weight_map": {}})


# Configurations

BASE = {
    "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_hidden_layers": 2,
    "num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 128,
    "rms_norm_eps": 1e-05, "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2,
    "pad_token_id": 0, "tie_word_embeddings": True, "transformers_version": "4.57.0",
}
SCALINGS = {
    "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 64},
    "linear": {"type": "linear", "factor": 2.0},
    "dynamic": {"rope_type": "dynamic", "factor": 2.0},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1,
             "original_max_position_embeddings": 32, "attention_factor": 1.1},
}


def family(model_type, architecture, **fields):
    return {"architectures": [architecture], "model_type": model_type, **BASE, **fields}


def configs():
    llama = family("llama", "LlamaForCausalLM", torch_dtype="float32", rope_theta=10000.0)
    # The first by name is the sound companion of generation-config inputs.
    write_json("config", "a-llama", llama)
    for name, scaling in SCALINGS.items():
        write_json("config", "llama-" + name, {**llama, "rope_scaling": scaling})
    write_json("config", "llama-v5", {
        **family("llama", "LlamaForCausalLM", dtype="bfloat16", attention_bias=True, mlp_bias=True),
        "rope_parameters": {"rope_theta": 5e5, **SCALINGS["llama3"]}, "eos_token_id": [2, 3]})
    write_json("config", "mistral", family(
        "mistral", "MistralForCausalLM", sliding_window=32, head_dim=16, rope_theta=1e6))
    write_json("config", "qwen2", family(
        "qwen2", "Qwen2ForCausalLM", use_sliding_window=False, sliding_window=32,
        max_window_layers=2, rope_theta=1e6))
    write_json("config", "qwen3", family(
        "qwen3", "Qwen3ForCausalLM", head_dim=32, attention_bias=False, rope_scaling=None,
        layer_types=["full_attention", "full_attention"]))
    write_json("config", "gemma", family(
        "gemma", "GemmaForCausalLM", head_dim=32, hidden_activation="gelu_pytorch_tanh",
        hidden_act="gelu_pytorch_tanh"))
    write_json("config", "gemma2", family(
        "gemma2", "Gemma2ForCausalLM", head_dim=32, hidden_activation="gelu_pytorch_tanh",
        attn_logit_softcapping=50.0, final_logit_softcapping=30.0, query_pre_attn_scalar=32,
        sliding_window=16, layer_types=["sliding_attention", "full_attention"]))
    gemma3 = family(
        "gemma3_text", "Gemma3ForCausalLM", head_dim=32, hidden_activation="gelu_pytorch_tanh",
        query_pre_attn_scalar=32, sliding_window=16, sliding_window_pattern=2,
        rope_local_base_freq=1e4, rope_theta=1e6, num_hidden_layers=4)
    write_json("config", "gemma3", gemma3)
    write_json("config", "gemma3-v5", {
        **gemma3, "layer_types": ["sliding_attention", "full_attention"] * 2, "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}})
    write_json("config", "gemma3-wrapped", {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "text_config": gemma3, "vision_config": {"hidden_size": 8}, "image_token_index": 7})
    write_json("config", "gpt2", {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 64, "n_layer": 2,
        "n_head": 4, "n_positions": 128, "n_ctx": 128, "vocab_size": 512, "n_inner": None,
        "layer_norm_epsilon": 1e-05, "activation_function": "gelu_new", "bos_token_id": 511,
        "eos_token_id": 511, "resid_pdrop": 0.1, "scale_attn_weights": True})
    write_json("generation-config", "all", {
        "bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": 0, "do_sample": True,
        "temperature": 0.6, "top_p": 0.9, "top_k": 50, "min_p": 0.05, "repetition_penalty": 1.1,
        "max_new_tokens": 64, "transformers_version": "4.57.0"})
    write_json("generation-config", "one", {"eos_token_id": 2})
    adapter = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "base", "r": 8,
        "lora_alpha": 16, "lora_dropout": 0.05, "target_modules": ["q_proj", "v_proj"],
        "bias": "none", "fan_in_fan_out": False, "use_rslora": True, "use_dora": False,
        "init_lora_weights": True, "rank_pattern": {"q_proj": 4}, "alpha_pattern": {"v_proj": 8.5},
        "layers_to_transform": [0, 1], "modules_to_save": None, "inference_mode": True}
    write_json("adapter-config", "names", adapter)
    write_json("adapter-config", "all", {
        "peft_type": "LORA", "target_modules": "all-linear", "layers_to_transform": 1, "r": 1})
    write("json", "scalars.json", '[null,true,false,0,-1,1.5,-2e-3,1E+9,"","a\\u00e9\\ud83d\\ude00\\n"]')
    write("json", "nested.json", ' {"a" : {"b" : [ [ ] , {} , {"c" : [1, 2]} ] } ,\n\t"\\"" : "\u00e9\u4f60"}')


# Tokenizers

def byte_alphabet():
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        table[byte] = chr(byte) if byte in kept else chr(256 + extra)
        extra += byte not in kept
    return [table[byte] for byte in range(256)]


def added(*contents, first):
    return [{"id": first + i, "content": content, "single_word": False, "lstrip": i == 2,
             "rstrip": i == 3, "normalized": i == 4, "special": i < 2}
            for i, content in enumerate(contents)]


def pieces(words):
    """Every word of two or more characters by joining its two parts, which come earlier."""
    merges = []
    for word in words:
        for cut in range(len(word) - 1, 0, -1):
            if (len(word[:cut]) == 1 or word[:cut] in words) and (
                    len(word[cut:]) == 1 or word[cut:] in words):
                merges.append((word[:cut], word[cut:]))
                break
    return merges


def byte_level(pre_tokenizer, normalizer=None, split=False, post=None, **model):
    words = ["\u0120a", "he", "ll", "hell", "hello", "\u0120w", "or", "\u0120wor", "12", "aa", "aaaa"]
    # A vocabulary of part of the bytes keeps the seed small.
    letters = [letter for i, letter in enumerate(byte_alphabet()) if i < 128 or i >= 0xC2]
    vocabulary = {piece: i for i, piece in enumerate(letters + words)}
    merges = pieces(words)
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added("<s>", "<|end|>", "<l>", "<r>", first=len(vocabulary)),
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
        "post_processor": post or {"type": "ByteLevel", "add_prefix_space": True,
                                   "trim_offsets": False, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, **model, "vocab": vocabulary,
                  "merges": [list(m) if split else " ".join(m) for m in merges]}}


def fallback():
    words = ["\u2581h", "el", "lo", "\u2581hel", "\u2581hello", "\u2581\u2581", "aa"]
    vocabulary = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    vocabulary += sorted(set("".join(words)) | set("worda123")) + words
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added("<unk>", "<s>", "</s>", first=0),
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                       {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>",
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
                  "byte_fallback": True, "ignore_merges": False,
                  "vocab": {piece: i for i, piece in enumerate(vocabulary)},
                  "merges": [" ".join(m) for m in pieces(words)]}}


def gemma():
    value = fallback()
    value["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    value["pre_tokenizer"] = {"type": "Split", "pattern": {"String": " "},
                              "behavior": "MergedWithPrevious", "invert": False}
    value["decoder"]["decoders"].pop()
    return value


def unigram(byte_fallback):
    vocabulary = [["<unk>", 0.0], ["<s>", 0.0], ["</s>", 0.0]]
    vocabulary += [[f"<0x{i:02X}>", -20.0] for i in range(256)] if byte_fallback else []
    for i, piece in enumerate(["\u2581", "\u2581hello", "h", "e", "l", "o", "he", "ll", "a", "aa",
                               "1", "2", "12", "\u2581wor", "ld", "\u4f60", "\u597d"]):
        vocabulary.append([piece, -2.0 - i / 7])
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always",
                 "split": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": added("<unk>", "<s>", "</s>", first=0),
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
        "pre_tokenizer": metaspace, "post_processor": None, "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": byte_fallback,
                  "vocab": vocabulary}}


LLAMA3 = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def split_then_bytes(pattern):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}


def tokenizers():
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    # The first by name is the sound companion of tokenizer-config inputs.
    write_json("tokenizer", "a-byte-level", byte_level(level))
    write_json("tokenizer", "digits", byte_level({"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, level]}, split=True))
    write_json("tokenizer", "llama3", byte_level(
        split_then_bytes(LLAMA3), ignore_merges=True, split=True, post={
            "type": "Sequence", "processors": [
                {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False,
                 "use_regex": True},
                {"type": "TemplateProcessing",
                 "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                            {"Sequence": {"id": "A", "type_id": 0}}],
                 "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
                 "special_tokens": {"<s>": {"id": "<s>", "ids": [201], "tokens": ["<s>"]}}}]}))
    write_json("tokenizer", "qwen", byte_level(
        split_then_bytes(LLAMA3.replace("{1,3}", "")), normalizer={"type": "NFC"}))
    write_json("tokenizer", "llama2", fallback())
    write_json("tokenizer", "gemma", gemma())
    write_json("tokenizer", "unigram", unigram(False))
    write_json("tokenizer", "unigram-bytes", unigram(True))
    write_json("tokenizer-config", "texts", {
        "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "<|end|>",
        "pad_token": None, "unk_token": "<s>", "model_max_length": 2048,
        "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False,
        "chat_template": "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}",
        "added_tokens_decoder": {"201": {"content": "<s>", "special": True}}})
    write_json("tokenizer-config", "objects", {
        "bos_token": {"__type": "AddedToken", "content": "<s>", "lstrip": False, "special": True},
        "eos_token": {"content": "<|end|>", "single_word": False}, "model_max_length": 1e30,
        "chat_template": [{"name": "default", "template": "{{ messages[0].content }}"},
                          {"name": "tool_use", "template": "{{ tools | tojson }}"}]})


# Chat templates

LOOP = "{% for message in messages %}"
TEMPLATES = {
    "chatml": LOOP + "{{ '<|im_start|>' + message['role'] + '\\n' + (message['content'] or '')"
    " + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "headers": "{{- bos_token }}\n{%- if messages and messages[0]['role'] == 'system' %}\n"
    "    {%- set system = messages[0]['content'] | trim %}\n    {%- set rest = messages[1:] %}\n"
    "{%- else %}\n    {%- set system = 'None' %}\n    {%- set rest = messages %}\n{%- endif %}\n"
    "{{- '<|h|>system<|e|>\\n\\n' + system }}\n{%- for m in rest %}\n"
    "    {{- '<|h|>' ~ m.role ~ '<|e|>' }}\n    {%- if m.tool_calls is defined %}\n"
    "        {%- for call in m.tool_calls %}{{- call.function | tojson(indent=2) }}{%- endfor %}\n"
    "    {%- elif m.content is string %}{{- m.content.strip() | upper }}\n"
    "    {%- else %}{{- '' }}{%- endif %}\n{%- endfor %}\n",
    "turns": "{{ bos_token }}{% if messages and messages[0].role == 'nobody' %}"
    "{{ raise_exception('no ' + messages[0].role) }}{% endif %}" + LOOP +
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) and false %}x{% endif %}"
    "{% if loop.first %}[{% elif loop.last %}]{% else %}|{% endif %}"
    "{{ '<t>' + message.role + '\\n' + (message.content | default('', true) | trim) }}"
    "{% endfor %}{{ range(3) | list | join(', ') }}{{ messages | length }}",
    "namespace": "{% set ns = namespace(found=false, n=0) %}" + LOOP +
    "{% set ns.n = ns.n + 1 %}{% if message.role == 'tool' %}{% set ns.found = true %}{% endif %}"
    "{% if '</think>' in (message.content or '') %}{{ message.content.split('</think>')[-1] }}"
    "{% endif %}{% endfor %}{{ ns.n }}{{ ns.found }}"
    "{% for m in messages[::-1] %}{{ m.role[0] }}{% endfor %}",
    "macro": "{% macro show(value, depth=0) -%}{% if value is mapping %}{% for k, v in value.items() %}"
    "{{ k }}={{ show(v, depth + 1) }};{% endfor %}{% elif value is iterable and value is not string %}"
    "{% for v in value %}{{ show(v, depth + 1) }},{% endfor %}{% else %}{{ value }}{% endif %}"
    "{%- endmacro %}{# tools #}{% for tool in tools or [] %}{{ show(tool) }}{% endfor %}"
    "{% set users = messages | selectattr('role', 'equalto', 'user') | list %}{{ users | length }}",
    "generation": LOOP + "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}"
    "{% endgeneration %}{% else %}{{ message.content }}{% endif %}{% endfor %}",
}


def templates():
    for name, text in TEMPLATES.items():
        write("template", name + ".jinja", text)


if __name__ == "__main__":
    weights()
    configs()
    tokenizers()
    templates()
