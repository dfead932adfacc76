#!/usr/bin/env bash
# Composer from Debian's forky, unpacked into $CANYON_CACHE/composer and run by the unpacked PHP 8.4.
# Its registry is not needed: the tests give it repositories of their own.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"
source "$here/debian.sh"

home="$CANYON_CACHE/composer"
root="$home/root"

scripts="$(cat "$here/composer.sh" "$here/debian.sh" | cksum)"
is_stamped "$home/stamp" "$PHP84" "$scripts" "$home" && exit 0

say "fetching Composer (3 MB, unpacked into $home)"
mkdir -p "$home"
rm -rf "$home/root" "$home/bin" "$home/stamp"
private_apt_setup "$home/apt"
private_apt_update
# Only what is written in PHP: the interpreter and its modules are in $CANYON_CACHE/php84.
closure="$("${private_apt[@]}" -s install composer/forky | awk '/^Inst /{print $2}' |
    grep -E '^(jsonlint|php-(composer|enum|json|psr|react|seld|symfony)[a-z-]*)$')" || fail "apt cannot resolve composer"
# shellcheck disable=SC2086
unpack_packages "$root" composer/forky $closure
rm -rf "$home/apt"

share="$root/usr/share/php"
grep -rlZ --include='*.php' '/usr/share/php' "$share" | xargs -0 -r sed -i "s#\(['\"]\)/usr/share/php#\1$share#g"

mkdir -p "$home/bin"
# Without the network: whatever is not in a repository of the test is an error at once.
cat >"$home/bin/composer" <<WRAPPER
#!/bin/sh
export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_DISABLE_NETWORK=1 COMPOSER_HOME='$home/home'
exec '$PHP84' -d include_path='.:$share' '$root/usr/bin/composer' --no-interaction "\$@"
WRAPPER
chmod +x "$home/bin/composer"
version="$("$home/bin/composer" --version 2>&1)" && [[ "$version" == *Composer* ]] || fail "Composer does not start: $version"
stamp "$home/stamp" "$PHP84" "$scripts" "$home"
