# Writes the `php` and `php-fpm` wrappers in the cache; sourced.

# write_wrapper HOME NAME SCAN_DIR COMMAND...
#
# HOME/bin/NAME runs COMMAND with HOME/ini/plain/php.ini. With CANYON_EXTENSION set it uses
# a copy of that php.ini which loads the extension, and calls itself by a name that carries
# the choice (HOME/ini/<key>/NAME): PHP then passes that name on as PHP_BINARY, so child
# processes load the extension even when they get neither -d options nor the environment.
write_wrapper() {
    local home="$1" name="$2" scan_dir="$3" quoted
    shift 3
    printf -v quoted ' %q' "$@"
    mkdir -p "$home/bin" "$home/ini/plain"
    cat >"$home/bin/$name.new" <<WRAPPER
#!/bin/sh
home='$home'
self="\$home/bin/$name"
ini="\$home/ini/plain"
if [ -n "\${CANYON_EXTENSION:-}" ]; then
    if [ ! -f "\$CANYON_EXTENSION" ]; then
        echo "$name: CANYON_EXTENSION=\$CANYON_EXTENSION does not exist; build it with make ext82 or make ext84" >&2
        exit 1
    fi
    key=\$(printf %s "\$CANYON_EXTENSION" | cksum | tr ' ' -)
    ini="\$home/ini/\$key"
    self="\$ini/$name"
    if [ ! -f "\$ini/php.ini" ] || [ ! -x "\$self" ]; then
        mkdir -p "\$ini"
        { cat "\$home/ini/plain/php.ini"; echo "extension=\$CANYON_EXTENSION"; } >"\$ini/php.ini.\$\$"
        mv "\$ini/php.ini.\$\$" "\$ini/php.ini"
        printf '#!/bin/sh\nCANYON_EXTENSION="%s" exec "%s" "\$@"\n' "\$CANYON_EXTENSION" "\$home/bin/$name" >"\$self.\$\$"
        chmod +x "\$self.\$\$"
        mv "\$self.\$\$" "\$self"
    fi
fi
export PHPRC="\$ini" PHP_INI_SCAN_DIR='$scan_dir' PHP_BINARY="\$self"
exec${quoted//__SELF__/\"\$self\"} "\$@"
WRAPPER
    chmod +x "$home/bin/$name.new"
    mv "$home/bin/$name.new" "$home/bin/$name"
}
