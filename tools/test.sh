#!/usr/bin/env bash
# Builds and runs all tests in release (the C kernels are only fast there). A warning in our own
# sources is an error. Some tests look at internal parts, which a release build shows with -enable-testing.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build -c release --build-tests -Xswiftc -enable-testing 2>&1 | tee "$log"
if grep -E "^$PWD/(Sources|Tests|kernels)/.*warning:" "$log"; then
  echo "test: the warnings above are errors" >&2
  exit 1
fi
# KernelSweep repeats the conformance suite at sizes for the simulator: make test-kernels runs it.
swift test -c release --skip-build -Xswiftc -enable-testing --skip KernelSweep "$@"
