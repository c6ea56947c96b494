#!/bin/sh
# Runs tests in the oclgrind simulator (Debian: oclgrind) and fails on any report: reads and writes
# out of bounds, data races, barrier divergence. (Its check for uninitialised values does not know
# the instruction `freeze`; the canaries of the suite stand in for it.)
#
#   tools/oclgrind.sh [filter of swift-testing]         default: KernelSweep, every kernel once
#
# OCLGRIND_BACKEND: tiled (default, GPU kernels) or vector. OCLGRIND_WORK_GROUP: work-items of a
# group, default 5, small since the simulator is slow and odd since nothing may rely on powers of
# two. OCLGRIND_LAUNCHED: a file for the names of the kernels that were launched.
# OCLGRIND_SKIP_BUILD=1: the tests are built already. Most of 'Conformance/...' takes minutes a
# test; games take hours.
set -eu
cd "$(dirname "$0")/.."
filter=${1:-KernelSweep}
form=${OCLGRIND_BACKEND:-tiled}
command -v oclgrind >/dev/null || { echo "oclgrind is not installed" >&2; exit 2; }
[ "${OCLGRIND_SKIP_BUILD:-}" = 1 ] || swift build -c release --build-tests -Xswiftc -enable-testing
tests=$(find .build/release/ -maxdepth 1 -name '*PackageTests.xctest' | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What GPUs have, so that a kernel which asks for more fails here; CPU devices have plenty.
case $form in
  vector) memory=1048576 ;;
  *) memory=49152 ;;
esac
status=0
# Statistics go to standard output, a block for each launch; what tests print goes to the other. One
# test at a time: the simulator is not made for several threads.
MPO_REQUIRE_OPENCL=1 MPO_TEST_BACKENDS="$form" MPO_CACHE_DIR="$work/cache" \
  MPO_TEST_WORK_GROUP="${OCLGRIND_WORK_GROUP:-5}" \
  oclgrind --data-races --inst-counts --local-mem-size "$memory" --log "$work/log" \
  "$tests" --testing-library swift-testing --no-parallel --filter "$filter" >"$work/counts" ||
  status=$?
if [ -s "$work/log" ]; then
  echo "oclgrind reports:" >&2
  head -n 60 "$work/log" >&2
  exit 1
fi
if [ -n "${OCLGRIND_LAUNCHED:-}" ]; then
  sed -n "s/^Instructions executed for kernel '\(.*\)':$/\1/p" "$work/counts" | sort -u \
    >"$OCLGRIND_LAUNCHED"
fi
exit "$status"
