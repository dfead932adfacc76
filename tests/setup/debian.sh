# Fetches Debian packages into a folder without installing them; sourced.
#
# A private apt works beside the host's: own lists, own cache, an empty package status.
# Only the mirror and the proxy settings come from the host's configuration.

# The Debian mirror this host uses. apt itself reads both formats of its sources.
debian_mirror() {
    if [ -n "${CANYON_DEBIAN_MIRROR:-}" ]; then
        echo "$CANYON_DEBIAN_MIRROR"
        return
    fi
    local codename
    codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
    # In order: what says that it is Debian, then (lists never read) the suite of this release.
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(RELEASE)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F'|' -v codename="$codename" '
            $4 !~ /^(https?|mirror\+https?):/ { next }
            $1 == "Debian" && $2 == "Debian" && $3 !~ /-/ { print 1, $4 }
            $1 == "" && ($3 == codename || $3 == "stable") { print 2, $4 }' |
        sort -s -k1,1 | sed -n '1s/^[12] //p'
}

debian_keyring() {
    local file
    for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        [ -f "$file" ] && echo "$file" && return
    done
    fail "debian-archive-keyring is missing: apt-get install debian-archive-keyring"
}

# private_apt_setup FOLDER: PHP 8.4 and its libraries from trixie, which is stable; Laravel
# and PHPUnit from forky, because trixie has Laravel 10. Sets the array `private_apt`.
private_apt_setup() {
    local apt="$1" mirror keyring suite
    mirror="$(debian_mirror)"
    [ -n "$mirror" ] || fail "no Debian mirror in this system's apt sources" \
        "set CANYON_DEBIAN_MIRROR to one, for example the address your Debian machines use"
    keyring="$(debian_keyring)"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts}
    : >"$apt/status"
    for suite in trixie forky; do
        echo "deb [signed-by=$keyring] $mirror $suite main"
    done >"$apt/sources.list"
    cat >"$apt/preferences" <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: 900

Package: php-* phpunit*
Pin: release n=forky
Pin-Priority: 950

Package: php8.4-* php-cli php-common php-fpm
Pin: release n=trixie
Pin-Priority: 990
PIN
    private_apt=(apt-get -q=2
        -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
        -o "Dir::Cache=$apt/cache" -o "Dir::Etc::sourcelist=$apt/sources.list"
        -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::Etc::preferences=$apt/preferences"
        -o "Dir::Etc::preferencesparts=$apt/parts" -o Acquire::Languages=none
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Install-Recommends=false -o APT::Sandbox::User=root)
}

# A mirror that is a frozen copy serves indexes past their date. They are as well signed as
# on the day they were made, and nothing from them is installed on this system.
private_apt_update() {
    local output
    output="$("${private_apt[@]}" update 2>&1)" && return
    if [[ "$output" == *"is expired"* ]]; then
        say "the mirror's package index is out of date; using it all the same"
        private_apt+=(-o Acquire::Check-Valid-Until=false)
        output="$("${private_apt[@]}" update 2>&1)" && return
    fi
    fail "apt-get update failed for trixie and forky of this system's Debian mirror:" "$output"
}

# unpack_packages FOLDER PACKAGE...: the newest candidates, without what they depend on.
unpack_packages() {
    local root="$1" debs
    shift
    debs="$(mktemp -d "$CANYON_CACHE/debs.XXXXXX")"
    (cd "$debs" && "${private_apt[@]}" download "$@") || fail "the packages could not be downloaded"
    mkdir -p "$root"
    local deb
    for deb in "$debs"/*.deb; do
        dpkg-deb -x "$deb" "$root"
    done
    rm -rf "$debs"
}
