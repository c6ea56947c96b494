#!/usr/bin/env bash
# Installs what is missing to build and test: Debian packages through apt, with sudo where needed.
# usage: tools/setup.sh [--tests]
set -euo pipefail

if ! command -v swift >/dev/null 2>&1; then
  echo "setup: no Swift toolchain found; install Swift 6.1 or later from swift.org" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "setup: this is not Debian or Ubuntu; install zlib, and the OpenCL headers and ICD loader, CLBlast" >&2
  echo "setup: and oneDNN by hand, or build without those: swift build --disable-default-traits" >&2
  exit 0
fi
packages=(ocl-icd-opencl-dev opencl-headers libclblast-dev libdnnl-dev zlib1g-dev pkg-config)
[ "${1:-}" = "--tests" ] && packages+=(pocl-opencl-icd)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "setup: installing ${missing[*]}"
sudo=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || {
    echo "setup: not root and no sudo; as root run: apt-get install ${missing[*]}" >&2
    exit 1
  }
  sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq "${missing[@]}"
