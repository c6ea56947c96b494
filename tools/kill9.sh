#!/usr/bin/env bash
# Kills a training run with SIGKILL at random moments, resumes it each time, and demands the bits of
# a run that was never interrupted. Every step saves, so most kills hit a save.
#   tools/kill9.sh [kills]     MAGNETIC=binary MODEL=folder SEED=n
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-12}
magnetic=${MAGNETIC:-.build/release/magnetic}
model=${MODEL:-../shared/data/models/stories260K}
RANDOM=${SEED:-$$}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' '{"prompt": "Once upon a time"}' '{"prompt": "The dog"}' '{"prompt": "One day"}' \
  >"$work/prompts.jsonl"
cat >"$work/game.yaml" <<YAML
model_name_or_path: $model
dataset_name: $work/prompts.jsonl
per_device_train_batch_size: 2
num_generations: 2
max_new_tokens: 4
inner_steps: 1
learning_rate: 1.0e-3
magnet_sync_steps: 3
max_steps: 40
save_steps: 1
save_total_limit: 2
device: cpu
threads: 1
judge: {type: categories, categories: [{name: e, pattern: 'e'}, {name: other, pattern: ''}],
  matrix: [[0.5, 1], [0, 0.5]]}
YAML
train() { "$magnetic" train --config "$work/game.yaml" --output_dir "$@"; }
fail() { echo "kill9: $*" >&2; exit 1; }
steps_of() { wc -l <"$1/metrics.jsonl"; }

start=$(date +%s%N)
train "$work/whole" 2>"$work/log" || { cat "$work/log" >&2; fail "the uninterrupted run failed"; }
took=$((($(date +%s%N) - start) / 1000000))
killed=0 saving=0 round=0
# Rounds, because a run may finish before it was killed often enough.
while ((killed < kills)); do
  round=$((round + 1))
  out=$work/run-$round
  resume=
  while :; do
    # Long enough to pass the start-up now and then, short enough to be hit many times.
    delay=$(((RANDOM * 32768 + RANDOM) % (took / 2 + 1)))
    "$magnetic" train --config "$work/game.yaml" --output_dir "$out" $resume 2>"$work/log" &
    pid=$!
    sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
    if ((killed < kills)) && kill -9 "$pid" 2>/dev/null; then
      wait "$pid" 2>/dev/null && status=0 || status=$?
      if ((status == 137)); then
        killed=$((killed + 1))
        ls -d "$out"/.tmp-checkpoint-* >/dev/null 2>&1 && saving=$((saving + 1))
      fi
    else
      wait "$pid" && status=0 || status=$?
    fi
    ((status == 0)) && break
    if ((status != 137)); then
      # Killed before its first checkpoint: there is nothing to resume, so it starts afresh.
        grep -q "no complete checkpoint to resume" "$work/log" ||
        { cat "$work/log" >&2; fail "round $round ended with status $status"; }
      resume=
    else
      resume=--resume
    fi
  done
  cmp "$work/whole/model.safetensors" "$out/model.safetensors" ||
    fail "round $round: the final weights differ"
  for file in model magnet optimizer; do
    cmp "$work/whole/checkpoint-40/$file.safetensors" "$out/checkpoint-40/$file.safetensors" ||
      fail "round $round: $file.safetensors of the last checkpoint differs"
  done
  [ "$(steps_of "$out")" = "$(steps_of "$work/whole")" ] || fail "round $round: metrics differ"
  left=$(find "$out" -maxdepth 1 -name '.*' ! -name '.lock' ! -path "$out" | wc -l)
  ((left == 0)) || fail "round $round left $(ls -A "$out")"
  rm -rf "$out"
done
echo "kill9: PASS, $killed kills ($saving inside a save) in $round runs, weights bit-identical"
