#!/usr/bin/env bash
# nginx and Caddy, unpacked into $CANYON_CACHE/proxies: what the recipes for a deployment are tried with.
# Not installed, because the packages would start services.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"
source "$here/debian.sh"

# With the libraries they are linked with.
packages=(nginx caddy libc6 libcrypt1 libpcre2-8-0 libssl3t64 libzstd1 zlib1g)

home="$CANYON_CACHE/proxies"
root="$home/root"
scripts="$(cat "$here/proxies.sh" "$here/debian.sh" | cksum)"
is_stamped "$home/stamp" "${packages[@]}" "$scripts" "$home" && exit 0

say "fetching nginx and Caddy (unpacked into $home, not installed)"
mkdir -p "$home/bin"
rm -rf "$root" "$home/stamp"
private_apt_setup "$CANYON_CACHE/apt"
private_apt_update
unpack_packages "$root" "${packages[@]}"
rm -rf "$CANYON_CACHE/apt"

# write_program NAME PATH: runs it with its own C library.
loader="$(find "$root" -name 'ld-linux*.so*' | head -n 1)"
libraries="$(dirname "$(find "$root" -name 'libpcre2-8.so.0')"):$(dirname "$(find "$root" -name libc.so.6)")"
write_program() {
    printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$loader" "$libraries" "$2" >"$home/bin/$1.new"
    chmod +x "$home/bin/$1.new"
    mv "$home/bin/$1.new" "$home/bin/$1"
}
write_program nginx "$root/usr/sbin/nginx"
write_program caddy "$root/usr/bin/caddy"

"$NGINX" -v 2>/dev/null || fail "the unpacked nginx does not start"
"$CADDY" version >/dev/null || fail "the unpacked Caddy does not start"
stamp "$home/stamp" "${packages[@]}" "$scripts" "$home"
