# The real server is killed (SIGKILL) again and again in the middle of an import: at the end every row
# is there once.  An outside oracle, plain SQL, says so; its control misses somebody.  SEED=N repeats.
. tests/lib.sh
seed=${SEED:-$$}
echo "# seed $seed"
people=20000
kills=4

# Each person once, and one row in five somebody of before again, who is then merged.
awk -v seed="$seed" -v people=$people 'BEGIN {
    srand(seed)
    print "Name,Email,Title,Company"
    for (i = 0; i < people; i++) {
        print "Person " i ",p" i "@firm" i % 900 ".example,Buyer,Firm " i % 900
        if (i % 4 == 3) {
            k = int(rand() * i)
            print "Person " k ",p" k "@firm" k % 900 ".example,Seller " i ",Firm " k % 900
        }
    }
}' >"$DIR/people.csv"
marks=$(awk -v seed="$seed" -v n=$kills 'BEGIN {
    srand(seed)
    for (i = 1; i <= n; i++) printf "%.3f ", (i - rand() * 0.9) / (n + 1)
}')

# once PEOPLE: is each of so many there once, and nobody else?
once() {
    got=$(/usr/bin/python3 - "$DATA/leadgen.db" "$1" <<'PY'
import sqlite3, sys
rows = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT name FROM profile")
print(sorted(name for name, in rows) == sorted(f"Person {i}" for i in range(int(sys.argv[2]))))
PY
    ) || fail "the oracle"
    [ "$got" = True ]
}

is_beyond() {
    as ann GET "/api/jobs/$job"
    [ "$STATUS" = 200 ] && [ "$(value ".progress >= $1")" = true ]
}

has_ended() {
    as ann GET "/api/jobs/$job"
    [ "$STATUS" = 200 ] && [ "$(value '.state | . != "queued" and . != "running"')" = true ]
}

user root super_admin
user ann user
start --rate_general unlimited --rate_anonymous unlimited
as ann POST /api/uploads --data-binary @"$DIR/people.csv" -H 'Content-Type: text/csv'
[ "$STATUS" = 202 ] || fail "upload: $STATUS $(cat "$DIR/out")"
job=$(value .id)
middle=0
for mark in $marks; do
    wait_for is_beyond "$mark"
    [ "$(value .state)" != running ] || middle=$((middle + 1))
    stop -KILL
    start --rate_general unlimited --rate_anonymous unlimited
done
[ $middle -gt 0 ] || fail "it was never killed in the middle"
wait_for has_ended
expect 200 '[.state, .counts.read, .counts.created, .counts.merged, .counts.rejected]' \
    "[\"done\",$((people * 5 / 4)),$people,$((people / 4)),0]"
as ann GET '/api/profiles/search?facets=none'
expect 200 .total $people
stop
once $people || fail "not everybody is there once"
ok "killed $middle times in the middle, every row once"
! once $((people + 1)) || fail "the control: somebody is missing and nobody says so"
ok "the control misses somebody"
