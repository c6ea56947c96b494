#!/bin/sh
# Runs conformance tests in the oclgrind simulator (Debian: oclgrind) and fails on any report: reads
# and writes out of bounds, data races, barrier divergence. (Its check for uninitialised values does
# not know the instruction `freeze`; the canaries of the suite stand in for it.)
#
#   tools/oclgrind.sh [filter of swift-testing]
#
# OCLGRIND_BACKEND: tiled (default, GPU kernels) or vector; OCLGRIND_WORK_GROUP: work-items of a
# group, default 5, small since the simulator is slow and odd since nothing may rely on powers of
# two. The default filter takes about two minutes; 'Conformance/(attention|matmul|logProb)' take
# over five more on a busy machine.
set -eu
cd "$(dirname "$0")/.."
filter=${1:-'Conformance/(copy|addAnd|rotary|attentionLarge|decode|gather|embedding|rmsNorm|swiGLU|softmax|crossEntropy|smallDivergences|lossAdjoint|sampleTies|excluded|advantage|norm|adamW)'}
command -v oclgrind >/dev/null || { echo "oclgrind is not installed" >&2; exit 2; }
swift build -c release --build-tests
tests=$(find .build/release/ -maxdepth 1 -name '*PackageTests.xctest' | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
MPO_REQUIRE_OPENCL=1 MPO_TEST_BACKENDS="${OCLGRIND_BACKEND:-tiled}" MPO_CACHE_DIR="$work/cache" \
  MPO_TEST_WORK_GROUP="${OCLGRIND_WORK_GROUP:-5}" \
  oclgrind --data-races --log "$work/log" \
  "$tests" --testing-library swift-testing --filter "$filter" || status=$?
if [ -s "$work/log" ]; then
  echo "oclgrind reports:" >&2
  head -n 60 "$work/log" >&2
  exit 1
fi
exit "$status"
