#!/usr/bin/env bash
# Redis and phpredis for PHP 8.4, unpacked into $CANYON_CACHE/redis: what `make bench` compares a publish with.
# Not installed, because the package would start a service.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"
source "$here/debian.sh"

# redis-tools holds the server's program; the rest is what it and the module are linked with.
packages=(redis-server redis-tools php8.4-redis php8.4-igbinary
    libatomic1 libcap2 libjemalloc2 liblz4-1 liblzf1 libssl3t64 libstdc++6 libsystemd0 libzstd1 zlib1g)

home="$CANYON_CACHE/redis"
root="$home/root"
scripts="$(cat "$here/redis.sh" "$here/debian.sh" | cksum)"
is_stamped "$home/stamp" "${packages[@]}" "$scripts" "$home" && exit 0

say "fetching Redis and phpredis (unpacked into $home, not installed)"
mkdir -p "$home/bin"
rm -rf "$root" "$home/stamp"
private_apt_setup "$CANYON_CACHE/apt"
private_apt_update
unpack_packages "$root" "${packages[@]}"
rm -rf "$CANYON_CACHE/apt"

# Both run with the C library that was unpacked with PHP 8.4.
php_root="$CANYON_CACHE/php84/root"
loader="$(find "$php_root" -name 'ld-linux*.so*' -not -type d | head -n 1)"
libraries="$(dirname "$(find "$root" -name 'libjemalloc.so.2')"):$(dirname "$(find "$php_root" -name libc.so.6)")"
printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$loader" "$libraries" "$root/usr/bin/redis-check-rdb" \
    >"$home/bin/redis-server.new"
# Its name decides what the program is.
sed -i "s#^exec [^ ]*#& --argv0 redis-server#" "$home/bin/redis-server.new"
chmod +x "$home/bin/redis-server.new"
mv "$home/bin/redis-server.new" "$REDIS_SERVER"
ln -sfn "$(dirname "$(find "$root" -name redis.so)")" "$REDIS_MODULES"

"$REDIS_SERVER" --version >/dev/null || fail "the unpacked Redis does not start"
"$PHP84" -d "extension=$REDIS_MODULES/igbinary.so" -d "extension=$REDIS_MODULES/redis.so" -r 'exit(extension_loaded("redis") ? 0 : 1);' ||
    fail "the unpacked phpredis does not load"
stamp "$home/stamp" "${packages[@]}" "$scripts" "$home"
