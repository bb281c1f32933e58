# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # read by orcheo-env, which sets the rest
#
# env-proc.sh - read by orcheo-env: processes of one instance. Each runs in a
# session of its own, so that its group is signalled as a whole, and is known
# by pid and start time, so that a number that was given out again is let be.

start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# launch NAME COMMAND...: its output goes to NAME.log
launch() {
    name=$1
    shift
    setsid "$@" >>"$STATE/$name.log" 2>&1 </dev/null 9>&- &
    echo "$! $(start_time $!)" >"$STATE/$name.pid"
}

pid_of() { cut -d' ' -f1 "$STATE/$1.pid" 2>/dev/null; }

alive() {
    [ -f "$STATE/$1.pid" ] || return 1
    read -r pid since <"$STATE/$1.pid"
    now=$(start_time "$pid")
    [ -n "$now" ] && [ "$now" = "$since" ] &&
        ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}

# group_alive NAME: the process or a child that outlived it
# that is more than a zombie
group_alive() {
    alive "$1" ||
        pgrep -r R,S,D,T,t -g "$(pid_of "$1")" >/dev/null 2>&1
}

# end NAME SIGNAL SECONDS: ask, wait, then kill what is left of the group.
end() {
    [ -f "$STATE/$1.pid" ] || return 0
    if group_alive "$1"; then
        group=$(pid_of "$1")
        kill -s "$2" -- "-$group"
        wait_for "$3" group_gone "$1" || kill -s KILL -- "-$group"
        wait_for 5 group_gone "$1" ||
            { say "$1 ($group) does not die"; return 1; }
    fi
    rm -f "$STATE/$1.pid"
}

group_gone() { ! group_alive "$1"; }

# wait_for SECONDS COMMAND...
wait_for() {
    tries=$(($1 * 10))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

# wait_up NAME SECONDS COMMAND...: until it answers; fail at once if it died.
wait_up() {
    name=$1
    tries=$(($2 * 5))
    shift 2
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        if ! alive "$name" || [ $tries -le 0 ]; then
            say "$name did not come up:"
            tail -5 "$STATE/$name.log" >&2
            return 1
        fi
        sleep 0.2
    done
}

free_port() {
    "$PYTHON" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
