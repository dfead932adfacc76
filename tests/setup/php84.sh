#!/usr/bin/env bash
# PHP 8.4, Laravel 13, Mockery and PHPUnit, unpacked into $CANYON_CACHE/php84 without root.
#
# Debian's packages are taken apart, not installed: nothing on the host changes, and the
# PHP runs with its own C library. Composer's registry is not needed.
set -euo pipefail

here="$(cd -- "$(dirname -- "$0")" && pwd)"
source "$here/env.sh"
source "$here/common.sh"
source "$here/debian.sh"
source "$here/wrapper.sh"

packages=(php8.4-cli php8.4-curl php8.4-intl php8.4-mbstring php8.4-opcache php8.4-sqlite3 php8.4-xml
    php-laravel-framework php-mockery phpunit)
# Taken without what they depend on: php-fpm wants systemd, the headers want a C compiler.
alone=(php8.4-fpm php8.4-dev libacl1 libapparmor1 libcap2 libsystemd0)
# Part of what the packages depend on, but only for their installation scripts.
unneeded='^(perl-base|debconf|ucf|sensible-utils|init-system-helpers|psmisc|procps|libproc2-0|libtext-.*|gcc-.*-base)$'

home="$CANYON_CACHE/php84"
root="$home/root"

# The scripts are part of the stamp: whoever changes them gets a fresh folder.
scripts="$(cat "$here/php84.sh" "$here/debian.sh" "$here/wrapper.sh" | cksum)"
is_stamped "$home/stamp" "${packages[@]}" "${alone[@]}" "$scripts" "$home" && exit 0

unpack() {
    say "fetching PHP 8.4, Laravel 13 and PHPUnit (70 MB, unpacked into $home)"
    private_apt_setup "$CANYON_CACHE/apt"
    private_apt_update
    local closure
    closure="$("${private_apt[@]}" -s install "${packages[@]}" | awk '/^Inst /{print $2}' | grep -vE "$unneeded")" ||
        fail "apt cannot resolve: ${packages[*]}"
    rm -rf "$root"
    # shellcheck disable=SC2086
    unpack_packages "$root" $closure "${alone[@]}"
    # The package indexes take more room than PHP.
    rm -rf "$CANYON_CACHE/apt"
}

# Debian's autoloaders name their folder absolutely; Laravel looks for its default
# configuration beside the folder it stands in.
relocate_autoloaders() {
    grep -rlZ --include='*.php' '/usr/share/php' "$root/usr/share/php" |
        xargs -0 -r sed -i "s#\(['\"]\)/usr/share/php#\1$root/usr/share/php#g"
    ln -sfn php/Illuminate/config "$root/usr/share/config"
}

write_ini() {
    local modules="$1" module
    mkdir -p "$home/ini/plain"
    {
        cat <<INI
; Written by tests/setup/php84.sh
extension_dir = "$modules"
include_path = ".:$root/usr/share/php"
date.timezone = UTC
memory_limit = 512M
error_reporting = E_ALL
display_errors = On
zend.assertions = 1
; Without E: Laravel's "artisan serve" withholds everything in \$_ENV from its child.
variables_order = GPCS
zend_extension = opcache
extension = pdo
extension = xml
INI
        for module in "$modules"/*.so; do
            module="$(basename "$module" .so)"
            case "$module" in
                opcache | pdo | xml) ;;
                *) echo "extension = $module" ;;
            esac
        done
    } >"$home/ini/plain/php.ini"
}

write_wrappers() {
    local loader libraries
    loader="$(find "$root" -name 'ld-linux*.so*' -not -type d | head -n 1)"
    libraries="$(dirname "$(find "$root/usr/lib" "$root/lib" -name 'libxml2.so.2' 2>/dev/null | head -n 1)")"
    [ -n "$loader" ] && [ -f "$libraries/libc.so.6" ] || fail "the unpacked C library is not where it was expected in $root"
    rm -rf "$home/ini" "$home/bin"
    write_ini "$(dirname "$(find "$root/usr/lib/php" -name intl.so)")"
    local run=("$loader" --argv0 __SELF__ --library-path "$libraries")
    write_wrapper "$home" php '' "${run[@]}" "$root/usr/bin/php8.4"
    write_wrapper "$home" php-fpm '' "${run[@]}" "$root/usr/sbin/php-fpm8.4"
    sed -e "s#^prefix=\"/usr\"#prefix=\"$root/usr\"#" -e "s#^php_cli_binary=NONE#php_cli_binary=$home/bin/php#" \
        "$root/usr/bin/php-config8.4" >"$home/bin/php-config"
    chmod +x "$home/bin/php-config"
}

verify() {
    "$PHP84" -r '
        foreach (["curl", "dom", "intl", "mbstring", "pcntl", "pdo_sqlite", "posix", "sodium", "sqlite3", "Zend OPcache"] as $extension) {
            extension_loaded($extension) || exit("PHP 8.4 misses $extension\n");
        }
        require $argv[1];
        require $argv[2];
        $version = Illuminate\Foundation\Application::VERSION;
        version_compare($version, "13", ">=") || exit("Laravel is $version, wanted 13\n");
        class_exists(Mockery::class) || exit("Mockery does not load\n");
        echo PHP_VERSION, " with Laravel ", $version;
    ' "$home/root/usr/share/php/Illuminate/autoload.php" "$home/root/usr/share/php/Mockery/autoload.php"
}

mkdir -p "$home"
rm -f "$home/stamp"
unpack
relocate_autoloaders
write_wrappers
PHP84="$home/bin/php"
found="$(verify)" && [[ "$found" == *" with Laravel "* ]] || fail "the unpacked PHP does not work: ${found:-no output}"
say "PHP $found is in $home"
stamp "$home/stamp" "${packages[@]}" "${alone[@]}" "$scripts" "$home"
