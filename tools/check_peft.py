#!/usr/bin/env python3
"""Adapters go both ways between magnetic and PEFT, and trained models load in transformers.

    tools/check_peft.py [--magnetic .build/release/magnetic] [--model FOLDER]

In a temporary folder, over a real model (stories260K by default):
1. an adapter that magnetic trained loads in PEFT and gives the log-probabilities that magnetic
   computes, relative error at most 1e-4; merged by magnetic it loads in transformers with the same;
2. an adapter that PEFT made (random B, rslora, patterns of rank and alpha) gives equal
   log-probabilities in magnetic, trains on there, and loads in PEFT again;
3. a model whose weights magnetic trained in full loads in transformers, f32 and bf16.
Needs torch, transformers and peft.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(HERE, "../../shared/data")
TEXTS = [
    "Once upon a time, there was a little girl named Lily. She loved to play outside.",
    "The dog was big. \"No!\" said Tom, and he ran home.",
    "Zebras juggle 123 xylophones; caf\u00e9 \U0001f600.",
]


class Check:
    def __init__(self, options, folder):
        self.magnetic, self.base, self.folder = options.magnetic, options.model, folder
        self.tokenizer = AutoTokenizer.from_pretrained(self.base)
        self.failures = 0
        self.path("texts.jsonl", "".join(json.dumps({"text": t}) + "\n" for t in TEXTS))
        self.path("train.jsonl", "".join(json.dumps({"text": t}) + "\n" for t in TEXTS * 40))

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
        return path

    def run(self, *arguments):
        done = subprocess.run([self.magnetic, *arguments, "--device", "cpu"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"check_peft: magnetic {' '.join(arguments)}:\n{done.stderr}")
        return done.stdout

    def train(self, name, model, *more):
        out = self.path(name)
        self.run("sft", "--model", model, "--dataset", self.path("train.jsonl"), "--max-steps", "8",
                 "--learning-rate", "3e-3", "--max-length", "64", "--output-dir", out, *more)
        return out

    def ours(self, model):
        lines = self.run("score", "--model", model, "--input", self.path("texts.jsonl"))
        return [x for line in lines.splitlines() for x in json.loads(line)["logprobs"]]

    def theirs(self, model):
        found = []
        for text in TEXTS:
            ids = torch.tensor([self.tokenizer(text)["input_ids"]])
            with torch.no_grad():
                logits = model(ids).logits[0, :-1].double().log_softmax(-1)
            found += logits.gather(-1, ids[0, 1:, None])[:, 0].tolist()
        return found

    def peft(self, adapter):
        base = AutoModelForCausalLM.from_pretrained(self.base, dtype=torch.float32)
        return PeftModel.from_pretrained(base, adapter).eval()

    def close(self, what, a, b, bound=1e-4):
        a, b = torch.tensor(a), torch.tensor(b)
        error = ((a - b).norm() / b.norm()).item() if a.shape == b.shape else float("inf")
        self.report(what, error <= bound, f"relative error {error:.1e}")

    def report(self, what, passed, detail):
        self.failures += not passed
        print(f"{'PASS' if passed else 'FAIL'}  {what}: {detail}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--magnetic", default=".build/release/magnetic")
    parser.add_argument("--model", default=os.path.join(SHARED, "models/stories260K"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(options, folder)
        before = check.ours(check.base)

        lora = ("--use-peft", "--lora-target-modules", "all-linear", "--lora-r", "4",
                "--use-rslora")
        adapter = check.train("adapter", check.base, *lora)
        trained = check.ours(adapter)
        check.report("training moved the model", trained != before, "log-probabilities differ")
        check.close("our adapter in PEFT", check.theirs(check.peft(adapter)), trained)
        check.run("merge", "--adapter", adapter, "--output-dir", check.path("merged"))
        merged = AutoModelForCausalLM.from_pretrained(check.path("merged"), dtype=torch.float32)
        check.close("our merged model in transformers", check.theirs(merged.eval()), trained)

        made = get_peft_model(
            AutoModelForCausalLM.from_pretrained(check.base, dtype=torch.float32),
            LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=7, use_rslora=True,
                       target_modules=["q_proj", "down_proj", "k_proj"],
                       # The first name that fits counts, not the longest.
                       rank_pattern={"k_proj": 2, "layers.0.self_attn.k_proj": 5},
                       alpha_pattern={"layers.1.mlp.down_proj": 3, "down_proj": 9}))
        for name, parameter in made.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
        made.save_pretrained(check.path("peft"))
        # Read back: PEFT sorts the patterns when it writes them, and their order counts.
        theirs = check.theirs(check.peft(check.path("peft")))
        check.close("PEFT's adapter in ours", check.ours(check.path("peft")), theirs)
        onward = check.train("onward", check.path("peft"), "--use-peft")
        after = check.ours(onward)
        check.report("PEFT's adapter trains on", after != theirs, "log-probabilities differ")
        check.close("and loads in PEFT again", check.theirs(check.peft(onward)), after)

        for dtype, bound in (("float32", 1e-4), ("bfloat16", 1e-4)):
            full = check.train("full-" + dtype, check.base, "--save-dtype", dtype)
            model = AutoModelForCausalLM.from_pretrained(full, dtype=torch.float32).eval()
            stored = json.load(open(os.path.join(full, "config.json")))
            stored = stored.get("dtype", stored.get("torch_dtype"))
            check.report(f"full model, {dtype}", stored == dtype, f"config says {stored}")
            check.close(f"full model, {dtype}, in transformers", check.theirs(model),
                        check.ours(full), bound)
        sys.exit(1 if check.failures else 0)


main()
