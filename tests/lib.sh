# Sourced by every shell test that needs a server: a private one, and the verbs of an example.
#
#   rows 300                            before start: sample profiles as catalogue
#   user ann user 100                   before or after start: NAME ROLE [CREDITS [SAME-ACCOUNT-AS]]
#   start [--option value]...           the server, on a free port; its users can be used then
#   as ann GET /api/me                  NAME ('' is nobody) METHOD PATH [JSON [curl option]...]
#   expect 200 .role user               STATUS [JQ-FILTER WANT]
#   ok "what was shown"                 at the end
set -eu
BUILD=${BUILD:-build}
DIR=$(mktemp -d)
DATA=$DIR/data
SERVER_PID=
NAME=$(basename "$0" .sh)
mkfifo "$DIR/never" # nobody writes to it: a poll waits on it a moment

finish() {
    code=$?
    [ -z "$SERVER_PID" ] || kill "$SERVER_PID" 2>/dev/null || true
    [ -z "$SERVER_PID" ] || wait "$SERVER_PID" 2>/dev/null || true
    if [ $code -ne 0 ] && [ -f "$DIR/log" ]; then
        grep -v '"level":"info"' "$DIR/log" | tail -20
    fi
    rm -rf "$DIR"
    exit $code
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
    echo "FAIL $NAME: $*"
    exit 1
}

ok() {
    echo "ok   $NAME: $*"
}

# wait_for COMMAND...: until it succeeds; 20 s is the end of patience.
wait_for() {
    wait_end=$(($(date +%s) + 20))
    until "$@"; do
        [ "$(date +%s)" -lt "$wait_end" ] || fail "waited in vain for: $*"
        timeout 0.05 cat "$DIR/never" >/dev/null 2>&1 || true
    done
}

rows() {
    "$BUILD/leadgend" --data "$DATA" sample --rows "$1" ${2:+--seed "$2"} >"$DIR/sample.out" ||
        fail "sample"
}

account_of() {
    cat "$DIR/account.$1"
}

user() {
    (umask 077 && echo "password of $1 in the test" >"$DIR/password.$1")
    "$BUILD/leadgend" --data "$DATA" user add "$1@leadgen.example" --role "$2" \
        --password-file "$DIR/password.$1" ${3:+--credits "$3"} \
        ${4:+--account "$(account_of "$4")"} >"$DIR/user.out" || fail "user add $1"
    sed -n 's/.* account //p' "$DIR/user.out" >"$DIR/account.$1"
}

is_ready() {
    grep -q '^ready ' "$DIR/out.server" && return 0
    kill -0 "$SERVER_PID" 2>/dev/null || fail "the server died: $(cat "$DIR/log")"
    return 1
}

start() {
    : >"$DIR/out.server" # not the line of the server before
    "$BUILD/leadgend" --data "$DATA" --listen 127.0.0.1:0 "$@" >"$DIR/out.server" 2>>"$DIR/log" &
    SERVER_PID=$!
    wait_for is_ready
    URL=$(sed -n 's/^ready \([^ ]*\) .*/\1/p' "$DIR/out.server")
    PIN=$(sed -n 's/^ready [^ ]* //p' "$DIR/out.server")
}

stop() {
    kill "${1:--TERM}" "$SERVER_PID"
    wait "$SERVER_PID" 2>/dev/null || true
    SERVER_PID=
    rm -f "$DIR"/token.*
}

curl_server() {
    curl -s -k --pinnedpubkey "$PIN" --max-time 30 "$@"
}

# The header file with NAME's access token; signs in at the first use.
token() {
    if [ ! -f "$DIR/token.$1" ]; then
        jq -n --arg e "$1@leadgen.example" --rawfile p "$DIR/password.$1" \
            '{email: $e, password: ($p | rtrimstr("\n"))}' >"$DIR/login"
        curl_server -f -o "$DIR/tokens.$1" -H 'Content-Type: application/json' \
            -d @"$DIR/login" "$URL/api/auth/login" || fail "$1 cannot sign in"
        echo "Authorization: Bearer $(jq -r .access_token "$DIR/tokens.$1")" >"$DIR/token.$1"
    fi
    echo "$DIR/token.$1"
}

as() {
    who=$1 method=$2 path=$3
    shift 3
    if [ -n "$who" ]; then set -- "$@" -H @"$(token "$who")"; fi
    # The first argument is a body unless it is an option.
    case ${1:-} in
    -* | '') ;;
    *)
        body=$1
        shift
        set -- "$@" -H 'Content-Type: application/json' -d "$body"
        ;;
    esac
    STATUS=$(curl_server -o "$DIR/out" -D "$DIR/headers" -w '%{http_code}' -X "$method" "$@" \
        "$URL$path") || fail "no reply to $method $path"
}

expect() {
    got=
    [ $# -lt 2 ] || got=$(jq -rc "$2" "$DIR/out" 2>&1)
    if [ "$STATUS" != "$1" ] || [ "$got" != "${3:-}" ]; then
        fail "got $STATUS $(head -c 600 "$DIR/out"), want $*"
    fi
}

# value JQ-FILTER: of the last reply
value() {
    jq -rc "$1" "$DIR/out"
}

# searchable NAME: until the index answers
searchable() {
    _answers() {
        as "$1" GET '/api/profiles/search?facets=none'
        [ "$STATUS" = 200 ]
    }
    wait_for _answers "$1"
}

# ids NAME QUERY PAGES FILE: of what a search finds, on so many pages of 1,000 at the most
ids() {
    cursor=
    : >"$4"
    for _ in $(seq "$3"); do
        as "$1" GET "/api/profiles/search?$2&facets=none&page_size=1000$cursor"
        [ "$STATUS" = 200 ] || fail "search $STATUS"
        value '.items[].id' >>"$4"
        cursor=$(value '.next_cursor // ""')
        [ -n "$cursor" ] || break
        cursor="&cursor=$cursor"
    done
}
