# Run every test there is, two at a time, then say how it went in one line.
# A test prints `ok   NAME` or `FAIL NAME` a case, and `NOT PROVEN ...` for what it could not run.
# usage: BUILD=build sh tests/run.sh [PATTERN]      PATTERN: part of a test's path
set -u
export BUILD
pattern=${1:-}
out=$BUILD/test-out
rm -rf "$out"
mkdir -p "$out"

# One test in its own process; its exit status counts even when it printed nothing.
cat >"$out/one.sh" <<'ONE'
t=$1
log=$2/$(echo "$t" | tr / _).log
case $t in
*.sh) sh "$t" ;;
*.py) /usr/bin/python3 "$t" ;;
*) "$t" ;;
esac >"$log" 2>&1
status=$?
if [ $status -ne 0 ] && ! grep -q '^FAIL' "$log"; then
    echo "FAIL $t: exit status $status" >>"$log"
elif [ $status -eq 0 ] && ! grep -q '^\(ok\|NOT PROVEN\)' "$log"; then
    echo "FAIL $t: it tested nothing" >>"$log"
fi
grep '^\(ok\|NOT PROVEN\)' "$log"
grep -q '^FAIL' "$log" && cat "$log"
exit 0
ONE

{
    for t in "$BUILD"/tests/unit/* "$BUILD"/tests/contract/* "$BUILD"/tests/fault/*; do
        case $t in *.o | *.d) ;; *) [ -x "$t" ] && [ -f "$t" ] && echo "$t" ;; esac
    done
    for t in tests/api/*.sh tests/api/*.py tests/tui/*.sh tests/tui/*.py tests/fault/*.sh \
        tests/fault/*.py; do
        [ -f "$t" ] && echo "$t"
    done
} | grep -F -- "$pattern" >"$out/list"

xargs -a "$out/list" -P 2 -I{} sh "$out/one.sh" {} "$out" | tee "$out/all"
echo
passed=$(grep -c '^ok' "$out/all")
failed=$(cat "$out"/*.log | grep -c '^FAIL')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
