# The index beside other engines: the same rows, the same questions, every answer compared.
# usage: BUILD=build sh tests/bench/peers/run.sh [ENGINE...]      default: all of them
#
# ROWS (2000000), SEED (7), QUESTIONS a kind (200), WARM (8) seconds of uncounted questions before
# each kind; QUIET: a command in front of all that is timed, at most SLICE (180) seconds at a time;
# KEEP=1: leave the files.  An engine that cannot be had is NOT PROVEN, with its reason.
set -eu
BUILD=${BUILD:-build}
ROWS=${ROWS:-2000000}
SEED=${SEED:-7}
QUESTIONS=${QUESTIONS:-200}
SLICE=${SLICE:-180}
QUIET=${QUIET:-}
here=tests/bench/peers
mkdir -p "$BUILD/peers/bin"
kit=$(cd "$BUILD/peers" && pwd) # what is installed and compiled; kept
ours=$(cd "$BUILD" && pwd)/tests/bench/peers
dir=${DIR:-$kit/$ROWS-$SEED} # rows, answers and what the engines make of them
. $here/install.sh
. $here/postgres.sh

ask() { # COMMAND [ARGUMENT...]: until all is answered
    while :; do
        status=0
        # shellcheck disable=SC2086 # a command and its arguments
        $QUIET "$@" ask "$dir" "$SLICE" || status=$?
        [ $status -eq 3 ] || return $status
    done
}

one() { # ENGINE
    engine=$1
    command=
    if ! "get_$engine" >"$kit/$engine.log" 2>&1; then
        echo "NOT PROVEN $engine: $(tail -1 "$kit/$engine.log")"
        return 0
    fi
    [ "$engine" != postgres ] || postgres_start
    rm -f "$dir/$engine.answers" "$dir/ours-$engine.answers"
    # shellcheck disable=SC2086
    [ -s "$dir/$engine.meta" ] || nice $command load "$dir"
    PEER=$engine ask "$ours" || return 1
    # shellcheck disable=SC2086
    ask $command || return 1
    [ "$engine" != postgres ] || postgres_stop
    "$ours" report "$dir" "$engine" || bad=1
    [ -n "${KEEP:-}" ] || (cd "$dir" && rm -rf "$engine" "$engine".db* "$engine.meta")
}

if [ ! -s "$dir/questions.tsv" ]; then
    nice "$ours" make "$dir" "$ROWS" "$SEED" "$QUESTIONS"
    nice "$ours" load "$dir"
fi
echo "$ROWS rows, seed $SEED, $QUESTIONS questions a kind, on $(nproc) processors; the index takes" \
    "$(cut -f2 "$dir/ours.meta") bytes"
bad=0
for engine in ${*:-sqlite duckdb postgres lucene tantivy groonga}; do
    one "$engine" || {
        echo "FAIL $engine did not answer everything"
        bad=1
    }
done
[ -n "${KEEP:-}" ] || rm -rf "$dir"
exit $bad
