#!/usr/bin/env bash
# Builds examples/embed as its user would and runs it on the device that it picks, on every OpenCL
# device at hand, and where OpenCL has no platform at all. A warning in our own sources is an error.
set -euo pipefail
cd "$(dirname "$0")/../examples/embed"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build -c release 2>&1 | tee "$log"
if grep -E "^$PWD/Sources/.*warning:" "$log"; then
  echo "test-embed: the warnings above are errors" >&2
  exit 1
fi
program=.build/release/embed
"$program"
if OCL_ICD_VENDORS=/nonexistent "$program" opencl >"$log" 2>&1 ||
  ! grep -q 'no device matches' "$log"; then
  echo "test-embed: expected 'no device matches' without an OpenCL platform, found:" >&2
  cat "$log" >&2
  exit 1
fi
OCL_ICD_VENDORS=/nonexistent "$program"
if "$program" opencl:0 >"$log" 2>&1; then
  cat "$log"
elif [ "${MPO_REQUIRE_OPENCL:-}" = 1 ] || ! grep -q 'no device matches' "$log"; then
  cat "$log" >&2
  exit 1
fi
