#!/usr/bin/env python3
"""Losses and gradients of every algorithm against independent references, within 1e-5.

    tools/check_losses.py [--bench FILE] [--trl-nash-md FOLDER] [--only TEXT] [--json FILE]

Where TRL has the algorithm the reference is TRL's own code (DPO, IPO, online DPO, online IPO, RLOO from
the installed release; Nash-MD, which 1.14 dropped, from 1.13.0 in a folder of its own), else a float64
transcription of the formula. Two kinds of case:

 log-probabilities  loss and dL/d(log-probability) of every response token, of random values;
 models             loss and the gradient of every parameter of two tiny checkpoints (llama, gpt2)
                    with a perturbed reference, where the responses were drawn (step 0) and after one
                    optimizer step on them (step 1: policy and generating policy differ).

Magnetic computes in float32 (models) on the CPU, the references in float64. Relative errors are norms:
||a - b|| / ||b|| per parameter, where ||b|| is taken as at least 1e-3 of the whole gradient's norm:
some gradients are zero but for rounding (GPT-2's key bias). A loss is compared relative to 0.1 at
least: surrogates of policy gradients are sums of advantages of both signs and cross zero. Needs torch, transformers, trl 1.16:

    pip install torch transformers trl==1.16.0
    pip install --no-deps --target /opt/peers/trl-1.13 trl==1.13.0
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from losses import cases  # noqa: E402
from losses.references import held_by  # noqa: E402

TOLERANCE = 1e-5
FLOOR = 1e-3
LOSS_FLOOR = 0.1
PARITY = os.path.join(HERE, "../../shared/data/parity")


def fail(text):
    sys.exit(f"check_losses: {text}")


def magnetic(options, drawn, folder):
    """What `magnetic-bench losses` computes for the cases, by name."""
    path = os.path.join(folder, "cases.json")
    with open(path, "w") as file:
        json.dump({"cases": drawn}, file)
    command = [options.bench, "losses", "--cases", path, "--output-dir", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"{' '.join(command)}:\n{done.stderr}")
    found = {result["name"]: result for result in json.loads(done.stdout)["results"]}
    if missing := [case["name"] for case in drawn if case["name"] not in found]:
        fail(f"{options.bench} gave no result for {', '.join(missing)}")
    return found


def references(options, jobs, folder):
    """References of all jobs, in order, each from a process with the release of TRL it needs."""
    out = [None] * len(jobs)
    for old in (False, True):
        mine = [i for i, job in enumerate(jobs)
                if (held_by(job["case"], job["step"]) == "1.13") == old]
        if not mine:
            continue
        environment = dict(os.environ)
        if old:
            if not os.path.isdir(os.path.join(options.trl_nash_md, "trl")):
                fail(f"Nash-MD is in TRL 1.13.0, which is not in {options.trl_nash_md}: pip install "
                     f"--no-deps --target {options.trl_nash_md} trl==1.13.0")
            environment["PYTHONPATH"] = options.trl_nash_md
        request, answer = (os.path.join(folder, f"references{old:d}.{e}") for e in ("json", "pt"))
        with open(request, "w") as file:
            json.dump({"folder": os.path.join(PARITY, "llama"), "jobs": [jobs[i] for i in mine]},
                      file)
        worker = os.path.join(HERE, "losses/worker.py")
        done = subprocess.run([sys.executable, worker, request, answer], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            fail(f"the references failed:\n{done.stderr[-4000:]}")
        for i, value in zip(mine, torch.load(answer)):
            out[i] = value
    return out


def flat(gradient):
    return torch.tensor([v for row in gradient for v in row], dtype=torch.float64)


def gradient_error(found, expected):
    """Largest relative error over parameters and the name of the worst; one "parameter" of rows."""
    if isinstance(expected, list):
        if [len(row) for row in found] != [len(row) for row in expected]:
            return math.inf, "shape"
        found, expected = {"tokens": flat(found)}, {"tokens": flat(expected)}
    else:
        found = load_file(found)
    if found.keys() != expected.keys():
        return math.inf, "names " + ", ".join(sorted(found.keys() ^ expected.keys()))
    whole = math.sqrt(sum(g.square().sum().item() for g in expected.values()))
    worst = (0.0, "-")
    for name, b in expected.items():
        a = found[name].double()
        scale = max(b.norm().item(), FLOOR * whole)
        error = (a - b).norm().item() / scale if a.shape == b.shape and scale > 0 else math.inf
        worst = max(worst, (error if error == error else math.inf, name))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", default=os.path.join(
        HERE, "../bench/.build/release/magnetic-bench"), help="magnetic-bench")
    parser.add_argument("--trl-nash-md", default="/opt/peers/trl-1.13", help="folder with trl 1.13.0")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    if not os.path.exists(options.bench):
        fail(f"{options.bench} is missing; swift build -c release --package-path bench")
    with tempfile.TemporaryDirectory() as folder:
        drawn = cases.tables(options.seed)
        for family in ("llama", "gpt2"):
            drawn += cases.models(os.path.join(PARITY, family), folder, options.seed)
        drawn = [case for case in drawn if options.only in case["name"]]
        if not drawn:
            fail(f"no case's name holds {options.only!r}")
        found = magnetic(options, drawn, folder)
        jobs, ours = [], []
        for case in drawn:
            for step, result in enumerate(found[case["name"]]["steps"]):
                weights = found[case["name"]]["weights"] if step else None
                jobs.append({"case": case, "step": step, "weights": weights})
                ours.append(result)
        lines, failures = [], 0
        for job, own, wanted in zip(jobs, ours, references(options, jobs, folder)):
            error, where = gradient_error(own["gradient"], wanted["gradient"])
            loss_error = abs(own["loss"] - wanted["loss"]) / max(abs(wanted["loss"]), LOSS_FLOOR)
            passed = max(error, loss_error if loss_error == loss_error else math.inf) <= TOLERANCE
            failures += not passed
            lines.append({
                "case": job["case"]["name"], "step": job["step"], "reference": wanted["source"],
                "loss": wanted["loss"], "loss_error": loss_error, "gradient_error": error,
                "worst": where, "passed": passed})
            print(f"{'ok  ' if passed else 'FAIL'} {job['case']['name']:24} step {job['step']}  "
                  f"{wanted['source']:8}  loss {own['loss']:+.6f} error {loss_error:.1e}  gradient "
                  f"error {error:.1e} ({where})")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"tolerance": TOLERANCE, "seed": options.seed, "results": lines}, file,
                      indent=1)
            file.write("\n")
    if failures:
        fail(f"{failures} of {len(lines)} comparisons are off by more than {TOLERANCE:g}")
    print(f"check_losses: PASS, {len(lines)} comparisons within {TOLERANCE:g}, "
          f"{sum(line['reference'] != 'formula' for line in lines)} of them against TRL's code")


if __name__ == "__main__":
    main()
