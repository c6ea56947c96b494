#!/usr/bin/env bash
# Makes bundle/ and bundle.tar.gz: what `tools/bundle/run.sh` needs on a machine that has nothing
# but glibc and an OpenCL driver. `magnetic` and `magnetic-bench` are linked with Swift's libraries
# inside; every other shared library that they need, except glibc's and the driver's, lies in lib/.
# The test program comes with Swift's shared libraries in swift/, since its own are not there to
# link.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/bundle
build=$PWD/.build/bundle
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)

# Swift's networking, linked inside, asks for -lcurl. The library is there (the toolchain needs it),
# its development package need not be.
mkdir -p "$build/link"
ln -sf "$(ldconfig -p | awk '$1 == "libcurl.so.4" { print $NF; exit }')" "$build/link/libcurl.so"

for product in magnetic-bench magnetic; do
  swift build -c release --static-swift-stdlib --package-path bench --scratch-path "$build" \
    -Xlinker "-L$build/link" --product "$product"
done
swift build -c release --build-tests -Xswiftc -enable-testing
tests=$(find .build/release/ -maxdepth 1 -name '*PackageTests.xctest' | head -n 1)

rm -rf "$out" "$out.tar.gz"
mkdir -p "$out/bin" "$out/lib" "$out/swift"
cp "$build/release/magnetic" "$build/release/magnetic-bench" "$out/bin/"
cp "$tests" "$out/bin/conformance"
cp tools/bundle/run.sh tools/bundle/torch_figures.py LICENSE "$out/" 2>/dev/null ||
  cp tools/bundle/run.sh tools/bundle/torch_figures.py "$out/"
strip "$out/bin/magnetic" "$out/bin/magnetic-bench"

# Copies what `ldd` finds for "$1" to "$2", but for glibc's parts, which belong to the kernel and
# the dynamic linker of the machine that runs them. Libraries of the Swift toolchain go to swift/.
glibc='^(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt|libresolv|libutil|libmvec)\.so'
swiftlibs=$(dirname "$(command -v swift)")
swiftlibs=$(readlink -f "$swiftlibs/../lib/swift/linux")
gather() {
  local name path
  ldd "$1" | awk '$2 == "=>" { print $1, $3 }' | while read -r name path; do
    if [[ $name =~ $glibc ]]; then continue; fi
    if [ "$path" = not ]; then
      echo "bundle: $1 needs $name, which is not installed here" >&2
      exit 1
    fi
    if [[ $(readlink -f "$path") == "$swiftlibs"/* ]]; then
      cp -L "$path" "$out/swift/$name"
    else
      cp -L "$path" "$out/lib/$name"
    fi
  done
}
for program in "$out"/bin/*; do gather "$program"; done
strip --strip-unneeded "$out"/lib/* "$out"/swift/* "$out/bin/conformance" 2>/dev/null || true

if ldd "$out/bin/magnetic" "$out/bin/magnetic-bench" | grep -F "$swiftlibs"; then
  echo "bundle: the programs above ask for Swift's shared libraries" >&2
  exit 1
fi

# The oldest glibc that all of it runs with.
needed=$(find "$out/bin" "$out/lib" "$out/swift" -type f -exec objdump -T {} + 2>/dev/null |
  grep -oE 'GLIBC_[0-9]+\.[0-9]+' | sort -uV | tail -n 1)
{
  printf 'commit\t%s\n' "$commit"
  printf 'built\t%s\n' "$(date -u +%Y-%m-%dT%H:%MZ)"
  printf 'needs\tglibc %s or later, x86-64 or the architecture it was built on (%s)\n' \
    "${needed#GLIBC_}" "$(uname -m)"
} >"$out/about.tsv"
tar -czf "$out.tar.gz" -C "$(dirname "$out")" "$(basename "$out")"
du -sh "$out" "$out.tar.gz"
