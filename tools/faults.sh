#!/usr/bin/env bash
# Bad input and bad luck: each must give one clear line on standard error, a non-zero exit that is no
# crash, and lose nothing. Prints PASS or FAIL for each; a failure is a non-zero exit.
#   tools/faults.sh     MAGNETIC=binary MODEL=folder
set -uo pipefail
cd "$(dirname "$0")/.."
magnetic=$PWD/${MAGNETIC:-.build/release/magnetic}
model=${MODEL:-../shared/data/models/stories260K}
model=$(cd "$model" && pwd) || exit 1
work=$(mktemp -d)
disk=$work/disk
trap 'umount "$disk" 2>/dev/null; chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
passed=0 failed=0

pass() { passed=$((passed + 1)); echo "PASS  $1"; }
fail() { failed=$((failed + 1)); echo "FAIL  $1: $2"; sed 's/^/      | /' err | tail -4; }

# expect NAME PATTERN COMMAND...: one last line "error: ...PATTERN...", a status from 1 to 125.
expect() {
  local name=$1 pattern=$2
  shift 2
  # The functions below are exported, so that timeout can run them too.
  timeout 60 bash -c '"$@"' bash "$@" >out 2>err </dev/null
  local status=$?
  judge "$name" "$pattern" $status
}
judge() {
  local name=$1 pattern=$2 status=$3
  local errors
  errors=$(grep -c '^error: ' err)
  if ((status == 0)); then fail "$name" "exit status 0"
  elif ((status >= 124)); then fail "$name" "exit status $status (a crash or a time-out)"
  elif ((errors != 1)); then fail "$name" "$errors error lines, expected 1"
  elif ! tail -n 1 err | grep -q '^error: '; then fail "$name" "the error is not the last line"
  elif ! grep '^error: ' err | grep -Eq -- "$pattern"; then fail "$name" "no match for '$pattern'"
  elif grep -Eiq 'usage:|fatal error|stack dump|backtrace' err; then fail "$name" "noise"
  else pass "$name"; fi
}
# check NAME CONDITION...: a command that must hold.
check() {
  local name=$1
  shift
  : >err
  if "$@" 2>err; then pass "$name"; else fail "$name" "does not hold"; fi
}

echo '{"prompt": "Once upon a time, there was a"}' >prompts.jsonl
cat >game.yaml <<YAML
model_name_or_path: $model
dataset_name: prompts.jsonl
per_device_train_batch_size: 1
num_generations: 2
max_new_tokens: 3
inner_steps: 1
max_steps: 3
learning_rate: 1.0e-4
device: cpu
judge: {type: categories, categories: [{name: e, pattern: 'e'}, {name: other, pattern: ''}],
  matrix: [[0.5, 1], [0, 0.5]]}
YAML
train() { "$magnetic" train --config game.yaml "$@"; }
generate() { "$magnetic" generate --prompt a --max-new-tokens 2 --device cpu --model "$1"; }
export -f train generate
export magnetic

copy() { rm -rf "$1"; cp -r "$model" "$1"; chmod -R u+w "$1"; }

# --- Model folders
copy truncated; head -c 5000 "$model/model.safetensors" >truncated/model.safetensors
expect "truncated safetensors header" 'model.safetensors: ' generate truncated
copy short; head -c -1000 "$model/model.safetensors" >short/model.safetensors
expect "truncated safetensors data" 'model.safetensors: ' generate short
copy empty; : >empty/model.safetensors
expect "empty safetensors file" 'model.safetensors: ' generate empty
copy lying; printf '\xff\xff\xff\xff\xff\xff\xff\x7f' |
  dd of=lying/model.safetensors conv=notrunc status=none
expect "header length beyond the file" 'model.safetensors: ' generate lying
copy offsets; sed -i 's/"data_offsets":\[0,/"data_offsets":[9,/' offsets/model.safetensors
expect "header with lying offsets" 'model.safetensors: ' generate offsets
copy shape; sed -i 's/"intermediate_size": 172/"intermediate_size": 170/' shape/config.json
expect "wrong shape" "expected|shape" generate shape
copy missing; sed -i 's/model\.norm\.weight/model.nork.weight/' missing/model.safetensors
expect "missing tensor" "model.norm.weight" generate missing
copy architecture
sed -i 's/"model_type": "llama"/"model_type": "mamba"/; s/LlamaForCausalLM/MambaForCausalLM/' \
  architecture/config.json
expect "unknown architecture" 'mamba|Mamba' generate architecture
copy config; echo '{"model_type": "llama", ' >config/config.json
expect "malformed config.json" 'config.json' generate config
copy tokenizer; echo '[]' >tokenizer/tokenizer.json
expect "malformed tokenizer.json" 'tokenizer.json' generate tokenizer
copy weightless; rm weightless/model.safetensors
expect "no weights" 'weightless' generate weightless
expect "no such model" 'no such folder' generate nowhere/at/all
expect "a hub name that is not cached" 'hf download' generate some-org/some-model

# --- Data
: >none.jsonl
expect "empty prompt file" 'none.jsonl: holds nothing' train --dataset_name none.jsonl \
  --output_dir a
printf '{"prompt": "a"}\n{"prompt": "b"}\n{"prompt": \n' >bad.jsonl
expect "malformed JSON line" 'bad.jsonl:3: ' train --dataset_name bad.jsonl --output_dir a
expect "missing prompt file" "no file 'gone.jsonl'" train --dataset_name gone.jsonl --output_dir a
python3 -c 'import json; print(json.dumps({"prompt": "dog " * 600}))' >long.jsonl
expect "prompt too long" 'long.jsonl:1: .*positions end at 512' train --dataset_name long.jsonl \
  --output_dir a
printf '{"input_ids": [1, 5, 512]}\n' >ids.jsonl
expect "score: id out of range" 'ids.jsonl: text 1: .*512' "$magnetic" score --model "$model" \
  --input ids.jsonl --device cpu
expect "merge: no adapter" 'a model without adapters' "$magnetic" merge --adapter "$model" \
  --output-dir merged --device cpu
mkdir -p lost
echo '{"peft_type": "LORA", "base_model_name_or_path": "gone/base"}' >lost/adapter_config.json
expect "adapter: base not there" 'gone/base: no such folder' "$magnetic" score --model lost \
  --input ids.jsonl --device cpu
expect "LoRA: no such layer" "no layer is named 'c_attn'; this model has down_proj" train \
  --use-peft --lora-target-modules c_attn --output_dir a
printf '{"messages": "hi"}\n' >talk.jsonl
printf '{{ messages | length }}' >good.jinja
printf '{{ messages | nofilter }}' >bad.jinja
expect "template: messages are a text" "'messages': expected a list" bash -c \
  "'$magnetic' template --chat-template good.jinja <talk.jsonl"
expect "template: unknown filter" 'bad.jinja: line 1, column 13: .*nofilter' bash -c \
  "'$magnetic' template --chat-template bad.jinja <talk.jsonl"
expect "tokenize: no tokenizer" 'tokenizer.json' "$magnetic" tokenize --model lost --text a
printf '{"text": 5}\n' >types.jsonl
expect "score: wrong type" 'types.jsonl:1: ' "$magnetic" score --model "$model" \
  --input types.jsonl --device cpu
printf 'PAR1' >data.parquet
expect "Parquet" 'Parquet is not read' train --dataset_name data.parquet --output_dir a

# --- Settings and devices
expect "unknown device" "warp" train --output_dir a --device warp
expect "OpenCL device that is not there" "opencl:99" train --output_dir a --device opencl:99
expect "opencl without a platform" 'no device matches' env OCL_ICD_VENDORS=/nonexistent \
  "$magnetic" generate --model "$model" --prompt a --max-new-tokens 2 --device opencl
OCL_ICD_VENDORS=/nonexistent "$magnetic" generate --model "$model" --prompt a \
  --max-new-tokens 2 --device auto >out 2>log
check "auto without a platform takes the CPU and says so" \
  test "$?-$(grep -c 'using the CPU' log)" = 0-1
expect "K = 1" 'num.generations' train --output_dir a --num_generations 1
expect "unknown flag" 'learning.rte.*learning_rate' train --output_dir a --learning_rte 1
echo 'learning_rte: 1' >key.yaml
expect "unknown key" "learning_rte.*learning_rate" "$magnetic" train --config key.yaml
expect "no output_dir" 'output_dir' train
expect "huge max-new-tokens" 'max_new_tokens|positions' "$magnetic" generate --model "$model" \
  --prompt a --device cpu --max-new-tokens 9223372036854775807
expect "a flag without its value" 'prompt' "$magnetic" generate --model "$model" --prompt
expect "unknown command" 'dance' "$magnetic" dance
: >file
expect "output_dir is a file" 'file' train --output_dir file
expect "output_dir cannot be made" '/proc/run' train --output_dir /proc/run
expect "no judge" 'judge' "$magnetic" evaluate --model "$model" --device cpu \
  --dataset-name prompts.jsonl

# --- A run and its folder
train --output_dir run --save_steps 1 >out 2>err
check "train" test -f run/checkpoint-3/DONE -a -f run/model.safetensors
expect "output_dir holds a run" 'already holds checkpoint-3' train --output_dir run
check "which is as it was" test -f run/checkpoint-3/DONE -a "$(wc -l <run/metrics.jsonl)" = 3
cp -r run damaged; rm damaged/checkpoint-3/DONE
truncate -s 1000 damaged/checkpoint-2/model.safetensors
train --output_dir damaged --resume >out 2>log
check "resumes from the last complete checkpoint" grep -q 'resumed from checkpoint-1' log
check "to the same bits" cmp run/model.safetensors damaged/model.safetensors
rm -rf damaged
expect "nothing to resume" 'no complete checkpoint' train --output_dir fresh --resume
expect "resume with another seed" 'seed' train --output_dir run --resume --seed 5
( flock -n 9; train --output_dir run --resume >out 2>err; echo $? >status ) 9<>run/.lock
judge "two runs in one folder" 'training into this folder' "$(cat status)"

# --- NaN: 16 responses are not all of one class, so the first update already ruins the weights.
expect "NaN in a loss" 'step [0-9]+.*(finite|nan)' train --output_dir run --resume --max_steps 9 \
  --save_steps 1 --save_total_limit 1 --learning_rate 1e30 --num_generations 16 --max_new_tokens 6
# Steps in which all responses tied have no gradient and do no harm, so the last good one may be
# later than 3.
last=$(basename "$(dirname run/checkpoint-*/DONE)")
echo '{"text": "Once upon a time there was a dog"}' >text.jsonl
"$magnetic" score --model "run/$last" --input text.jsonl --device cpu >scores 2>err
check "keeps the last good checkpoint" test -f "run/$last/DONE" -a "$(grep -c nll scores)" = 1 -a \
  "$(grep -c null scores)" = 0
next=$((${last#checkpoint-} + 1))
train --output_dir run --resume --max_steps $next >out 2>err
check "from which it goes on" test -f "run/checkpoint-$next/DONE"

# --- A full disk
mkdir disk
if mount -t tmpfs -o size=300k magnetic-faults disk 2>err; then
  expect "full disk, first checkpoint" 'checkpoint-1.*[Nn]o space left' train --output_dir disk/a \
    --save_steps 1
  check "leaves nothing of it" test -z "$(ls -d disk/a/checkpoint-* disk/a/.tmp* 2>/dev/null)"
  mount -o remount,size=7m disk
  expect "full disk, later checkpoint" 'checkpoint-2.*[Nn]o space left.*checkpoint-1 is untouched' \
    train --output_dir disk/b --save_steps 1
  check "keeps the earlier one" test -f disk/b/checkpoint-1/DONE -a ! -e disk/b/checkpoint-2
  mount -o remount,size=64m disk
  train --output_dir disk/b --resume --save_steps 1 >out 2>err
  check "and goes on when there is room" test -f disk/b/checkpoint-3/DONE
  train --output_dir whole >out 2>err
  check "to the same bits" cmp whole/model.safetensors disk/b/model.safetensors
  train --output_dir disk/c >out 2>err
  fallocate -l "$(df --output=avail -B1 disk | tail -n 1)" disk/ballast 2>/dev/null
  expect "full disk, score to a file" '' bash -c \
    'seq 2000 | sed "s/.*/{\"text\": \"a dog\"}/" >s.jsonl
     "$magnetic" score --model '"$model"' --input s.jsonl --device cpu >disk/scores'
  umount disk
else
  echo "SKIP  full disk (no right to mount a tmpfs)"
fi

# --- Judges
judged() { train --output_dir "j$((RANDOM))" --judge "{type: command, timeout: 2, command: $1}"; }
export -f judged
expect "judge that does not exist" 'no-such-judge' judged '[no-such-judge]'
expect "judge that crashes" 'exited with status 3' judged '"exit 3"'
expect "judge that answers garbage" 'banana' judged '"while read l; do echo banana; done"'
expect "judge that does not answer" 'seconds|time' judged '"while read l; do :; done"'
expect "judge that answers NaN" 'finite|numbers|preferences' judged \
  '"while read l; do echo [[0.5, NaN], [0.5, 0.5]]; done"'
judged() { train --output_dir "j$((RANDOM))" --judge "$1"; }
export -f judged
expect "reward command that answers NaN" 'numbers only' judged \
  '{type: command, returns: rewards, command: "while read l; do echo [1, NaN]; done"}'
expect "reward command with too few rewards" 'expected 2 rewards' judged \
  '{type: command, returns: rewards, command: "while read l; do echo [1]; done"}'
expect "reward function of no such rule" "'functions\[0\]|one of length" judged \
  '{type: reward, functions: [{rule: beauty}]}'
http="type: http, url: 'http://127.0.0.1:9/v1', model: m, retries: 1, retry_wait: 0.05"
expect "http judge that is not there" '2 tries.*refused' judged "{$http}"
expect "http judge without its key" "'NO_SUCH_KEY'.*found nothing" judged \
  "{$http, api_key_env: NO_SUCH_KEY}"
expect "http judge with a key in the file" 'api_key_env' judged "{$http, api_key: sk-1}"
expect "http judge with too many questions" "max_questions" judged "{$http, max_questions: 1}"
expect "judge cache that cannot be made" 'judge cache .*file/kept' judged \
  "{$http, cache: file/kept}"
cat >twice.sh <<'JUDGE'
for i in 1 2; do read -r line || exit; echo '[[0.5, 1], [0, 0.5]]'; done
exit 9
JUDGE
expect "judge that dies mid-run" 'exited with status 9' train --output_dir midway --save_steps 1 \
  --judge '{type: command, command: [sh, twice.sh]}'
check "keeps what was done" test -f midway/checkpoint-2/DONE -a "$(wc -l <midway/metrics.jsonl)" = 2

# --- Signals
for signal in INT:130 TERM:143; do
  name=${signal%:*} wanted=${signal#*:}
  "$magnetic" train --config game.yaml --output_dir "signal-$name" --max_steps 4000 >out 2>log &
  pid=$!
  for _ in $(seq 100); do [ -s "signal-$name/metrics.jsonl" ] && break; sleep 0.1; done
  kill "-$name" $pid
  wait $pid
  status=$?
  check "SIG$name: status $wanted and a checkpoint" test "$status" = "$wanted" -a \
    -n "$(ls signal-$name/checkpoint-*/DONE 2>/dev/null)"
  step=$(basename "$(dirname signal-$name/checkpoint-*/DONE)")
  step=${step#checkpoint-}
  train --output_dir "signal-$name" --resume --max_steps $((step + 2)) >out 2>err
  train --output_dir "straight-$name" --max_steps $((step + 2)) >out 2>err
  check "SIG$name: resumes bit for bit" cmp "signal-$name/model.safetensors" \
    "straight-$name/model.safetensors"
done

# --- Streams
train --output_dir closed-in <&- >out 2>err
check "standard input closed" test -f closed-in/checkpoint-3/DONE
train --output_dir closed-err 2>&-
check "standard error closed" cmp closed-in/model.safetensors closed-err/model.safetensors
train --output_dir closed-all <&- >&- 2>&-
check "all streams closed" cmp closed-all/model.safetensors closed-err/model.safetensors
( train --output_dir piped 2>&1 | head -n 1 >/dev/null )
check "standard error into a pipe that ends" test -f piped/checkpoint-3/DONE

echo "$passed passed, $failed failed"
((failed == 0))
