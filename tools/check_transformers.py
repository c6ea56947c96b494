#!/usr/bin/env python3
"""A folder that magnetic wrote loads in transformers, with the logits that magnetic computes.

    tools/check_transformers.py FOLDER [--magnetic .build/release/magnetic] [--device cpu]

transformers' log-probabilities of a few texts (float32, the folder's weights widened) against
`magnetic score`: relative error ||a - b|| / ||b|| of at most 1e-4 over all of them, and equal token
ids. Then the folder's greedy continuation, token by token. Needs torch and transformers.
"""
import argparse
import json
import subprocess
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = [
    "Once upon a time, there was a little girl named Lily. She loved to play outside.",
    "The dog was big. \"No!\" said Tom, and he ran home.",
    "a",
    "Zebras juggle 123 xylophones; caf\u00e9 \U0001f600.",
]


def magnetic(arguments):
    out = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--magnetic", default=".build/release/magnetic")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(options.folder)
    command = [options.magnetic, "score", "--model", options.folder, "--device", options.device]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for text in TEXTS:
            file.write(json.dumps({"text": text}) + "\n")
            ids = tokenizer(text)["input_ids"]
            file.write(json.dumps({"input_ids": ids}) + "\n")
        file.flush()
        lines = magnetic(command + ["--input", file.name])
    found, expected = [], []
    for i, text in enumerate(TEXTS):
        by_text, by_ids = lines[2 * i]["logprobs"], lines[2 * i + 1]["logprobs"]
        if by_text != by_ids:
            sys.exit(f"check_transformers: token ids differ for {text!r}")
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.no_grad():
            log_probs = model(ids).logits[0].double().log_softmax(-1)
        expected += log_probs[:-1].gather(-1, ids[0, 1:, None])[:, 0].tolist()
        found += by_text
    a, b = torch.tensor(found, dtype=torch.float64), torch.tensor(expected, dtype=torch.float64)
    if a.shape != b.shape:
        sys.exit(f"check_transformers: {len(found)} log-probabilities, expected {len(expected)}")
    error = ((a - b).norm() / b.norm()).item()
    if not error <= 1e-4:
        sys.exit(f"check_transformers: relative error {error:.2e}, expected at most 1e-4")

    prompt = "Once upon a time"
    ids = torch.tensor([tokenizer(prompt)["input_ids"]])
    with torch.no_grad():
        greedy = model.generate(ids, do_sample=False, max_new_tokens=24)[0, ids.shape[1]:].tolist()
    line = magnetic([
        options.magnetic, "generate", "--model", options.folder, "--device", options.device,
        "--prompt", prompt, "--max-new-tokens", "24", "--temperature", "0", "--json"])[0]
    if line["token_ids"] != greedy:
        sys.exit(f"check_transformers: greedy tokens {line['token_ids']}, expected {greedy}")
    dtype = json.load(open(options.folder + "/config.json")).get("torch_dtype")
    print(f"check_transformers: PASS, {options.folder} ({dtype}), relative error {error:.1e} over "
          f"{len(found)} log-probabilities, {len(greedy)} greedy tokens equal")


main()
