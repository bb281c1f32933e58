# SPDX-License-Identifier: MIT
# lib-zoo.sh - a house for hostile plugins: healthy runs and reads go on beside
# them, and afterwards nothing may be left. Source it after lib.sh; a test has
# ITERATIONS (of a healthy run), READS (a second), PATIENCE (seconds for a
# hostile run to end) and catalog_files(), which lists what must not change.
# shellcheck shell=sh disable=SC2034,SC2317 # for the tests; settle() calls some

status_of() { get "/api/runs/$1" | jq -r .status; }
wait_end() { # RUN SECONDS: as wait_run, but seldom enough for many at once
    tries=$(($2 * 4))
    while [ $tries -gt 0 ] && status=$(status_of "$1") &&
        [ "$status" = running ]; do
        tries=$((tries - 1))
        sleep 0.25
    done
    printf '%s' "$status"
}
optimize() { # OPTIMIZER OPTIONS...: its run
    optimizer=$1
    shift
    trimtab --json optimize demo-qa answer --optimizer "$optimizer" --detach \
        "$@" | jq -r .run_id
}

# --- what is healthy ----------------------------------------------------------

keep_running() { # NAME OPTIMIZER: runs one after the other, until $STATE/stop
    seed=0
    while [ ! -e "$STATE/stop" ]; do
        seed=$((seed + 1))
        run=$(optimize "$2" --seed $seed --iterations $ITERATIONS \
            --max-in-flight 4)
        while [ "$(status_of "$run")" = running ]; do sleep 1; done
        echo "$run" >>"$STATE/healthy.$1"
    done
}
healthy_ended() { # NAME: each of its runs is complete and has no gap
    bad='' n=0
    while read -r run; do
        n=$((n + 1))
        numbers=$(get "/api/runs/$run/candidates?limit=200" |
            jq -r '.items | map(.number) | sort | map(tostring) | join(" ")')
        [ "$(status_of "$run")" = completed ] &&
            [ "$numbers" = "$(seq $ITERATIONS | tr '\n' ' ' | sed 's/ $//')" ] ||
            bad="$bad $run: $(get "/api/runs/$run" | jq -r .diagnostic) $numbers"
    done <"$STATE/healthy.$1"
    is "healthy $1: all $n runs are complete, without a gap" "$bad" ''
}

# --- what is hostile ----------------------------------------------------------

blamed() { # NAME RUN ID HASH CAUSE
    is "$1: the run ends failed" "$(wait_end "$2" $PATIENCE)" failed
    why=$(get "/api/runs/$2" | jq -r .diagnostic)
    like "$1: it names plugin, version and hash" "$why" \
        "$(echo "$3" | tr _ -) 1\.0\.0 \(sha256 $(echo "$4" | cut -c1-12)"
    like "$1: it names the cause" "$why" "$5"
}

# --- what may be left ---------------------------------------------------------

list_descriptors() { # the store opens and closes files as it likes
    find "/proc/$DAEMON/fd" -type l -printf '%l\n' 2>/dev/null |
        grep -v "^$STATE/store" | sort
}
descriptors() { list_descriptors | wc -l; }
workers() { # of this daemon, and whatever was forked from them
    grep -lsae "[-]-parent=$DAEMON" /proc/[0-9]*/cmdline | wc -l
}
settle() { # COMMAND WANT: what it prints once it is that, or in the end
    tries=150
    while [ $tries -gt 0 ] && [ "$($1)" -gt "$2" ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    $1
}

# --- the house ----------------------------------------------------------------

open_house() { # OPTIMIZER...: one run of each, then note what there is
    TMPDIR=$STATE/tmp
    export TMPDIR
    check "the daemon starts" start_daemon
    check "dataset, target and baseline are there" register
    pid=$DAEMON
    for optimizer in "$@"; do # connections are kept
        warm="${warm:-} $(optimize "$optimizer" --iterations 12)"
    done
    for run in $warm; do
        is "a first run completes" "$(wait_end "$run" 60)" completed
    done
    is "its workers are gone" "$(settle workers 0)" 0
    sleep 1
    base=$(descriptors)
    list_descriptors >"$STATE/descriptors.before"
    catalog_files >"$STATE/catalog.before"
    "$BUILD/tests/system/reader" "$STATE/sock" \
        /api/workflows/demo-qa/parameters/answer $READS >"$STATE/reads" &
    reader=$!
    keepers='' kept=''
    began=$(date +%s)
}
keep() { # NAME OPTIMIZER: in the background
    keep_running "$1" "$2" &
    keepers="$keepers $!" kept="$kept $1"
}
empty_house() { # the guests are gone; what did they leave?
    took=$(($(date +%s) - began))
    touch "$STATE/stop"
    for keeper in $keepers; do wait "$keeper"; done
    kill -TERM $reader
    wait $reader
    echo "# $took s; reads: $(cat "$STATE/reads")"
    is "no read failed" "$(jq '.other + .errors' "$STATE/reads")" 0
    check "and there were many" \
        jq -e ".reads == .ok and .ok > $((took * READS / 4))" "$STATE/reads"
    for name in $kept; do healthy_ended "$name"; done
    check "it is the same daemon" test "$DAEMON" = "$pid" -a -d "/proc/$pid"
    is "no process is left" "$(settle workers 0)" 0
    is "the daemon has no child" "$(pgrep -P "$pid" | wc -l)" 0
    n=$(settle descriptors "$base")
    list_descriptors >"$STATE/descriptors.after"
    check "its descriptors are back at the $base of before" sh -c "
        [ $n -le $base ] ||
        ! diff '$STATE/descriptors.before' '$STATE/descriptors.after'"
    catalog_files >"$STATE/catalog.after"
    check "the catalogue is what it was" \
        diff "$STATE/catalog.before" "$STATE/catalog.after"
}
close_house() {
    kill -TERM "$pid"
    wait "$pid"
    is "the daemon ends as it should" "$?" 0
    DAEMON=''
}
