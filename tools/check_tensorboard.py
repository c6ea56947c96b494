#!/usr/bin/env python3
"""TensorBoard reads what magnetic writes with report_to: tensorboard.

    tools/check_tensorboard.py [--magnetic .build/release/magnetic] [--model FOLDER]

Trains stories260K for a few steps, resumes once from an earlier checkpoint, tears the newest file
as a kill would, and reads the folder with TensorBoard's EventAccumulator and its plugin's:
1. every number of metrics.jsonl is a scalar, at the same steps, to float32;
2. after resuming no step stands twice, and steps past the checkpoint are those of the second run;
3. a torn last record loses that step and no other;
4. completions are a text summary, a table, and TensorBoard's own renderer lets no markup through;
5. the file's version and name are as TensorBoard expects.
Needs: pip install tensorboard 'setuptools<81'.
"""
import argparse
import glob
import json
import logging
import math
import os
import re
import struct
import subprocess
import sys
import tempfile

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.util import tensor_util

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(HERE, "../../shared/data")
CONFIG = """
model_name_or_path: {model}
dataset_name: {folder}/prompts.jsonl
output_dir: {folder}/run
per_device_train_batch_size: 1
num_generations: 8
max_new_tokens: 6
max_steps: {steps}
save_steps: 4
eval_steps: 2
log_completions: true
report_to: {report}
device: cpu
judge:
  type: panel
  annotators:
    - {{rule: length, target: 4, unit: words}}
    - {{rule: repetition, ngram: 2}}
"""
failures = 0


def report(what, passed, detail=""):
    global failures
    failures += not passed
    print(f"{'PASS' if passed else 'FAIL'}  {what}{': ' if detail else ''}{detail}")


def train(options, folder, steps, *more):
    config = os.path.join(folder, "game.yaml")
    with open(config, "w") as file:
        file.write(CONFIG.format(model=options.model, folder=folder, steps=steps, report="[tensorboard]"))
    done = subprocess.run([options.magnetic, "train", "--config", config, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"check_tensorboard: magnetic train:\n{done.stdout}")


def logged(run):
    with open(os.path.join(run, "metrics.jsonl")) as file:
        return [json.loads(line) for line in file]


def accumulate(run):
    accumulator = event_accumulator.EventAccumulator(
        run, size_guidance={event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0})
    accumulator.Reload()
    return accumulator


def compare(what, run):
    """Scalars of TensorBoard against metrics.jsonl."""
    found, lines, wrong = accumulate(run), logged(run), []
    names = {name for line in lines for name in line if name not in ("step", "completions")}
    if set(found.Tags()["scalars"]) != names:
        wrong.append(f"tags {set(found.Tags()['scalars']) ^ names}")
    count = 0
    for name in sorted(names & set(found.Tags()["scalars"])):
        events = found.Scalars(name)
        expected = [(line["step"], line[name]) for line in lines if name in line]
        if [e.step for e in events] != [step for step, _ in expected]:
            wrong.append(f"{name}: steps {[e.step for e in events]}")
            continue
        for event, (step, value) in zip(events, expected):
            single = math.nan if value is None else struct.unpack("f", struct.pack("f", value))[0]
            count += 1
            if not (event.value == single or (math.isnan(single) and math.isnan(event.value))):
                wrong.append(f"{name} at {step}: {event.value}, not {single}")
    report(what, not wrong, "; ".join(wrong[:3]) or f"{len(names)} scalars, {count} values")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--magnetic", default=os.path.join(HERE, "../.build/release/magnetic"))
    parser.add_argument("--model", default=os.path.join(SHARED, "models/stories260K"))
    options = parser.parse_args()
    options.magnetic, options.model = map(os.path.abspath, (options.magnetic, options.model))
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "prompts.jsonl"), "w") as file:
            for prompt in ("Once upon a time", "The <b>dog</b> | was", "# One *day*"):
                file.write(json.dumps({"prompt": prompt}) + "\n")
        run = os.path.join(folder, "run")
        train(options, folder, 6)
        compare("a run's scalars", run)
        names = [os.path.basename(p) for p in glob.glob(run + "/events*")]
        report("the file's name",
               len(names) == 1 and bool(re.fullmatch(r"events\.out\.tfevents\.\d{10}\..+\.\d+\.0", names[0])),
               str(names))
        first = next(iter(event_file_loader.LegacyEventFileLoader(glob.glob(run + "/events*")[0]).Load()))
        report("the file's version", first.file_version == "brain.Event:2", first.file_version)

        # Steps 5 and 6 are run again, otherwise.
        train(options, folder, 8, "--resume", run + "/checkpoint-4", "--learning-rate", "1e-3",
              "--overwrite-output-dir")
        report("a resumed run has a file of its own", len(glob.glob(run + "/events*")) == 2)
        found = compare("a resumed run's scalars, no step twice", run)

        texts = found.Tensors("completions")
        table = tensor_util.make_ndarray(texts[-1].tensor_proto)
        samples = json.loads(logged(run)[-1]["completions"])
        cells = [[cell.decode() for cell in row] for row in table]
        plain = [[re.sub(r"(?m)^    ", "", cell) for cell in row[:2]] for row in cells[1:]]
        report("completions are a table of texts",
               cells[0] == ["prompt", "completion", "win rate"]
               and plain == [[s["prompt"], s["completion"]] for s in samples], f"{len(plain)} rows")
        try:
            from tensorboard.plugins.text import text_plugin
            shown = text_plugin.text_array_to_html(table, enable_markdown=True)
            shown = shown if isinstance(shown, str) else str(shown)
            all_prompts = {s["prompt"] for line in logged(run) for s in json.loads(line["completions"])}
            hostile = [e for e in texts if b"<b>" in tensor_util.make_ndarray(e.tensor_proto).tobytes()
                       or any(b"<b>" in c for row in tensor_util.make_ndarray(e.tensor_proto) for c in row)]
            pages = [text_plugin.text_array_to_html(tensor_util.make_ndarray(e.tensor_proto), True)
                     for e in hostile]
            report("TensorBoard shows them character by character",
                   len(hostile) > 0 and all("&lt;b&gt;dog&lt;/b&gt; | was" in p and "<b>" not in p for p in pages),
                   f"{len(pages)} texts with markup, {len(all_prompts)} prompts")
        except ImportError as error:
            report("TensorBoard's text plugin", False, str(error))

        newest = sorted(glob.glob(run + "/events*"))[-1]
        with open(newest, "r+b") as file:
            file.truncate(os.path.getsize(newest) - 7)
        torn = accumulate(run)
        steps = [e.step for e in torn.Scalars("loss")]
        report("a torn record loses one step", steps == list(range(1, 8)), str(steps))
    sys.exit(1 if failures else 0)


main()
