# Searches through HTTPS at ROWS (2,000,000) profiles while contacts are revealed, on this machine with
# the load itself: at a steady rate against the bounds, then as fast as they are answered.
# usage: BUILD=build ROWS=2000000 sh tests/bench/https.sh [SECONDS] [RATE] [WRITES]
# The data are made once into BUILD/bench/https-ROWS; delete that to have them made anew.
. tests/lib.sh
rows=${ROWS:-2000000}
seconds=${1:-20}
rate=${2:-4000}
writes=${3:-200}
kept=$BUILD/bench/https-$rows
DATA=$kept/data

if [ ! -d "$kept" ]; then
    rm -rf "$kept.new"
    mkdir -p "$kept.new"
    DATA=$kept.new/data
    from=$(date +%s)
    rows "$rows"
    user root super_admin
    mv "$kept.new" "$kept"
    DATA=$kept/data
    echo "$rows sample profiles in $(($(date +%s) - from)) s"
fi

# Who asks has bought nothing before this run.
who=load$(date +%s)
user "$who" user 100000000
from=$(date +%s)
start --rate_general 100000000 --rate_search 100000000 --rate_reveal 100000000 --rate_anonymous 100000000 \
    --connections_per_address 1000
until grep -q '^200' "$DIR/answered" 2>/dev/null; do
    as "$who" GET '/api/profiles/search?facets=none'
    echo "$STATUS" >"$DIR/answered"
    [ "$STATUS" = 200 ] || timeout 0.2 cat "$DIR/never" || true
done
echo "searchable $(($(date +%s) - from)) s after the start"
sed 's/^Authorization: Bearer //' "$(token "$who")" >"$DIR/bearer"

# load NAME=NUMBER...: with the writes
load() {
    ids "$who" "has=email&owned=no" $((writes * (seconds + 4) / 1000 + 1)) "$DIR/ids"
    "$BUILD/tests/load/search" "$URL" "$PIN" "$DIR/bearer" rows="$rows" seconds="$seconds" \
        ids="$DIR/ids" writes="$writes" "$@"
}

ticks() {
    cut -d' ' -f14,15 "/proc/$SERVER_PID/stat" | tr ' ' '+'
}

# The controls: what must not pass.
control() {
    "$BUILD/tests/load/search" "$URL" "$PIN" "$1" rows="$rows" seconds=2 warm=0.5 rate=300 \
        clients=16 p99=20 least=250 >"$DIR/control" 2>&1 &&
        fail "the control passed: $(cat "$DIR/control")"
    return 0
}
sed 's/.$/-/' "$DIR/bearer" >"$DIR/spoilt"
control "$DIR/spoilt"
grep -q 'with status 401' "$DIR/control" || fail "not refused: $(cat "$DIR/control")"
(
    timeout 1 cat "$DIR/never" || true
    kill -STOP "$SERVER_PID"
    timeout 0.3 cat "$DIR/never" || true
    kill -CONT "$SERVER_PID"
) >/dev/null 2>&1 &
control "$DIR/bearer"
grep -q 'OVER' "$DIR/control" || fail "a stall of 300 ms was not seen: $(cat "$DIR/control")"
echo "controls: a spoilt token and a server that stalls for 300 ms do not pass"

code=0
before=$(ticks)
load rate="$rate" p99=20 least="$((rate * 99 / 100))" || code=1
echo "the server took $(($(ticks) - ($before))) hundredths of a second of processor"
echo "as fast as they are answered:"
load rate=0 clients="${CLIENTS:-16}" || code=1
exit $code
