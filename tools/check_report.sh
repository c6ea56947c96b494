#!/usr/bin/env bash
# Pages of real runs, of hostile ones and of a long one, in headless Chromium: light, dark and on a
# phone (tools/browse_report.py). Screenshots go to the output folder.
# usage: tools/check_report.sh [output folder]     MAGNETIC=path of the program
# needs ../shared/data/models/stories260K, python3 and Chromium (Debian: chromium)
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-runs/report}" && cd "${1:-runs/report}" && pwd)
magnetic=${MAGNETIC:-.build/release/magnetic}
model=../shared/data/models/stories260K
[ -x "$magnetic" ] || { echo "check_report: no $magnetic; build first: make build" >&2; exit 1; }
[ -d "$model" ] || { echo "check_report: no $model" >&2; exit 1; }
rm -rf "$out/runs" && mkdir -p "$out/runs"
echo '{"prompt": "Once upon a time, there was a"}' >"$out/prompts.jsonl"
cat >"$out/game.yaml" <<YAML
model_name_or_path: $model
dataset_name: $out/prompts.jsonl
output_dir: $out/runs/mpo/seed-0
per_device_train_batch_size: 1
num_generations: 32
loss_reduction: sequence
max_new_tokens: 10
learning_rate: 3.0e-4
magnet_sync_steps: 10
max_steps: ${STEPS:-40}
eval_steps: 10
log_completions: true
report_to: tensorboard
logging_steps: 20
device: cpu
judge:
  type: categories
  categories:
    - {name: girl, pattern: '\bgirl\b'}
    - {name: boy, pattern: '\bboy\b'}
    - {name: other, pattern: ''}
  matrix: [[0.5, 0, 1], [1, 0.5, 0.333333333], [0, 0.666666667, 0.5]]
YAML
for seed in 0 1; do
  "$magnetic" train --config "$out/game.yaml" --seed $seed --output-dir "$out/runs/mpo/seed-$seed"
  "$magnetic" train --config "$out/game.yaml" --seed $seed --output-dir "$out/runs/no-magnet/seed-$seed" \
    --magnet-coef 0 --magnet-sync-steps 0
done
for i in $(seq 60); do echo "{\"text\": \"Once upon a time there was a cat number $i.\"}"; done >"$out/texts.jsonl"
"$magnetic" sft --model "$model" --dataset "$out/texts.jsonl" --eval-dataset-name "$out/texts.jsonl" \
  --eval-steps 4 --max-length 32 --max-steps 12 --device cpu --output-dir "$out/sft"

python3 - "$out" <<'PYTHON'
import json, os, random, sys
out = sys.argv[1]
evil = ('</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">'
        '<svg onload="window.hacked=1"><style>*{display:none}</style>\u202egnp.exe\x1b[31m\x00'
        '<iframe src="https://example.com"></iframe>' + "wide" * 200)
for name in ("<img src=x onerror=window.hacked=1>", "torn"):
    folder = os.path.join(out, "hostile", name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "metrics.jsonl"), "w") as file:
        for step in range(1, 60):
            line = {"step": step, "loss": 1 / step if step % 9 else None, "grad_norm": 10 ** (step / 10),
                    evil[:60]: step, "huge": 1e290 * step, "tiny": 1e-12 * step,
                    "completions": json.dumps([{"prompt": evil, "completion": evil, "winRate": 0.5, evil[:30]: evil}])}
            file.write(json.dumps(line) + "\n")
        file.write('{"step": 60, "lo')
    with open(os.path.join(folder, "settings.json"), "w") as file:
        json.dump({"settings": {"judge": evil, "seed": "0", "name": name, evil: "x"}}, file)
os.makedirs(os.path.join(out, "long"), exist_ok=True)
with open(os.path.join(out, "long", "metrics.jsonl"), "w") as file:
    draw = random.Random(0)
    sample = json.dumps([{"prompt": "p", "completion": "word " * 20, "winRate": 0.5}] * 2)
    step = 0
    while file.tell() < 100_000_000:
        step += 1
        file.write(json.dumps({
            "step": step, "loss": draw.gauss(1, .2), "magnet/kl": abs(draw.gauss(0, .1)),
            "magnet/updates": step // 20000, "objective/entropy": 2 + draw.gauss(0, .1),
            "duality_gap": abs(draw.gauss(.1, .05)), "num_tokens": step * 640, "step_time": .2,
            "tokens_per_second": 3000 + draw.gauss(0, 100), "completions": sample}) + "\n")
PYTHON

"$magnetic" report "$out/runs/mpo/seed-0" -o "$out/one.html"
"$magnetic" report "$out/runs" -o "$out/overlay.html"
"$magnetic" report "$out/sft" -o "$out/sft.html"
"$magnetic" report "$out/hostile" -o "$out/hostile.html"
echo "a metrics.jsonl of 100 MB:"
python3 - "$magnetic" "$out" <<'PYTHON'
import os, resource, subprocess, sys, time
start = time.time()
subprocess.run([sys.argv[1], "report", sys.argv[2] + "/long", "-o", sys.argv[2] + "/long.html"], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
size = os.path.getsize(sys.argv[2] + "/long.html")
print(f"{time.time() - start:.1f} s, peak memory {peak:.0f} MiB, page {size / 1e6:.2f} MB")
sys.exit("check_report: too much memory" if peak > 150 else 0)
PYTHON
"$magnetic" report "$out/runs" -o "$out/again.html"
cmp "$out/overlay.html" "$out/again.html" && echo "the same bytes twice"

status=0
browse() { python3 tools/browse_report.py "$@" --out "$out/shots" || status=1; }
browse "$out/one.html" --expect "Duality gap" "Magnet refreshes" "girl" "learning_rate"
browse "$out/overlay.html" --expect "mpo" "no-magnet" "magnet_coef" "2 seeds"
browse "$out/sft.html" --expect "Held-out loss" "Learning rate"
browse "$out/hostile.html" --hostile --expect "window.hacked = 1" "unfinished"
browse "$out/long.html" --expect "Long runs are thinned"
exit $status
