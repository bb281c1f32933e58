# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # read by orcheo-env, which sets the rest
#
# env-install.sh - read by orcheo-env: find Python and the Debian servers, and
# keep one installed Orcheo per (constraints, Python) in the scratch folder.

# The pins of constraints.txt that are asked for by name; the rest follows.
orcheo_packages="orcheo orcheo-backend orcheo-sdk"

python_works() {
    "$1" -c 'import ensurepip, sys, venv
sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

# Every interpreter that could do, one a line. A pyenv shim exists for each
# version that is installed anywhere, and runs only some: so each is executed.
python_candidates() {
    if [ -n "${TRIMTAB_ORCHEO_PYTHON:-}" ]; then
        echo "$TRIMTAB_ORCHEO_PYTHON"
        return
    fi
    for name in python3.12 python3.13 python3.14 python3; do
        echo "$PATH" | tr : '\n' | while read -r dir; do
            [ -x "$dir/$name" ] && echo "$dir/$name"
        done
    done
    for root in "${PYENV_ROOT:-}" "$HOME/.pyenv" /opt/pyenv /opt/*/pyenv; do
        for version in 3.12 3.13 3.14; do
            for found in "$root/versions/$version"*/bin/python3; do
                [ -n "$root" ] && [ -x "$found" ] && echo "$found"
            done
        done
    done
}

# Set PYTHON, or fail and say why.
find_python() {
    for PYTHON in $(python_candidates); do
        python_works "$PYTHON" && return 0
    done
    PYTHON=
    if [ -n "${TRIMTAB_ORCHEO_PYTHON:-}" ]; then
        say "TRIMTAB_ORCHEO_PYTHON=$TRIMTAB_ORCHEO_PYTHON does not run" \
            "as Python 3.12 or newer with venv"
    else
        say "no Python 3.12 or newer on PATH or under pyenv;" \
            "set TRIMTAB_ORCHEO_PYTHON"
    fi
    return 1
}

# Set PG_BIN (Debian keeps the servers' programs off PATH), check for Redis.
find_servers() {
    PG_BIN=
    for dir in $(echo "$PATH" | tr : ' ') /usr/lib/postgresql/*/bin; do
        [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && PG_BIN=$dir
    done
    [ -n "$PG_BIN" ] ||
        { say "PostgreSQL is missing: apt-get install postgresql"; return 1; }
    command -v redis-server >/dev/null ||
        { say "Redis is missing: apt-get install redis-server"; return 1; }
}

# Who runs PostgreSQL. It refuses root, so root lends it a plain account.
find_postgres_user() {
    PG_USER=
    [ "$(id -u)" -eq 0 ] || return 0
    PG_USER=${TRIMTAB_ORCHEO_USER:-postgres}
    if ! id "$PG_USER" >/dev/null 2>&1; then
        PG_USER=trimtab-test
        id "$PG_USER" >/dev/null 2>&1 ||
            useradd --system --no-create-home --home-dir "$ORCHEO_HOME" \
                --shell /usr/sbin/nologin "$PG_USER" ||
            die "cannot create the user $PG_USER for PostgreSQL"
    fi
}

as_postgres() {
    if [ -n "$PG_USER" ]; then
        runuser -u "$PG_USER" -- "$@"
    else
        "$@"
    fi
}

# Set VENV, its folder: it changes with the pins and with the interpreter.
find_venv() {
    stamp=$({ cat "$here/constraints.txt"
              "$PYTHON" -c 'import sys; print(sys.version, sys.executable)'
            } | sha256sum | cut -c1-12)
    VENV=$ORCHEO_HOME/venv-$stamp
}

installed() { [ -f "$VENV/complete" ] && [ -x "$VENV/bin/python" ]; }

# Can pip bring the packages? Asked with the smallest of the three.
index_reachable() {
    probe=$(mktemp -d "$ORCHEO_HOME/probe.XXXXXX") || return 1
    "$PYTHON" -m venv "$probe/venv" >/dev/null 2>&1 &&
        timeout 90 "$probe/venv/bin/python" -m pip -q --retries 1 \
            --timeout 20 download --no-deps -d "$probe" \
            "$(grep '^orcheo-sdk==' "$here/constraints.txt")" \
            >"$probe/log" 2>&1
    result=$?
    rm -rf "$probe"
    return $result
}

do_available() {
    find_python || exit 77
    find_servers || exit 1
    find_venv
    installed && return 0
    make_home
    index_reachable && return 0
    say "Orcheo is not installed yet and the package index does not answer"
    exit 77
}

do_install() {
    find_python || exit 77
    find_servers || exit 1
    find_venv
    installed && return 0
    make_home
    exec 9>"$ORCHEO_HOME/install.lock"
    flock 9
    if ! installed; then
        say "installing Orcheo into $VENV (once, about two minutes)"
        rm -rf "$VENV"
        "$PYTHON" -m venv "$VENV" || die "cannot make a venv with $PYTHON"
        # shellcheck disable=SC2046
        "$VENV/bin/python" -m pip -q install -c "$here/constraints.txt" \
            $(for p in $orcheo_packages; do
                  grep "^$p==" "$here/constraints.txt"
              done) >"$VENV/install.log" 2>&1 || {
            tail -5 "$VENV/install.log" >&2
            die "pip could not install Orcheo"
        }
        "$VENV/bin/python" -m pip freeze >"$VENV/complete.new" &&
            mv "$VENV/complete.new" "$VENV/complete"
    fi
    exec 9>&-
}

# The scratch folder, outside the clone. PostgreSQL's user must reach it.
make_home() {
    mkdir -p "$ORCHEO_HOME" || die "cannot make $ORCHEO_HOME"
    [ "$(id -u)" -ne 0 ] || chmod 0711 "$ORCHEO_HOME"
}
