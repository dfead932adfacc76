#!/usr/bin/env bash
# The Python packages of the conformance tests, in an environment of their own in the cache.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"

home="$CANYON_CACHE/python"
# An environment belongs to the Python it was made with, and names its own folder.
wanted=("$(python3 --version)" "$(cksum <"$here/requirements.txt")" "$home")
is_stamped "$home/stamp" "${wanted[@]}" && exit 0

say "installing the Python packages with pip (into $home)"
rm -rf "$home"
python3 -m venv "$home" || fail "python3 -m venv failed"
"$home/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$here/requirements.txt" || fail "pip install failed"
"$PYTHON" -c 'import prometheus_client, pusher' || fail "the Python packages do not load"
stamp "$home/stamp" "${wanted[@]}"
