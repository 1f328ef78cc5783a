# Durable reveals through HTTPS: 64 kept connections, each reveal another contact; a server that groups
# commits against one that commits each request alone, in turns within one run.
# usage: BUILD=build sh tests/bench/reveal.sh [SECONDS-A-ROUND]
. tests/lib.sh
seconds=${1:-3}
profiles=${REVEAL_ROWS:-150000}

# serve NAME OPTION...: a server of its own with an analyst who can pay
serve() {
    which=$1
    shift
    DATA=$DIR/$which
    rows "$profiles"
    user "root$which" super_admin
    user "$which" user 100000000
    start --rate_general unlimited --rate_search unlimited --rate_reveal unlimited \
        --rate_anonymous unlimited "$@"
    searchable "$which"
    cp "$(token "$which")" "$DIR/$which.token"
    sed -i 's/^Authorization: Bearer //' "$DIR/$which.token"
    ids "$which" has=email "$profiles" "$DIR/$which.ids"
    eval "${which}_URL=\$URL ${which}_PIN=\$PIN ${which}_PID=\$SERVER_PID"
}

serve grouped
serve single --commit_most 1
trap 'kill $grouped_PID $single_PID; finish' EXIT
# shellcheck disable=SC2154 # set by serve
"$BUILD/tests/load/reveal" 64 "$seconds" \
    "$grouped_URL" "$grouped_PIN" "$DIR/grouped.token" "$DIR/grouped.ids" \
    "$single_URL" "$single_PIN" "$DIR/single.token" "$DIR/single.ids"
