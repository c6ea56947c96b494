#!/usr/bin/env python3
"""Makes losses.json: losses and gradients of every algorithm in float64, for LossReferenceTests.

    make_losses.py [--trl-nash-md FOLDER] [--parity FOLDER]

By TRL's own code where it has the algorithm (see tools/check_losses.py for what to install), else by
the formulas of tools/losses/transcribed.py. Two lists:

 tables   cases of random log-probabilities: `loss` and `gradient` by every token's log-probability;
 models   cases on parity/llama, whose reference is the same model with every weight times 0.97 (in
          float32): `loss` and the norm of the gradient of every parameter, `norms`.
"""
import argparse
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../../..")
sys.path.insert(0, os.path.join(ROOT, "tools"))

from safetensors.torch import load_file, save_file  # noqa: E402

import check_losses  # noqa: E402
from losses import cases  # noqa: E402

# Steps of two prompts; every algorithm once or more.
WHOLE = ("dpo", "ipo", "online-ipo-k4", "rloo", "inpo", "sppo", "nash-md", "mpo-rt")


def rounded(value):
    """Inputs with four decimals, so that the file is small and both sides read the same."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value


def scaled(source, folder):
    weights = load_file(os.path.join(source, "model.safetensors"))
    for name in ("config.json", "generation_config.json"):
        with open(os.path.join(source, name)) as file, \
                open(os.path.join(folder, name), "w") as copy:
            copy.write(file.read())
    save_file({k: w * 0.97 for k, w in weights.items()},
              os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trl-nash-md", default="/opt/peers/trl-1.13")
    parser.add_argument("--parity", default=os.path.join(ROOT, "../shared/data/parity"))
    options = parser.parse_args()
    check_losses.PARITY = options.parity
    source = os.path.join(options.parity, "llama")
    tables = [{k: rounded(v) if k in ("policy", "old", "reference") else v
               for k, v in case.items()} for case in cases.tables(seed=7, prompts=2)]
    with tempfile.TemporaryDirectory() as folder:
        reference = scaled(source, folder)
        models = [{**case, "reference_model": reference}
                  for case in cases.models(source, os.path.join(folder, "noise"), 7, prompts=2)
                  if case["name"].removeprefix("llama/") in WHOLE]
        jobs = [{"case": case, "step": 0, "weights": None} for case in tables + models]
        wanted = check_losses.references(options, jobs, folder)
    out = {"tables": [], "models": []}
    for case, value in zip(tables + models, wanted):
        known = {"source": value["source"], "loss": value["loss"]}
        if "policy" in case:
            out["tables"].append({**case, **known, "gradient": value["gradient"]})
        else:
            norms = {k: g.norm().item() for k, g in value["gradient"].items()}
            case = {k: v for k, v in case.items() if k not in ("model", "reference_model")}
            out["models"].append({**case, **known, "norms": norms})
    with open(os.path.join(HERE, "losses.json"), "w") as file:
        lines = {k: ",\n  ".join(json.dumps(case) for case in v) for k, v in out.items()}
        file.write("{\n" + ",\n".join(f' "{k}": [\n  {v}\n ]' for k, v in lines.items()) + "\n}\n")


main()
