#!/usr/bin/env python3
"""Makes rope.json: rotary frequencies of transformers for config.json fields of several kinds.

    make_rope.py        needs torch and transformers

Each case holds the fields that the config adds to a small Llama, and the inverse frequencies and
attention factor that transformers computes from them (float32).
"""
import json
import os

from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

BASE = dict(hidden_size=64, num_attention_heads=2, num_key_value_heads=2, num_hidden_layers=1,
            intermediate_size=64, vocab_size=100)
CASES = [
    {"rope_theta": 500000.0, "max_position_embeddings": 131072, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}},
    {"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 4.0}},
    {"max_position_embeddings": 2048, "rope_scaling": {"type": "dynamic", "factor": 2.0}},
    {"rope_theta": 1000000.0, "max_position_embeddings": 32768, "rope_scaling": {
        "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}},
    {"max_position_embeddings": 4096, "rope_parameters": {
        "rope_theta": 10000.0, "rope_type": "yarn", "factor": 16.0, "beta_fast": 24,
        "beta_slow": 2, "original_max_position_embeddings": 256, "truncate": False}},
    {"max_position_embeddings": 4096, "rope_parameters": {
        "rope_theta": 10000.0, "rope_type": "yarn", "factor": 40.0, "mscale": 1.0,
        "mscale_all_dim": 0.707, "original_max_position_embeddings": 512}},
    {"max_position_embeddings": 4096, "rope_parameters": {
        "rope_theta": 20000.0, "rope_type": "yarn", "factor": 2.0, "attention_factor": 0.9}},
]


def main():
    out = []
    for fields in CASES:
        rope = LlamaRotaryEmbedding(LlamaConfig(**{**BASE, **json.loads(json.dumps(fields))}))
        out.append({"fields": fields, "frequencies": [float(x) for x in rope.inv_freq],
                    "attention_factor": float(rope.attention_scaling)})
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rope.json")
    with open(path, "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")


main()
