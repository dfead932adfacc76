# Shared by the install scripts; sourced after env.sh.

say() { printf 'setup: %s\n' "$*"; }

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# is_stamped FILE WANTED...: true if FILE says that exactly this is installed.
is_stamped() {
    local file="$1"
    shift
    [ -f "$file" ] && [ "$(cat "$file")" = "$*" ]
}

stamp() {
    local file="$1"
    shift
    printf '%s\n' "$*" >"$file"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root: $*" "run it as root, or install sudo"
    fi
}
