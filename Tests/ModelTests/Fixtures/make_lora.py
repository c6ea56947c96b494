#!/usr/bin/env python3
"""Makes lora/<family>/: a PEFT adapter over a checkpoint of shared/data/parity, and what float64
PyTorch makes of it.

    make_lora.py [PARITY_FOLDER]        needs torch, transformers and peft

Each folder holds adapter_config.json and adapter_model.safetensors as PEFT writes them (B is random,
so that the adapter changes the model; alpha and ranks differ between modules), and
golden.safetensors: nll of the parity folder's rows, and grad.<name in the adapter's file>.
"""
import json
import os
import shutil
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {
    "llama": dict(r=3, lora_alpha=5, target_modules=["q_proj", "v_proj", "down_proj"]),
    "gpt2": dict(r=2, lora_alpha=6, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True,
                 use_rslora=True),
    "qwen3": dict(r=2, lora_alpha=4, target_modules="all-linear",
                  rank_pattern={"k_proj": 1, "layers.1.self_attn.o_proj": 3},
                  alpha_pattern={"gate_proj": 7}),
}


def make(family, settings, parity):
    source = os.path.join(parity, family)
    torch.manual_seed(17)
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings))
    for name, p in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.2)
    target = os.path.join(HERE, "lora", family)
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    os.remove(os.path.join(target, "README.md"))
    path = os.path.join(target, "adapter_config.json")
    config = json.load(open(path))
    config["base_model_name_or_path"] = "parity/" + family
    json.dump(config, open(path, "w"), indent=2, sort_keys=True)
    model = model.double()
    golden = load_file(os.path.join(source, "golden.safetensors"))
    ids, mask = golden["input_ids"], golden["attention_mask"]
    total, count = 0.0, 0
    for row, keep in zip(ids, mask):
        row = row[keep.bool()].long()[None]
        logits = model(row).logits[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="sum")
        count += row.shape[1] - 1
    nll = total / count
    nll.backward()
    out = {"nll": nll.detach().reshape(1)}
    for name, p in model.named_parameters():
        if p.requires_grad:
            out["grad." + name.replace(".default", "")] = p.grad.float().contiguous()
    save_file(out, os.path.join(target, "golden.safetensors"))
    print(family, float(nll.detach()), len(out) - 1)


def main():
    parity = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../../../../shared/data/parity")
    for family, settings in CASES.items():
        make(family, settings, parity)


main()
