#!/usr/bin/env bash
# Wrappers in $CANYON_CACHE/php82 for the host's PHP 8.2, and its php-fpm. That package would
# start a service when installed, so it is unpacked; it uses the host's libraries and modules.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"
source "$here/wrapper.sh"

[ -n "$PHP82" ] || exit 0

home="$CANYON_CACHE/php82"
version="$(dpkg-query -W -f '${Version}' php8.2-cli)"
scripts="$(cat "$here/php82.sh" "$here/wrapper.sh" | cksum)"
is_stamped "$home/stamp" "$version" "$scripts" "$home" && exit 0

mkdir -p "$home"
rm -rf "$home/root" "$home/bin" "$home/ini" "$home/stamp"
if [ -x /usr/sbin/php-fpm8.2 ]; then
    fpm=/usr/sbin/php-fpm8.2
else
    say "fetching php-fpm $version (unpacked into $home, not installed)"
    debs="$(mktemp -d "$CANYON_CACHE/debs.XXXXXX")"
    (cd "$debs" && apt-get -q=2 -o APT::Sandbox::User=root download "php8.2-fpm=$version") || {
        as_root apt-get -q=2 update
        (cd "$debs" && apt-get -q=2 -o APT::Sandbox::User=root download "php8.2-fpm=$version")
    } || fail "php8.2-fpm $version cannot be downloaded; run apt-get upgrade if php8.2-cli is older than the mirror's"
    dpkg-deb -x "$debs"/php8.2-fpm_*.deb "$home/root"
    rm -rf "$debs"
    fpm="$home/root/usr/sbin/php-fpm8.2"
fi

mkdir -p "$home/ini/plain"
printf '; Written by tests/setup/php82.sh; the modules come from the host.\ndate.timezone = UTC\n' >"$home/ini/plain/php.ini"
modules=/etc/php/8.2/cli/conf.d
write_wrapper "$home" php "$modules" "$(command -v php8.2)"
write_wrapper "$home" php-fpm "$modules" "$fpm"
for program in php php-fpm; do
    "$home/bin/$program" -v >/dev/null || fail "$program 8.2 does not start"
done
stamp "$home/stamp" "$version" "$scripts" "$home"
