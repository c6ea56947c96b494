#!/usr/bin/env bash
# Peak memory of MPO iterations with LoRA on the 135 M shape (576 wide, 30 layers, 9 heads and 3 key/value
# heads, 1536, 49152 tied): 8 rows of 64 + 64 tokens, r = 16, a bf16 base, gradient checkpointing. Needs
# python3 for the peak of a child process.
#
#   tools/lora_memory.sh [FOLDER] [more settings of magnetic train ...]
#
# FOLDER (default: a temporary one, removed afterwards) keeps the random model for another run.
set -euo pipefail
cd "$(dirname "$0")/.."
magnetic=${MAGNETIC:-.build/release/magnetic}
if [[ $# -gt 0 && $1 != --* ]]; then
  folder=$1; shift
else
  folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
fi
tokenizer=../shared/data/models/stories260K
mkdir -p "$folder"
if [[ ! -f $folder/base/config.json ]]; then
  echo '{"text": "Once upon a time there was a model of the right size."}' > "$folder/one.jsonl"
  "$magnetic" sft --device cpu --tokenizer "$tokenizer" --dataset-name "$folder/one.jsonl" \
    --output-dir "$folder/make" --max-steps 1 --save-dtype bfloat16 --model-config '{"model_type": "llama",
      "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
      "num_key_value_heads": 3, "vocab_size": 49152, "max_position_embeddings": 2048,
      "tie_word_embeddings": true}' 2> "$folder/make.log"
  mkdir -p "$folder/base"
  mv "$folder"/make/*.json "$folder"/make/model.safetensors "$folder/base/"
  rm -rf "$folder/make"
fi
python3 - "$folder" "$magnetic" "$@" <<'PYTHON'
import json, os, resource, subprocess, sys
folder, magnetic, more = sys.argv[1], sys.argv[2], sys.argv[3:]
words = "Once upon a time there was a little girl who liked to play in the park with her big red ball "
text = words * 4
def count(text):
    out = subprocess.run([magnetic, "tokenize", "--model", folder + "/base", "--text", text,
                          "--count"], capture_output=True, text=True, check=True).stdout
    return int(out.split()[0])
while count(text) > 64:
    text = text[:-1]
with open(folder + "/prompts.jsonl", "w") as file:
    for _ in range(2):
        file.write(json.dumps({"prompt": text}) + "\n")
with open(folder + "/judge.yaml", "w") as file:
    file.write("type: categories\ncategories: [{name: a, pattern: a}, {name: b, pattern: ''}]\n"
               "matrix: [[0.5, 0.7], [0.3, 0.5]]\n")
command = [magnetic, "train", "--device", "cpu", "--model", folder + "/base", "--dataset-name",
           folder + "/prompts.jsonl", "--judge", folder + "/judge.yaml", "--output-dir",
           folder + "/run", "--overwrite-output-dir", "--max-steps", "3", "--use-peft",
           "--lora-r", "16", "--gradient-checkpointing", "--per-device-train-batch-size", "2", "--num-generations", "4",
           "--max-new-tokens", "64", "--temperature", "1"] + more
done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
print("\n".join(line for line in done.stderr.splitlines()
                if line.startswith(("memory", "error", "step", "finished")) or "step" in line[:8]))
if done.returncode:
    sys.exit(done.stderr)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
steps = [json.loads(line) for line in open(folder + "/run/metrics.jsonl")]
times = [round(step["step_time"], 2) for step in steps]
print(f"prompt {count(text)} tokens; step times {times} s; peak {peak / 1024:.0f} MiB "
      f"({peak / 1048576:.3f} GiB)")
PYTHON
