#!/usr/bin/env bash
# The JavaScript packages of the tests and the demo, into $CANYON_CACHE/node.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"

home="$CANYON_CACHE/node"
lock="$(cat "$here/package.json" "$here/package-lock.json" | cksum)"
is_stamped "$home/stamp" "$lock" && exit 0

say "installing the JavaScript packages with npm (into $home)"
mkdir -p "$home"
rm -f "$home/stamp"
cp "$here/package.json" "$here/package-lock.json" "$home/"
# The tests use Debian's Chromium, so Playwright must not bring its own.
(cd "$home" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null) ||
    fail "npm ci failed in $home"
stamp "$home/stamp" "$lock"
