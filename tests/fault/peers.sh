# The comparison with other engines, small: SQLite gives the answers that we give, every one, and an
# answer that was changed is noticed.
. tests/lib.sh
compare=$DIR/compare
DIR=$compare ROWS=2000 QUESTIONS=20 WARM=0 KEEP=1 BUILD=$BUILD sh tests/bench/peers/run.sh sqlite \
    >"$DIR/report" 2>&1 || fail "$(cat "$DIR/report")"
grep -q '100 answers compared, 0 differ' "$DIR/report" || fail "$(cat "$DIR/report")"
ok "SQLite's 100 answers over 2,000 rows are ours: totals, panes and first rows"

# The control: one total, one row and one count, each off by one, in three answers.
awk -F'\t' -v OFS='\t' '
    NR == 5 { $3++ }
    NR == 30 { $4 = $4 + 1 substr($4, index($4 ",", ",")) }
    NR == 50 { n = split($5, v, ":"); v[3] = v[3] + 1 substr(v[3], index(v[3] ",", ",")); $5 = v[1]
               for (i = 2; i <= n; i++) $5 = $5 ":" v[i] }
    { print }' "$compare/sqlite.answers" >"$DIR/changed"
mv "$DIR/changed" "$compare/sqlite.answers"
if "$BUILD/tests/bench/peers" report "$compare" sqlite >"$DIR/report"; then
    fail "three wrong answers were taken for right"
fi
grep -q '100 answers compared, 3 differ' "$DIR/report" || fail "$(cat "$DIR/report")"
ok "three answers changed by one are noticed"
