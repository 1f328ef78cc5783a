# What a command line and a data directory may look like before there is a server.
. tests/lib.sh

refused() { # WORDS: in the message
    want=$1
    shift
    if "$BUILD/leadgend" "$@" >"$DIR/out" 2>&1; then fail "it started: $*"; fi
    grep -q -e "$want" "$DIR/out" || fail "no '$want' in: $(cat "$DIR/out")"
}

mkdir "$DIR/folder"
refused '^leadgend: config: .*directory' --data "$DATA" --config "$DIR/folder" sample --rows 1
printf 'workers = 2\nshoe_size = 9\n' >"$DIR/odd"
refused 'line 2: there is no such option' --data "$DATA" --config "$DIR/odd" sample --rows 1
refused '^leadgend: public_url: ' --data "$DATA" --public_url=http://a.example sample --rows 1
refused '^leadgend: listen: ' --data="$DATA" --listen=127.0.0.1:x sample --rows=1
[ ! -e "$DATA" ] || fail "a refused start leaves a data directory"
"$BUILD/leadgend" --data="$DATA" sample --rows=3 --seed=2 >"$DIR/out" || fail "--option=value"
ok "options: files that are none, addresses that are none, --option=value"

mv "$DATA.keys" "$DIR/kept.keys"
refused '^leadgend: keys: ' --data "$DATA" sample --rows 1
[ ! -e "$DATA.keys" ] || fail "a new ring beside old data: $(ls "$DATA.keys")"
mv "$DIR/kept.keys" "$DATA.keys"
user ann user
ok "old data without their keys: refused, and nothing is made"
