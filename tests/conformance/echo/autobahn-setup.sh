# Python 2.7 with Autobahn's testsuite, unpacked into $CANYON_CACHE/autobahn without root; sourced by `autobahn`.
#
# Autobahn's client never left Python 2, which Debian had until bullseye. Its packages are taken apart, not installed.

autobahn_home="$CANYON_CACHE/autobahn"

python27() {
    local root="$autobahn_home/root/usr"
    PYTHONHOME="$root" PYTHONNOUSERSITE=1 LD_LIBRARY_PATH="$root/lib/x86_64-linux-gnu" "$root/bin/python2.7" "$@"
}

# The testsuite's command, for `timeout` and others that cannot call a function.
write_wstest() {
    cat >"$autobahn_home/wstest" <<WSTEST
#!/bin/sh
export PYTHONHOME='$autobahn_home/root/usr' PYTHONNOUSERSITE=1
export LD_LIBRARY_PATH='$autobahn_home/root/usr/lib/x86_64-linux-gnu'
# addsitedir reads the .pth file without which Python 2 finds nothing of zope.
exec "\$PYTHONHOME/bin/python2.7" -c '
import site, sys
site.addsitedir(sys.argv.pop(1))
from autobahntestsuite import wstest
wstest.run()' '$autobahn_home/packages' "\$@"
WSTEST
    chmod +x "$autobahn_home/wstest"
}

unpack_python27() {
    local apt="$autobahn_home/apt" mirror keyring
    mirror="$(debian_mirror)"
    [ -n "$mirror" ] || fail "no Debian mirror in this system's apt sources; set CANYON_DEBIAN_MIRROR to one"
    keyring="$(debian_keyring)"
    mkdir -p "$apt"/{var/lib/apt/lists/partial,var/cache/apt/archives/partial,etc/apt/preferences.d}
    : >"$apt/status"
    echo "deb [signed-by=$keyring] $mirror bullseye main" >"$apt/etc/apt/sources.list"
    # An old suite's index is past its date, and as well signed as on its first day.
    private_apt=(apt-get -q=2 -o "Dir=$apt" -o "Dir::State::status=$apt/status" -o Acquire::Check-Valid-Until=false
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
        -o APT::Sandbox::User=root)
    "${private_apt[@]}" update ||
        fail "there is no Debian bullseye at $mirror; set CANYON_DEBIAN_MIRROR to a mirror that still has it"
    unpack_packages "$autobahn_home/root" python2.7 python2.7-minimal python2.7-dev libpython2.7 \
        libpython2.7-minimal libpython2.7-stdlib libpython2.7-dev libssl1.1 libffi7
    rm -rf "$apt"
}

install_autobahn_packages() {
    local include="$autobahn_home/root/usr/include"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps \
        --only-binary :all: --python-version 2.7 --target "$autobahn_home/tools" \
        --requirement "$here/autobahn-tools.txt" || fail "pip for Python 2.7 could not be installed"
    # One package is C: setup.py looks for Python's headers where Debian would have installed them.
    CFLAGS="-I$include/python2.7 -I$include" PYTHONPATH="$autobahn_home/tools" PYTHONWARNINGS=ignore \
        python27 -m pip install --quiet --disable-pip-version-check --no-python-version-warning --no-input \
        --no-cache-dir --require-hashes --no-deps --target "$autobahn_home/packages" \
        --requirement "$here/autobahn-packages.txt" || fail "Autobahn's packages could not be installed"
}

set_up_autobahn() {
    local wanted
    wanted=("$(cat "$here"/autobahn-setup.sh "$here"/autobahn-*.txt | cksum)" "$autobahn_home")
    is_stamped "$autobahn_home/stamp" "${wanted[@]}" && return
    [ "$(uname -m)" = x86_64 ] || fail "Autobahn's packages for Python 2.7 exist for x86-64 only"
    say "fetching Python 2.7 and Autobahn's testsuite (30 MB, into $autobahn_home)"
    rm -rf "$autobahn_home"
    mkdir -p "$autobahn_home"
    unpack_python27
    install_autobahn_packages
    write_wstest
    "$autobahn_home/wstest" --version >/dev/null 2>&1 || fail "Autobahn's testsuite does not start"
    stamp "$autobahn_home/stamp" "${wanted[@]}"
}
