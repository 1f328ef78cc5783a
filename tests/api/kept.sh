# What the server keeps of searches is never seen: reveals, imports and other accounts show at once.
. tests/lib.sh
rows 500
user root super_admin
user ann user 50
user bob user '' ann
user eve user 50
start --rate_general unlimited --rate_search unlimited --rate_reveal unlimited --rate_write unlimited
searchable ann
question='{"has":["email","phone"],"page_size":5}'

# ask NAME: often enough that everything is kept that can be
ask() {
    for _ in 1 2 3 4; do
        as "$1" POST /api/profiles/search "$question"
        expect 200 '.items | length' 5
    done
    jq -S 'del(.took_us, .next_cursor)' "$DIR/out"
}

first=$(ask ann)
[ "$(ask ann)" = "$first" ] || fail "the same question has another answer"
[ "$(ask root | jq -c .total)" = "$(value .total)" ] || fail "a super_admin sees another total"
p=$(ask ann | jq -r '.items[2].id')
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"]}';  expect 200 .charged 1
[ "$(ask ann | jq -c '[.items[] | .owned]')" = '[false,false,true,false,false]' ] ||
    fail "what ann bought does not show: $(value '[.items[] | .owned]')"
[ "$(ask bob | jq -c '.items[2].owned_fields')" = '["email"]' ] || fail "nor does it to her account"
[ "$(ask eve)" = "$first" ] || fail "eve sees what ann bought"
as bob POST "/api/profiles/$p/reveal" '{"fields":["phone"]}';  expect 200 .charged 3
[ "$(ask ann | jq -c '.items[2].owned_fields')" = '["email","phone"]' ] || fail "nor what bob bought"
[ "$(value '[.items[] | .email | select(test("^.[*]{3}@") | not)]')" = '[]' ] || fail "not masked"
[ "$(ask root | jq -c '[.items[2] | .owned, .owned_fields]')" = '[false,[]]' ] ||
    fail "a super_admin owns: $(value '.items[2]')"
ok "reveals show to their account at once, and to no other"

as ann POST /api/profiles/search '{"owned":"yes"}';  expect 200 .total 1
as ann POST /api/profiles/search '{"owned":"yes"}';  expect 200 .total 1
as ann POST /api/profiles/search '{"owned":"yes"}';  expect 200 .total 1
q=$(ask ann | jq -r '.items[0].id')
as ann POST "/api/profiles/$q/reveal" '{"fields":["email"]}';  expect 200 .charged 1
as ann POST /api/profiles/search '{"owned":"yes"}';  expect 200 .total 2
as ann GET "/api/profiles/$p"
mail=$(value .email)
# mine NAME TOTAL: profiles with this address that the account may know of
mine() {
    for _ in 1 2 3; do
        as "$1" POST /api/profiles/search "{\"email\":[\"$mail\"],\"facets\":[\"none\"]}"
        expect 200 .total "$2"
    done
}
mine ann 1
mine eve 0
as eve POST "/api/profiles/$p/reveal" '{"fields":["email"]}';  expect 200 .charged 1
mine eve 1
ok "what asks for what is owned is not kept"

# load TITLE: a row of ann's own, new or changed
load() {
    printf 'Email,Name,Title,Company\nzoe@kept.example,Zoe Kept,%s,Kept\n' "$1" >"$DIR/rows.csv"
    as ann POST /api/uploads --data-binary @"$DIR/rows.csv" -H 'Content-Type: text/csv'
    expect 202 .state queued
    job=$(value .id)
    _ended() {
        as ann GET "/api/jobs/$job"
        [ "$(value .state)" = done ]
    }
    wait_for _ended
}

question='{"q":"kept"}'
for title in Welder Turner Fitter; do
    load "$title"
    for _ in 1 2 3 4; do
        as ann POST /api/profiles/search "$question"
        expect 200 '[.total, .items[0].title, .items[0].owned]' "[1,\"$title\",true]"
        as eve POST /api/profiles/search "$question"
        expect 200 '[.total, .items]' '[0,[]]'
    done
done
ok "imports show at once, to their account alone"
