# Where everything is that the tests and the demo need. Source it from bash:
#
#   source tests/setup/env.sh
#
# It only computes and exports names; `tests/setup/install` puts the things there.
# Every name that is already set in the environment keeps its value, so a test can
# run with another PHP, another Chromium or a Composer vendor directory:
#
#   LARAVEL_AUTOLOAD=/path/to/vendor/autoload.php make test-php
#
# Node looks at NODE_PATH only for `require`; an ES module gets at the packages with
#   import { createRequire } from 'node:module'
#   const require = createRequire(process.env.NODE_PATH + '/')

CANYON_ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
: "${CANYON_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/canyon}"

# The host's PHP 8.2 (Debian 12). Empty on hosts without it; tests then skip what needs it.
# PHP82_FPM is a wrapper like the PHP 8.4 ones below.
: "${PHP82:=$(command -v php8.2 || true)}"
: "${PHP82_CONFIG:=$(command -v php-config8.2 || true)}"
: "${PHP82_FPM:=${PHP82:+$CANYON_CACHE/php82/bin/php-fpm}}"

# PHP 8.4, unpacked into the cache. With CANYON_EXTENSION=/path/to/libcanyon.so in the
# environment the wrappers load the extension from php.ini, which child processes that
# drop -d options and most of the environment (`artisan serve`) keep.
: "${PHP84:=$CANYON_CACHE/php84/bin/php}"
: "${PHP84_FPM:=$CANYON_CACHE/php84/bin/php-fpm}"
: "${PHP84_CONFIG:=$CANYON_CACHE/php84/bin/php-config}"
: "${LARAVEL_AUTOLOAD:=$CANYON_CACHE/php84/root/usr/share/php/Illuminate/autoload.php}"
: "${MOCKERY_AUTOLOAD:=$CANYON_CACHE/php84/root/usr/share/php/Mockery/autoload.php}"
: "${PHPUNIT:=$CANYON_CACHE/php84/root/usr/bin/phpunit}"

: "${NODE_PATH:=$CANYON_CACHE/node/node_modules}"
: "${CHROMIUM:=/usr/bin/chromium}"

# The build products. The API number of a PHP minor version never changes: 8.2 is
# 20220829, 8.4 is 20240924; Debian's builds are not thread-safe.
: "${CANYON_BIN:=$CANYON_ROOT/target/release/canyon}"
: "${CANYON_EXT82:=$CANYON_ROOT/target/ext/20220829-nts/release/libcanyon.so}"
: "${CANYON_EXT84:=$CANYON_ROOT/target/ext/20240924-nts/release/libcanyon.so}"

export CANYON_ROOT CANYON_CACHE \
    PHP82 PHP82_FPM PHP82_CONFIG PHP84 PHP84_FPM PHP84_CONFIG \
    LARAVEL_AUTOLOAD MOCKERY_AUTOLOAD PHPUNIT NODE_PATH CHROMIUM \
    CANYON_BIN CANYON_EXT82 CANYON_EXT84
