# make bench: every figure as a ratio within one run.  ROWS (1000000), SECONDS_EACH (3) shrink it.
set -eu
BUILD=${BUILD:-build}
ROWS=${ROWS:-1000000}
UPLOAD_ROWS=${UPLOAD_ROWS:-200000}
SECONDS_EACH=${SECONDS_EACH:-3}
echo "== search: $ROWS profiles, the index against SQLite with FTS5"
"$BUILD/tests/bench/search" "$ROWS"
echo "== before a handler runs, in process: the limiter, and tokens that were verified before"
"$BUILD/tests/bench/hot"
echo "== commits: durable reveals in process, 64 clients, grouped against one by one"
"$BUILD/tests/bench/commit" "$SECONDS_EACH"
echo "== reveals through HTTPS, 64 clients"
BUILD=$BUILD sh tests/bench/reveal.sh "$SECONDS_EACH"
echo "== import in process: $UPLOAD_ROWS rows"
BENCH_DIR=$BUILD "$BUILD/tests/bench/upload" "$UPLOAD_ROWS"
echo "== upload: $UPLOAD_ROWS rows"
BUILD=$BUILD /usr/bin/python3 tests/bench/upload.py "$UPLOAD_ROWS"
echo "== the client's first paint"
BUILD=$BUILD /usr/bin/python3 tests/bench/paint.py
