# A torn index is built anew; meanwhile search alone is not ready.
. tests/lib.sh
rows 2000
user root super_admin
user ann user 20
start
searchable ann
as ann GET '/api/profiles/search?facets=none&page_size=1'
total=$(value .total) id=$(value '.items[0].id')
stop

# The server waits for the manifest's writer, who has nothing to say: as torn as a file can be.
rm "$DATA/index/manifest"
mkfifo "$DATA/index/manifest"
start
as ann GET '/api/profiles/search?facets=none'
search="$STATUS $(value .code) $(value .retryable)"
retry=$(grep -ci '^retry-after: [1-9]' "$DIR/headers" || true)
as ann GET '/api/suggest?field=title&prefix=ch'
suggest=$STATUS
as ann GET /api/me
me=$STATUS
as ann GET "/api/profiles/$id"
profile=$STATUS
: >"$DATA/index/manifest"
[ "$search $suggest" = "503 not_ready true 503" ] || fail "search: $search, suggest: $suggest"
[ "$retry" = 1 ] || fail "no Retry-After"
[ "$me $profile" = "200 200" ] || fail "not of search: $me $profile"
ok "search alone is not ready while the index is read"

searchable ann
expect 200 .total "$total"
grep -q '"search.unusable"' "$DIR/log" || fail "nobody said that the index is unusable"
grep -q '"search.built"' "$DIR/log" || fail "it was not built anew"
stop
[ -f "$DATA/index/manifest" ] || fail "no manifest was written"

for file in "$DATA"/index/*.segment; do
    size=$(stat -c %s "$file")
    truncate -s $((size / 2)) "$file"
done
built=$(grep -c '"search.built"' "$DIR/log")
start
searchable ann
expect 200 .total "$total"
[ "$(grep -c '"search.built"' "$DIR/log")" -gt "$built" ] || fail "a torn segment was believed"
ok "what is torn is built anew, and says so"
