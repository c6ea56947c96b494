#!/usr/bin/env bash
# Runs every OpenCL kernel in the oclgrind simulator, in the form for GPUs and in that for CPU
# devices, at sizes 1, 7, 93, 144 and one above a work-group (Tests/BackendTests/KernelSweep.swift),
# and fails on any report and on any kernel of kernels/ that was not launched, by its name.
# Exceptions stand in kernels/not-simulated.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v oclgrind >/dev/null || {
  echo "test-kernels: oclgrind is not installed (Debian: apt-get install oclgrind)" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
swift build -c release --build-tests -Xswiftc -enable-testing
export OCLGRIND_SKIP_BUILD=1

run() { # form, work-items of a group, filter
  local begin=$SECONDS
  echo "== $1, work-groups of $2: $3"
  OCLGRIND_BACKEND=$1 OCLGRIND_WORK_GROUP=$2 OCLGRIND_LAUNCHED=$work/now tools/oclgrind.sh "$3"
  cat "$work/now" >>"$work/$1"
  echo "== $((SECONDS - begin)) s"
}
run tiled 5 KernelSweep
# Tiles of the size that GPUs use.
run tiled 256 'KernelSweep/matmul'
run vector 5 KernelSweep

# Names by their declaration, comments and directives (and what they go on with) left out; the macro
# MOVE(name, ...) declares one.
joined=':a; /\\$/{N; ba}; s|//.*||; /^ *#/d'
moves='s/^MOVE\(([a-z0-9_]+),.*/KERNEL void \1();/'
names=$(cat kernels/*.cl | sed -E "$joined; $moves" | tr '\n' ' ' |
  grep -oE '(KERNEL|__kernel) [^;{]*' | sed -nE 's/.*\bvoid +([A-Za-z_0-9]+) *\(.*/\1/p' | sort -u)
status=0
for form in tiled vector; do
  for name in $names; do
    if grep -qx "$name" "$work/$form"; then continue; fi
    if grep -qE "^$name +($form|both) " kernels/not-simulated.txt; then continue; fi
    echo "test-kernels: $name was never launched in the $form form: give it a test in" \
      "Tests/BackendTests/KernelSweep.swift, or a line with the reason in" \
      "kernels/not-simulated.txt" >&2
    status=1
  done
done
# An exception that no longer holds must go.
while read -r name form _; do
  for one in tiled vector; do
    if { [ "$form" = "$one" ] || [ "$form" = both ]; } && grep -qx "$name" "$work/$one"; then
      echo "test-kernels: $name is launched in the $one form; drop its line in" \
        "kernels/not-simulated.txt" >&2
      status=1
    fi
  done
  grep -qx "$name" <<<"$names" || {
    echo "test-kernels: kernels/not-simulated.txt names $name, which no file declares" >&2
    status=1
  }
done < <(grep -vE '^(#|$)' kernels/not-simulated.txt)
[ "$status" -eq 0 ] && echo "test-kernels: $(wc -w <<<"$names") kernels, no report"
exit "$status"
