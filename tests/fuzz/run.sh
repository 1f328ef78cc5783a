# Every fuzzer for FUZZ_SECONDS (10), from its corpus in tests/fuzz/corpus/NAME when there is one.
# usage: sh tests/fuzz/run.sh [NAME]...
set -eu
seconds=${FUZZ_SECONDS:-10}
build=build-fuzz
libs="-lmicrohttpd -lgnutls -lsqlite3 -lz -lidn2 -lncursesw -ltinfo -lcurl -lcjson -lsodium
-lutf8proc -lm"
flags="-std=c11 -O1 -g -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -DVERSION=\"0\" -DSANITIZED=1 -I. -pthread"
passed=0 failed=0
mkdir -p $build tests/fuzz/found
make --no-print-directory -j2 BUILD=$build CC=clang WERROR= SAN=fuzzer-no-link,address,undefined \
    CFLAGS="-O1 -g" $build/all.a >$build/log 2>&1 || { tail -20 $build/log; exit 1; }
names=${*:-$(cd tests/fuzz && ls *.c | sed 's/\.c$//')}
for n in $names; do
    corpus=tests/fuzz/corpus/$n
    new=$(mktemp -d)
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer,address,undefined -o "$build/$n" "tests/fuzz/$n.c" $build/all.a \
        $libs
    [ -d "$corpus" ] || corpus=
    # shellcheck disable=SC2086
    if "$build/$n" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=tests/fuzz/found/ "$new" $corpus >"$build/$n.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok   fuzz $n: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$n.log") inputs"
    else
        failed=$((failed + 1))
        echo "FAIL fuzz $n"
        tail -30 "$build/$n.log"
    fi
    rm -rf "$new"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
