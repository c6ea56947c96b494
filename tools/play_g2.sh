#!/usr/bin/env bash
# A real language model plays the cyclic game G2 with the first words of a story, three seeds; prints
# class shares and the duality gap of each last checkpoint from 4,096 fresh samples.
# usage: [SEEDS="0 1 2"] tools/play_g2.sh [output folder] [device] [more options of train]
# needs ../shared/data/models/stories260K
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-runs/g2}
device=${2:-cpu}
more=("${@:3}")
magnetic=.build/release/magnetic
model=../shared/data/models/stories260K
[ -x "$magnetic" ] || { echo "play_g2: build first: make build" >&2; exit 1; }
[ -d "$model" ] || { echo "play_g2: no $model" >&2; exit 1; }
mkdir -p "$out"
echo '{"prompt": "Once upon a time, there was a"}' >"$out/prompts.jsonl"
cat >"$out/game.yaml" <<YAML
model_name_or_path: $model
dataset_name: $out/prompts.jsonl
output_dir: $out/seed-0
per_device_train_batch_size: 1
num_generations: 64
loss_reduction: sequence
max_new_tokens: 10
temperature: 1.0
learning_rate: 3.0e-4
eta: 1.0
magnet_coef: 0.1
magnet_sync_steps: 40
inner_steps: 4
max_steps: 160
logging_steps: 20
judge:
  type: categories
  categories:
    - {name: girl, pattern: '\bgirl\b'}
    - {name: boy, pattern: '\bboy\b'}
    - {name: other, pattern: ''}
  matrix: [[0.5, 0, 1], [1, 0.5, 0.333333333], [0, 0.666666667, 0.5]]
YAML
"$magnetic" evaluate --model "$model" --config "$out/game.yaml" --num-generations 4096 --device "$device"
for seed in ${SEEDS:-0 1 2}; do
  start=$SECONDS
  "$magnetic" train --config "$out/game.yaml" --seed "$seed" --output-dir "$out/seed-$seed" \
    --overwrite-output-dir --device "$device" ${more[@]+"${more[@]}"}
  "$magnetic" evaluate --model "$out/seed-$seed" --config "$out/game.yaml" \
    --num-generations 4096 --device "$device"
  echo "seed $seed: $((SECONDS - start)) s"
done
