# What the parts of a release are called; sourced.

version() {
    sed -n 's/^version = "\(.*\)"$/\1/p' "${CANYON_ROOT:-.}/Cargo.toml" | head -n 1
}

# extension_archive VERSION PHP_MINOR NTS_OR_ZTS TARGET: the asset that PIE downloads, see PrePackagedBinaryAssetName
# there. The release must be tagged with this version, without a "v" before it.
extension_archive() {
    local processor libc
    case "$4" in
        x86_64-*) processor=x86_64 ;;
        aarch64-*) processor=arm64 ;;
        *) return 1 ;;
    esac
    case "$4" in
        *-linux-gnu) libc=glibc ;;
        *-linux-musl) libc=musl ;;
        *) return 1 ;;
    esac
    echo "php_canyon-$1_php$2-$processor-linux-$libc$([ "$3" = zts ] && echo -zts || true).zip"
}

# server_archive VERSION TARGET
server_archive() {
    echo "canyon-$1-$2.tar.gz"
}
