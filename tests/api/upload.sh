# Files as four products write them are understood without help; duplicates merge; nothing is dropped
# in silence; what an account loads is its own.
. tests/lib.sh
user root super_admin
user ann user 5
user bob viewer 0 ann
user eve user 5
start --rate_general unlimited --rate_anonymous unlimited --rate_write unlimited
as root GET /api/health;  expect 200 .database ok
fixtures=tests/fixtures

job_ended() {
    as "$1" GET "/api/jobs/$2"
    [ "$STATUS" = 200 ] || fail "job $2: $STATUS"
    case $(value .state) in done | failed | cancelled) return 0 ;; *) return 1 ;; esac
}

# load WHO FILE [QUERY]: upload, wait, leave the job as the last reply
load() {
    as "$1" POST "/api/uploads${3:-}" --data-binary @"$2" -H 'Content-Type: text/csv'
    expect 202 .state queued
    job=$(value .id)
    wait_for job_ended "$1" "$job"
    [ "$(value '.counts | .read == .created + .updated + .merged + .skipped + .rejected')" = true ] ||
        fail "the counts of $2 do not add up: $(value .counts)"
}

load ann $fixtures/apollo.csv
expect 200 '[.state, .progress, .counts.read, .counts.rejected]' '["done",1,60,0]'
[ "$(value '.mapping | map(select(endswith(":email") or endswith(":company") or endswith(":phone_mobile"))) | length')" = 3 ] ||
    fail "the mapping of apollo: $(value .mapping)"
created=$(value .counts.created)
[ "$(value '.counts.merged > 0')" = true ] || fail "the repeated people of apollo did not merge"
load ann $fixtures/apollo.csv
# (two people stand in the file twice, with an older and a newer title: those change twice again)
expect 200 '[.counts.created, .counts.updated, .counts.merged, .counts.skipped]' '[0,2,2,56]'
load ann $fixtures/hubspot.csv
expect 200 '[.state, .counts.read, .counts.rejected, .encoding]' '["done",60,0,"UTF-8 with a byte order mark"]'
load ann $fixtures/salesforce_leads.csv
expect 200 '[.state, .counts.read, .counts.rejected]' '["done",60,0]'
load ann $fixtures/linkedin_connections.csv
expect 200 '[.state, .counts.read, .counts.rejected]' '["done",60,0]'
searchable ann
as ann GET '/api/profiles/search?q=weber&page_size=100&facets=none'
expect 200 '.items | map(select(.owned | not)) | length' 0
total=$(value .total)
[ "$total" -gt 0 ] || fail "nobody was found after the imports"
p=$(value '[.items[] | select(.has_email)][0].id')
as ann GET "/api/profiles/$p";  expect 200 '.email | test("\\*")' false
as bob GET "/api/profiles/$p";  expect 200 .id "$p"
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"]}';  expect 200 .charged 0
ok "apollo, hubspot, salesforce and linkedin, mapped by themselves and owned for nothing"

as eve GET "/api/profiles/$p";     expect 404
cp "$DIR/out" "$DIR/foreign"
as eve GET "/api/profiles/01a20cf8-d812-7011-8f24-bbf522f9049e"
expect 404
sed 's/"request_id":"[^"]*"//' "$DIR/foreign" >"$DIR/a"
sed 's/"request_id":"[^"]*"//' "$DIR/out" >"$DIR/b"
cmp -s "$DIR/a" "$DIR/b" || fail "another's profile differs from an absent one"
as eve GET '/api/profiles/search?facets=all';  expect 200 '[.total, (.facets | map(length) | add)]' '[0,0]'
as eve GET "/api/jobs/$job";                   expect 404
as eve POST "/api/profiles/$p/reveal" '{"fields":["email"]}';  expect 404
as bob POST /api/uploads --data-binary 'Name,Email' -H 'Content-Type: text/csv';  expect 403
ok "what an account loads is seen by that account alone"

load root $fixtures/apollo.csv
expect 200 .counts.created "$created"
as eve GET '/api/profiles/search?facets=none';  expect 200 .total "$created"
ok "what a super_admin loads is the catalogue"

printf 'Name,Email,Phone,Company\n"Ann, A",ann@b.example,,B\nBob,not an address,12,B\n,,,\nCara,cara@b.example,+49 30 23125001,B\n"Dan,dan@b.example,,B\nEmil,emil@b.example,,B\nx\000y,n@b.example,,B\n' >"$DIR/bad.csv"
load ann "$DIR/bad.csv"
expect 200 '[.state, .counts.read, .counts.rejected]' '["done",7,3]'
as ann GET "/api/jobs/$job/errors"
[ "$STATUS" = 200 ] || fail "errors $STATUS"
for want in '3,Email,bad_email,' '3,Phone,bad_phone,' '4,,nobody,' '6,.*,unbalanced_quote,' '8,.*,nul,'; do
    grep -q "^$want" "$DIR/out" || fail "no line $want in: $(cat "$DIR/out")"
done
! grep -q 'not an address' "$DIR/out" || fail "the report shows the value"
ok "bad cells and rows are reported by line, column and reason"

: >"$DIR/empty"
as ann POST /api/uploads --data-binary @"$DIR/empty" -H 'Content-Type: text/csv';  expect 400 .field body
as ann POST '/api/uploads?map=Name:shoe_size' --data-binary x -H 'Content-Type: text/csv';  expect 400 .field map
as ann POST '/api/uploads?colour=red' --data-binary x -H 'Content-Type: text/csv';  expect 400 .field colour
head -c 300000 /dev/zero | tr '\0' 'a' >"$DIR/noheader"
load ann "$DIR/noheader";  expect 200 '[.state, .error.code, .error.field]' '["failed","invalid","body"]'
{ printf 'Name,Email,Notes\nAnn,a1@b.example,'; head -c 1000000 /dev/zero | tr '\0' 'x'; printf '\nBea,b1@b.example,ok\n'; } >"$DIR/huge"
load ann "$DIR/huge";  expect 200 '[.state, .counts.read, .counts.rejected]' '["done",2,1]'
{ printf 'First,Last,Email,Company,Title,Notes\nA,B,n1@n.example,C,D,"'; yes 'Call notes, spoke with Jim about budget' | head -31000; printf '"\nE,F,n2@n.example,C,D,ok\n'; } >"$DIR/notes"
load ann "$DIR/notes";  expect 200 '[.state, .counts.read, .counts.created, .counts.rejected]' '["done",2,1,1]'
as ann GET "/api/jobs/$job/errors";  grep -q '^2,Notes,row_too_long,' "$DIR/out" || fail "the errors: $(cat "$DIR/out")"
printf 'Nachname;Vorname;E-Mail;Firma\nM\374ller;J\366rg;joerg@m.example;B\344ckerei\n' >"$DIR/latin"
load ann "$DIR/latin";  expect 200 '[.state, .counts.created, .encoding]' '["done",1,"Windows-1252"]'
as ann GET '/api/profiles/search?q=b%C3%A4ckerei&facets=none';  expect 200 '[.total, .items[0].name]' '[1,"Jörg Müller"]'
ok "empty, headerless, huge and oddly encoded files"

key() {
    as ann POST /api/uploads --data-binary @"$2" -H 'Content-Type: text/csv' -H "Idempotency-Key: $1"
}
printf 'Name,Email\nIda,ida@b.example\n' >"$DIR/first"
printf 'Name,Email\nIna,ina@b.example\n' >"$DIR/second" # as long as the first
key k1 "$DIR/first";   expect 202 .state queued
job=$(value .id)
key k1 "$DIR/first";   expect 202 .id "$job"
key k1 "$DIR/second";  expect 422 .field Idempotency-Key
key k2 "$DIR/second";  expect 202 '.id != "'"$job"'"' true
wait_for job_ended ann "$(value .id)"
wait_for job_ended ann "$job"
ok "a key is for one file"

as ann POST /api/uploads -d '{}' -H 'Content-Type: application/json';  expect 415
as ann POST '/api/uploads?country=ZZ' --data-binary x -H 'Content-Type: text/csv';  expect 400 .field country
as ann POST '/api/uploads?map=A:email&map=A:name' --data-binary x -H 'Content-Type: text/csv';  expect 400 .field map
printf 'Wer;Wo\nEva;e@b.example\n' >"$DIR/own"
load ann "$DIR/own" '?map=Wer:name&map=Wo:email';  expect 200 '[.state, .counts.created]' '["done",1]'
ok "other content types, countries and columns that are none"

as ann GET "/api/jobs/$job/events"
[ "$STATUS" = 200 ] || fail "events $STATUS"
grep -qi '^content-type: text/event-stream' "$DIR/headers" || fail "events are no event stream"
[ "$(grep -c '^event: progress' "$DIR/out")" = 1 ] || fail "events: $(cat "$DIR/out")"
[ "$(sed -n 's/^data: //p' "$DIR/out" | jq -r .state)" = done ] || fail "events do not end with done"
as eve GET "/api/jobs/$job/events";  expect 404
as eve GET "/api/jobs/$job/errors";  expect 404
as eve POST "/api/jobs/$job/cancel"; expect 404
as ann POST "/api/jobs/$job/cancel"; expect 409 '[.code, .retryable]' '["conflict",false]'
as eve GET /api/jobs;                expect 200 '.items | length' 0
as ann GET '/api/jobs?page_size=1';  expect 200 '[.items[0].id, (.next_cursor != null)]' "[\"$job\",true]"
ok "a job's events, errors and cancelling are its owner's"

spool_is_empty() {
    [ -z "$(ls "$DATA/spool")" ]
}
wait_for spool_is_empty # a file goes just after its job's state has come
ok "no spool file is left"
