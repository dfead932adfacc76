#!/usr/bin/env bash
# zig and cargo-zigbuild from PyPI, into $CANYON_CACHE/zig: they compile and link for another processor, an older glibc
# and musl. Only for `make dist`; not part of tests/setup/install.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"

home="$CANYON_CACHE/zig"
wanted=("$(python3 --version)" "$(cksum <"$here/zig.txt")" "$home")
is_stamped "$home/stamp" "${wanted[@]}" && exit 0

say "fetching zig (100 MB, into $home)"
rm -rf "$home"
python3 -m venv "$home"
"$home/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$here/zig.txt" || fail "pip install failed"
PATH="$home/bin:$PATH" cargo-zigbuild --version >/dev/null || fail "cargo-zigbuild does not start"
stamp "$home/stamp" "${wanted[@]}"
