#!/bin/sh
# Measures one OpenCL device. Needs a driver and nothing else: no Swift, no OpenCL loader, no
# Python.
#
#   ./run.sh [device] [folder for results]
#
# device: opencl (default: a GPU, else any OpenCL device), opencl:<index or part of a name>.
# Stages: devices, probes, conformance suite, kernels, iterations of S and M, PyTorch where python3
# has torch with CUDA. Each has a time limit, together 8 minutes; one that fails does not stop the
# others. Ctrl-C stops, and what was done is written: results.json and results.md. On a slow device,
# MAGNETIC_TIME=3 gives every stage three times as long.
set -u
here=$(cd "$(dirname "$0")" && pwd)
device=${1:-opencl}
results=${2:-$PWD/magnetic-$(date +%Y%m%d-%H%M%S)}
mkdir -p "$results" || exit 1
results=$(cd "$results" && pwd)
work=$(mktemp -d)
# A cache of its own, so that nothing old is measured and nothing is left behind.
MPO_CACHE_DIR=$work/cache
# What was set before is kept: drivers may lie there.
system=${LD_LIBRARY_PATH:-}
LD_LIBRARY_PATH=$here/lib${system:+:$system}
export MPO_CACHE_DIR LD_LIBRARY_PATH

# --- The driver -------------------------------------------------------------------------------

# Prints the first file of that name in the usual places.
find_library() {
  for folder in $(echo "$system" | tr ':' ' ') /usr/local/nvidia/lib64 /usr/local/nvidia/lib \
    /usr/local/cuda/lib64 /usr/local/cuda/compat /opt/rocm/lib /opt/rocm/opencl/lib \
    /usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu /usr/lib/*/intel-opencl \
    /usr/lib/*/pocl /usr/lib64 /usr/lib /usr/local/lib /lib64 /lib; do
    for file in "$folder/$1" "$folder/$1".[0-9]*; do
      [ -e "$file" ] && echo "$file" && return 0
    done
  done
  # What the dynamic linker knows beyond these.
  for linker in ldconfig /sbin/ldconfig /usr/sbin/ldconfig; do
    file=$("$linker" -p 2>/dev/null | sed -n "s|.*$1.* => ||p" | head -n 1)
    [ -n "$file" ] && echo "$file" && return 0
  done
  return 1
}

# The system's ICD files and those drivers that have none, in one temporary folder.
find_drivers() {
  mkdir -p "$work/vendors"
  for folder in ${OCL_ICD_VENDORS:-} /etc/OpenCL/vendors /usr/local/etc/OpenCL/vendors \
    /usr/share/OpenCL/vendors; do
    [ -d "$folder" ] && cp "$folder"/*.icd "$work/vendors/" 2>/dev/null
  done
  for library in libnvidia-opencl.so.1 libamdocl64.so libigdrcl.so libpocl.so; do
    # An ICD file that names it may give a bare name that the linker does not find: write the path.
    named=$(grep -l "${library%.so*}" "$work"/vendors/*.icd 2>/dev/null | head -n 1)
    if [ -n "$named" ]; then
      path=$(head -n 1 "$named" | tr -d ' \r')
      [ -e "$path" ] && continue
    fi
    if path=$(find_library "$library"); then
      echo "$path" >"${named:-$work/vendors/found-${library%%.*}.icd}"
    fi
  done
  OCL_ICD_VENDORS=$work/vendors
  export OCL_ICD_VENDORS
  for icd in "$work"/vendors/*.icd; do
    [ -e "$icd" ] && echo "driver  $(head -n 1 "$icd")  ($(basename "$icd"))"
  done
}

# --- Stages -----------------------------------------------------------------------------------

# Runs a command for at most $2 seconds, with its output in $3; notes name, seconds and status.
stage() {
  name=$1 limit=$(($2 * ${MAGNETIC_TIME:-1})) output=$3
  shift 3
  printf '%-14s ' "$name"
  begin=$(date +%s)
  "$@" >"$results/$output" 2>"$results/$name.log" &
  child=$!
  (
    # Kills by number, and only this child: `timeout` is not everywhere.
    sleep "$limit" & nap=$!
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    wait "$nap"
    kill -TERM "$child" 2>/dev/null
    sleep 3
    kill -KILL "$child" 2>/dev/null
  ) &
  watch=$!
  wait "$child" 2>/dev/null  # the shell's own word on a child that was stopped
  rc=$?
  kill "$watch" 2>/dev/null
  wait "$watch" 2>/dev/null
  child=
  seconds=$(($(date +%s) - begin))
  if [ "$rc" -eq 0 ]; then
    status=done
  elif [ "$seconds" -ge "$limit" ]; then
    status="out of time ($limit s); what it printed before counts"
  else
    status="failed ($rc): $(tail -n 1 "$results/$name.log" | tr '\t' ' ' | cut -c 1-160)"
  fi
  printf '%s\t%s\t%s\n' "$name" "$seconds" "$status" >>"$results/stages.tsv"
  echo "$seconds s, $status"
}

report() {
  trap - INT TERM
  "$here/bin/magnetic-bench" bundle-report "$results" && echo "results: $results/results.md"
  rm -rf "$work"
}
child=
watch=
interrupted() {
  echo "stopped; writing what was done"
  [ -n "$watch" ] && kill "$watch" 2>/dev/null
  [ -n "$child" ] && kill -TERM "$child" 2>/dev/null && wait "$child" 2>/dev/null
  printf 'interrupted\t0\tstopped by hand\n' >>"$results/stages.tsv"
  report
  exit 130
}

: >"$results/stages.tsv"
cp "$here/about.tsv" "$results/about.tsv"
printf 'run\t%s\nsystem\t%s\nasked for\t%s\n' "$(date -u +%Y-%m-%dT%H:%MZ)" "$(uname -srm)" \
  "$device" >>"$results/about.tsv"
trap interrupted INT TERM
find_drivers
if ! "$here/bin/magnetic" devices >"$results/devices.txt" 2>"$results/devices.log"; then
  echo "run.sh: the program does not start here: $(tail -n 1 "$results/devices.log")" >&2
  sed -n 's/^needs\t/run.sh: it needs /p' "$here/about.tsv" >&2
fi
cat "$results/devices.txt"

gpu=$(grep -c 'opencl-gpu' "$results/devices.txt")
# A GPU runs the kernels of GPUs; what a CPU device runs is checked as well elsewhere.
kernels=opencl
if [ "$gpu" -gt 0 ]; then
  kernels=tiled
  printf 'device kind\topencl-gpu\n' >>"$results/about.tsv"
fi
conformance() {
  MPO_REQUIRE_OPENCL=1 MPO_TEST_BACKENDS=$kernels LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$here/swift \
    exec "$here/bin/conformance" --testing-library swift-testing --filter Conformance 2>&1
}
bench=$here/bin/magnetic-bench
stage probe 70 probe.jsonl "$bench" probe --device "$device" --json
# A device without matrix units still tunes its f32 products.
stage tune 70 tune.txt "$here/bin/magnetic" devices --tune --device "$device"
stage conformance 80 conformance.txt conformance
stage kernels 80 kernels.jsonl "$bench" kernels --device "$device" --json
for precision in f32 bf16; do
  stage "iteration-S-$precision" 30 "iteration-S-$precision.json" "$bench" iteration \
    --device "$device" --shape S --rows 16 --repeats 3 --precision "$precision" --json
  stage "iteration-M-$precision" 40 "iteration-M-$precision.json" "$bench" iteration \
    --device "$device" --shape M --rows 8 --repeats 1 --precision "$precision" --json
done
# Python must not see the bundle's libraries.
if python=$(command -v python3) && LD_LIBRARY_PATH=$system "$python" -c \
  'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
  stage torch 50 torch.jsonl env "LD_LIBRARY_PATH=$system" "$python" "$here/torch_figures.py"
else
  printf 'torch\t0\tnot run: no python3 that has torch with CUDA\n' >>"$results/stages.tsv"
fi
report
