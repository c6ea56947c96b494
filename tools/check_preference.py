#!/usr/bin/env python3
"""A scoring folder is the same model in transformers and here.

    tools/check_preference.py FOLDER [--magnetic .build/release/magnetic] [--device cpu]

1. Of a folder that `magnetic preference` wrote: AutoModelForSequenceClassification (float32, eager
   attention) scores a few texts, alone and as one padded batch, against `magnetic score`: largest
   difference at most 1e-4, and for a reward model the order of the texts is the same. An adapter's folder
   is read by PEFT over its base.
2. The other way (model folders): transformers makes a reward model of the same backbone with another
   head and saves it; `magnetic score` must give its scores.

Needs torch and transformers, for adapters peft.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

TEXTS = [
    "Human: What is a good name for a dog?\n\nAssistant: Rex is short and easy to call.",
    "Human: What is a good name for a dog?\n\nAssistant: I do not know.",
    "a",
    "Thank you, that was kind of you! Caf\u00e9, 123 \U0001f600.",
    "No.",
]
LIMIT = 1e-4


def magnetic(options, folder, rows):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for ids in rows:
            file.write(json.dumps({"input_ids": ids}) + "\n")
        file.flush()
        out = subprocess.run(
            [options.magnetic, "score", "--model", folder, "--input", file.name, "--device",
             options.device], check=True, stdout=subprocess.PIPE, text=True).stdout
    return torch.tensor([json.loads(line)["scores"] for line in out.splitlines()],
                        dtype=torch.float64)


def reference(model, rows):
    """Scores of the rows one by one, and of all as one batch padded at the end."""
    pad = model.config.pad_token_id
    with torch.no_grad():
        alone = torch.cat([model(input_ids=torch.tensor([ids])).logits for ids in rows])
        if pad is None:
            return alone.double(), None
        width = max(map(len, rows))
        ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        batch = model(input_ids=ids, attention_mask=mask).logits
    return alone.double(), batch.double()


def compare(what, found, model, rows):
    alone, batch = reference(model, rows)
    for kind, expected in [("one by one", alone), ("padded batch", batch)]:
        if expected is None:
            print(f"  {what}, {kind}: config.json has no pad_token_id, left out")
            continue
        if found.shape != expected.shape:
            sys.exit(f"check_preference: {what}: {tuple(found.shape)} scores, expected "
                     f"{tuple(expected.shape)}")
        worst = (found - expected).abs().max().item()
        spread = (expected.max() - expected.min()).item()
        print(f"  {what}, {kind}: largest difference {worst:.2e} of a spread of {spread:.3f}")
        if not worst <= LIMIT:
            sys.exit(f"check_preference: {what}: the scores differ by {worst}, more than {LIMIT}")
        if found.shape[1] == 1 and not torch.equal(found.argsort(0), expected.argsort(0)):
            sys.exit(f"check_preference: {what}: the order of the texts differs")


def load(folder):
    kind = dict(dtype=torch.float32, attn_implementation="eager")
    if not os.path.exists(f"{folder}/adapter_config.json"):
        return AutoModelForSequenceClassification.from_pretrained(folder, **kind).eval()
    from peft import PeftModel
    adapter = json.load(open(f"{folder}/adapter_config.json"))
    base = AutoModelForSequenceClassification.from_pretrained(
        adapter["base_model_name_or_path"], num_labels=1, **kind)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    base.config.pad_token_id = tokenizer.bos_token_id
    return PeftModel.from_pretrained(base, folder).eval()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--magnetic", default=".build/release/magnetic")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(options.folder)
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    rows = [tokenizer(text)["input_ids"] + end for text in TEXTS] + [
        tokenizer(TEXTS[0])["input_ids"]]
    model = load(options.folder)
    found = magnetic(options, options.folder, rows)
    compare("a folder of magnetic", found, model, rows)
    if not os.path.exists(f"{options.folder}/adapter_config.json"):
        with tempfile.TemporaryDirectory() as folder:
            other = AutoModelForSequenceClassification.from_pretrained(
                options.folder, dtype=torch.float32, attn_implementation="eager", num_labels=1,
                ignore_mismatched_sizes=True).eval()
            torch.manual_seed(1)
            torch.nn.init.normal_(other.score.weight, std=0.1)
            other.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            compare("a folder of transformers", magnetic(options, folder, rows), other, rows)
    print("check_preference: passed")


if __name__ == "__main__":
    main()
