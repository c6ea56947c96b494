#!/usr/bin/env bash
# Reads a million mutated inputs with every reader of files that users bring: no crash, no hang, no
# memory in proportion to a lie, no file outside the model's folder. Findings end it with 1 and stay
# in .build/fuzz/findings; what was stopped goes on where it was.
#   tools/fuzz.sh [--count N] [--seed S] [--readers a,b] [--workers W]   see --help
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --product magnetic-fuzz
exec nice .build/release/magnetic-fuzz "$@"
