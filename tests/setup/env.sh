# Where everything is that the tests and the demo need. Source it from bash:
#
#   source tests/setup/env.sh
#
# It only computes and exports names; `tests/setup/install` puts the things there.
# A name that is already set keeps its value, so a test can run with another PHP, another
# Chromium or a Composer vendor directory:
#
#   LARAVEL_AUTOLOAD=/path/to/vendor/autoload.php make test-php
#
# LARAVEL12_AUTOLOAD has no default: with it, the tests of the package run on that Laravel as well.
#
# Node looks at NODE_PATH only for `require`; an ES module gets at the packages with
#   import { createRequire } from 'node:module'
#   const require = createRequire(process.env.NODE_PATH + '/')

CANYON_ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
: "${CANYON_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/canyon}"

# Both PHPs are wrappers in the cache, around the host's PHP 8.2 (Debian 12) and around an
# unpacked PHP 8.4. With CANYON_EXTENSION=/path/to/libcanyon.so in the environment they load
# the extension, from a php.ini of its own: `artisan serve` gives its child neither -d
# options nor the whole environment. Hosts without PHP 8.2 leave PHP82* empty; the tests
# then skip what needs it.
if command -v php8.2 >/dev/null; then
    : "${PHP82:=$CANYON_CACHE/php82/bin/php}"
    : "${PHP82_FPM:=$CANYON_CACHE/php82/bin/php-fpm}"
    : "${PHP82_CONFIG:=$(command -v php-config8.2 || true)}"
fi
: "${PHP82:=}" "${PHP82_FPM:=}" "${PHP82_CONFIG:=}"
: "${PHP84:=$CANYON_CACHE/php84/bin/php}"
: "${PHP84_FPM:=$CANYON_CACHE/php84/bin/php-fpm}"
: "${PHP84_CONFIG:=$CANYON_CACHE/php84/bin/php-config}"
: "${LARAVEL_AUTOLOAD:=$CANYON_CACHE/php84/root/usr/share/php/Illuminate/autoload.php}"
: "${LARAVEL12_AUTOLOAD:=}"
: "${MOCKERY_AUTOLOAD:=$CANYON_CACHE/php84/root/usr/share/php/Mockery/autoload.php}"
: "${PHPUNIT:=$CANYON_CACHE/php84/root/usr/bin/phpunit}"
# Not COMPOSER: to Composer itself that is the name of composer.json.
: "${CANYON_COMPOSER:=$CANYON_CACHE/composer/bin/composer}"

# Not the caller's: one that is set for something else would hide the packages.
NODE_PATH="$CANYON_CACHE/node/node_modules"
PYTHON="$CANYON_CACHE/python/bin/python"
: "${CHROMIUM:=/usr/bin/chromium}"
NGINX="$CANYON_CACHE/proxies/bin/nginx"
CADDY="$CANYON_CACHE/proxies/bin/caddy"
# Only for `make bench`; put there by redis.sh.
REDIS_SERVER="$CANYON_CACHE/redis/bin/redis-server"
REDIS_MODULES="$CANYON_CACHE/redis/modules"

# The build products. The API number of a PHP minor version never changes: 8.2 is
# 20220829, 8.4 is 20240924; Debian's builds are not thread-safe.
: "${CANYON_BIN:=$CANYON_ROOT/target/release/canyon}"
: "${CANYON_PUBLISH_LIBRARY:=$CANYON_ROOT/target/capi/release/libcanyon_publish.so}"
: "${CANYON_EXT82:=$CANYON_ROOT/target/ext/20220829-nts/release/libcanyon.so}"
: "${CANYON_EXT84:=$CANYON_ROOT/target/ext/20240924-nts/release/libcanyon.so}"

export CANYON_ROOT CANYON_CACHE \
    PHP82 PHP82_FPM PHP82_CONFIG PHP84 PHP84_FPM PHP84_CONFIG \
    LARAVEL_AUTOLOAD LARAVEL12_AUTOLOAD MOCKERY_AUTOLOAD PHPUNIT CANYON_COMPOSER NODE_PATH PYTHON CHROMIUM NGINX CADDY REDIS_SERVER REDIS_MODULES \
    CANYON_BIN CANYON_PUBLISH_LIBRARY CANYON_EXT82 CANYON_EXT84
