# make run: a server with 100,000 sample profiles, and the client on it, signed in as the analyst.
# With no terminal: one search and one reveal through subcommands.  Leaving ends the server.
# Everything lies in $XDG_STATE_HOME/leadgen/demo; passwords are random, in 0600 files there.
set -eu
BUILD=${BUILD:-build}
ROWS=${ROWS:-100000}
home=${XDG_STATE_HOME:-${HOME:?}/.local/state}/leadgen/demo
server=$BUILD/leadgend
client=$BUILD/leadgen
pid=

umask 077
mkdir -p "$home"
exec 9>"$home/lock"
if ! flock -n 9; then
    echo "make run is running already; its files are in $home" >&2
    exit 1
fi

finish() {
    code=$?
    trap - EXIT INT TERM HUP
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

add_user() { # NAME ROLE CREDITS
    [ -f "$home/password.$1" ] && return 0
    new=$home/password.$1.new
    # A password that is there from a start that was cut belongs to the user, if that was made.
    if [ ! -s "$new" ]; then
        head -c 18 /dev/urandom | base64 >"$new.part"
        mv "$new.part" "$new"
    fi
    if ! "$server" --data "$home/data" user add "$1@sample.example" --role "$2" --credits "$3" \
        --password-file "$new" >>"$home/setup.log" 2>"$home/error"; then
        if ! grep -q 'the address is taken' "$home/error"; then
            cat "$home/error" >&2
            return 1
        fi
    fi
    mv "$new" "$home/password.$1"
}

if [ ! -f "$home/ready.$ROWS" ]; then
    rm -rf "$home/data" "$home/data.keys" "$home"/password.* "$home"/ready.* "$home/config" \
        "$home/share"
    echo "making $ROWS sample profiles in $home/data"
    "$server" --data "$home/data" sample --rows "$ROWS"
    touch "$home/ready.$ROWS"
fi
add_user admin super_admin 0
add_user analyst user 500

# A busy port: the next free one.  Limits are off, openly: one person is at work here.
start() { # PORT
    : >"$home/server.out"
    "$server" --data "$home/data" --listen "127.0.0.1:$1" --rate_general unlimited \
        --rate_search unlimited --rate_reveal unlimited --rate_write unlimited \
        --rate_anonymous unlimited >"$home/server.out" 2>"$home/server.log" 9>&- &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        grep -q '^ready ' "$home/server.out" && return 0
        sleep 0.05
    done
    wait "$pid" 2>/dev/null || true
    pid=
    return 1
}

port=8001
until start $port; do
    port=$((port + 1))
    if [ $port -gt 8020 ]; then
        cat "$home/server.log" >&2
        exit 1
    fi
done

LEADGEN_SERVER=$(sed -n 's/^ready \([^ ]*\) .*/\1/p' "$home/server.out")
pin=$(sed -n 's/^ready [^ ]* //p' "$home/server.out")
LEADGEN_THEMES=$PWD/themes
XDG_CONFIG_HOME=$home/config XDG_DATA_HOME=$home/share
export LEADGEN_SERVER LEADGEN_THEMES XDG_CONFIG_HOME XDG_DATA_HOME
"$client" --fingerprint "$pin" auth login --email analyst@sample.example \
    --password-file "$home/password.analyst" >>"$home/setup.log"

# The first start indexes the rows; the client shows that itself, a script waits.
if [ -t 0 ] && [ -t 1 ]; then
    "$client"
    exit
fi
tries=0
until "$client" search --limit 1 --ids >"$home/one" 2>"$home/error" || [ $tries -ge 600 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
echo "\$ leadgen search 'sales country:DE has:email' --limit 5"
"$client" search 'sales country:DE has:email' --limit 5
id=$("$client" search 'sales country:DE has:email' --limit 1 --ids)
echo "\$ leadgen reveal $id --fields email --max-credits 1"
"$client" reveal "$id" --fields email --max-credits 1
echo "\$ leadgen stats credits"
"$client" stats credits
