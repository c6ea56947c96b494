#!/usr/bin/env bash
# Builds without the package's traits, as where neither OpenCL, CLBlast nor oneDNN is installed:
# their headers are hidden behind ones that refuse to be read, and the program may not ask for their
# libraries. Then it lists the CPU and refuses OpenCL with a message that says why.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=.build/portable
headers=$PWD/$scratch/headers
for header in CL/cl.h CL/opencl.h clblast_c.h dnnl.h oneapi/dnnl/dnnl.h; do
  mkdir -p "$(dirname "$headers/$header")"
  echo "#error \"$header is included though its trait is off\"" >"$headers/$header"
done
swift build --disable-default-traits --scratch-path "$scratch" -Xcc "-I$headers" --product magnetic
binary=$scratch/debug/magnetic
if ldd "$binary" | grep -E 'OpenCL|clblast|dnnl'; then
  echo "test-portable: the program asks for the libraries above though the traits are off" >&2
  exit 1
fi
"$binary" devices
if message=$("$binary" game --batch 2 --size 3 --steps 1 --device opencl 2>&1); then
  echo "test-portable: a build without OpenCL accepted --device opencl" >&2
  exit 1
fi
if ! grep -q "no OpenCL: enable the package trait" <<<"$message"; then
  printf 'test-portable: expected a word on the trait, found:\n%s\n' "$message" >&2
  exit 1
fi
