#!/usr/bin/env bash
# Debian packages on this machine. None of them starts a service.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"

# libclang: bindgen reads PHP's headers with it. libapparmor1 and libsystemd0: php-fpm
# (see php82.sh) is linked against them. autoconf and the like: phpize runs them. tzdata: both PHPs read the system's time zones.
# tmux: the terminal in which canyon top is tested.
wanted=(build-essential ca-certificates libclang-dev chromium tzdata libapparmor1 libsystemd0 python3-venv
    autoconf automake libtool pkgconf shtool tmux)
php82=(php8.2-cli php8.2-dev php8.2-curl php8.2-mbstring php8.2-sqlite3 php8.2-xml)

missing_packages() {
    local installed
    installed="$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')"
    printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$installed") || true
}

command -v apt-get >/dev/null ||
    fail "apt-get is missing: the tests need Debian 12 or newer (the server and the extension do not)"
for tool in cargo node npm; do
    command -v "$tool" >/dev/null || fail "$tool is missing: install Rust (rustup.rs) and Node 20 or newer first"
done

missing=($(missing_packages "${wanted[@]}" "${php82[@]}"))
[ "${#missing[@]}" -gt 0 ] || exit 0

# Debian 13 and newer have no PHP 8.2; everything but the tests on that version still runs.
no_php82="$CANYON_CACHE/no-php82.stamp"
if is_stamped "$no_php82" "$(. /etc/os-release && echo "$VERSION_ID")"; then
    missing=($(missing_packages "${wanted[@]}"))
    [ "${#missing[@]}" -gt 0 ] || exit 0
fi

say "reading the package lists (apt-get update)"
as_root apt-get -q=2 update || say "apt-get update reported errors; going on with the lists there are"
if ! apt-cache show php8.2-cli >/dev/null 2>&1; then
    say "this system has no PHP 8.2 packages: the tests on PHP 8.2 will be skipped"
    stamp "$no_php82" "$(. /etc/os-release && echo "$VERSION_ID")"
    missing=($(missing_packages "${wanted[@]}"))
    [ "${#missing[@]}" -gt 0 ] || exit 0
fi

say "installing with apt: ${missing[*]}"
log="$CANYON_CACHE/apt.log"
# RUNLEVEL=1: should a dependency bring a service, its maintainer scripts do not start it.
as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "apt-get install failed; the whole output is in $log"
}
say "host packages installed"
