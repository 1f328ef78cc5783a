# The search of the API: the grammar and its errors, typos, values, suggestions, reasons, what is owned.
. tests/lib.sh
rows 2000
user root super_admin
user ann user 20
user eve user 5
start
searchable ann

# total PATH-QUERY: how many ann finds
total() {
    as ann GET "/api/profiles/search?facets=none&page_size=1&$1"
    expect 200 '.total | type' number
    value .total
}

as ann GET '/api/profiles/search?q=sales%20colour%3Ared'
expect 400 '[.field, (.detail | startswith("column 7: there is no such field"))]' '["q",true]'
as ann POST /api/profiles/search '{"q":"score:high"}'
expect 400 '[.field, (.detail | startswith("column 7: a number or a range is expected"))]' '["q",true]'
as ann POST /api/profiles/search '{"employees":["many"]}';       expect 400 .field employees
as ann POST /api/profiles/search '{"owned":"maybe"}';            expect 400 .field owned
as ann POST /api/profiles/search '{"prefix":"a"}';               expect 400 .field prefix
ok "refuses with the field and the column"

all=$(total '')
high=$(total 'q=score%3A%3E%3D60')
[ "$high" -gt 0 ] && [ "$high" -lt "$all" ] || fail "score:>=60 finds $high of $all"
[ "$(total 'q=-score%3A%3E%3D60')" = $((all - high)) ] || fail "-score:>=60 is not the rest"
[ "$(total 'score=%3E%3D60')" = "$high" ] || fail "the filter does not say what the line says"
as ann POST /api/profiles/search '{"score":["60-79","80-100"],"facets":["none"]}'
expect 200 .total "$high"
ok "ranges in the line, in filters, and bands"

as ann POST /api/profiles/search '{"q":"manger","facets":["none"],"explain":true,"page_size":3}'
expect 200 '[.corrections, (.items | length), (.explain | length)]' '[[{"from":"manger","to":"manager"}],3,3]'
[ "$(value '.items[0].id == .explain[0].id and .explain[0].why[0].term == "manger"')" = true ] ||
    fail "the reasons are not the items'"
as ann POST /api/profiles/search '{"q":"manager","facets":["none"]}'
expect 200 '[.corrections, .explain]' '[[],[]]'
ok "forgives a typo and says why"

as ann GET '/api/facets/country?prefix=germ&q=has%3Aemail'
expect 200 '[.name, (.values | map(.value))]' '["country",["DE"]]'
n=$(value '.values[0].count')
[ "$n" = "$(total 'q=has%3Aemail&country=DE')" ] || fail "the value's count is not the total"
as ann POST /api/facets/country '{"prefix":"germ","q":"has:email","country":["US"]}'
expect 200 '.values[0].count' "$n"
as ann GET /api/facets/colour;                                   expect 404 .code not_found
as ann GET '/api/facets/city?cursor=x';                          expect 400 .field cursor
ok "values within a pane"

as ann GET '/api/suggest?field=title&prefix=ch'
expect 200 '(.items | length > 0) and all(.items[]; .value | ascii_downcase | startswith("ch"))' true
title=$(value '.items[0].value | @uri') n=$(value '.items[0].count')
[ "$(total "q=title%3A%22$title%22")" -ge "$n" ] || fail "fewer have the title than was said"
as ann GET '/api/suggest?field=place&prefix=germany&limit=1'
expect 200 '.items[0] | [.value, .label, .field]' '["DE","Germany","country"]'
as ann GET '/api/suggest?field=any&prefix=ger&limit=25'
expect 200 '[.items[] | select(.value == "DE") | [.label, .field]]' '[["Germany","country"]]'
expect 200 '.items | map(.count) | . == (sort | reverse)' true
expect 200 '[.items | group_by(.field)[] | length <= 2] | all' true
as ann GET '/api/suggest?field=any&prefix=s&limit=3';            expect 200 '.items | length' 3
as ann GET '/api/suggest?field=colour&prefix=a';                 expect 400 .field field
as ann GET '/api/suggest?field=title';                           expect 400 .field prefix
as ''  GET '/api/suggest?field=title&prefix=a';                  expect 401 .code unauthorized
ok "types ahead"

as ann POST /api/profiles/search '{"owned":"yes"}';              expect 200 .total 0
as ann POST /api/profiles/search '{"has":["email"],"facets":["none"],"page_size":2}'
p=$(value '.items[0].id') q=$(value '.items[1].id')
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"]}';    expect 200 .charged 1
as ann POST /api/profiles/search '{"q":"owned:yes","explain":true}'
expect 200 '[.total, .items[0].id, .explain[0].why[0].value]' "[1,\"$p\",\"yes\"]"
as ann POST "/api/profiles/$q/reveal" '{"fields":["email"]}';    expect 200 .charged 1
as ann POST /api/profiles/search '{"owned":"yes"}';              expect 200 .total 2
as ann POST /api/profiles/search '{"owned":"no"}';               expect 200 .total $((all - 2))
as eve POST /api/profiles/search '{"owned":"yes"}';              expect 200 .total 0
# an address is found where it may be seen, and nowhere else
as ann GET "/api/profiles/$p";                                   expect 200 '.email | contains("***")' false
email=$(value .email)
found() { # WHO TOTAL: how many WHO finds by the address
    as "$1" POST /api/profiles/search "{\"q\":\"email:$email\",\"facets\":[\"none\"]}"
    expect 200 .total "$2"
    as "$1" POST /api/profiles/search "{\"email\":[\"$(echo "$email" | tr a-z A-Z)\"],\"facets\":[\"none\"]}"
    expect 200 .total "$2"
}
found ann 1; expect 200 '.items[0].id' "$p"
expect 200 '.items[0].email | contains("***")' true
found eve 0
found root 1
as ann POST /api/profiles/search "{\"q\":\"-email:$email\",\"facets\":[\"none\"]}"; expect 200 .total $((all - 1))
as ann POST /api/profiles/search "{\"q\":\"email:$email\",\"explain\":true}"
expect 200 '.explain[0].why | map([.term, .field, .value])' "[[\"email:$email\",\"email\",\"yes\"]]"
as root POST /api/profiles/search '{"has":["email","phone"],"owned":"yes","facets":["none"],"page_size":1}'
r=$(value '.items[0].id')
as root GET "/api/profiles/$r";                                  email=$(value .email)
found eve 0
as eve POST "/api/profiles/$r/reveal" '{"fields":["phone"]}';    expect 200 .charged 3
found eve 0 # the phone was paid, and the address is not told
as eve POST "/api/profiles/$r/reveal" '{"fields":["email"]}';    expect 200 .charged 1
found eve 1
as ann GET '/api/profiles/search?q=vp%20email%3A*%40acme.example'
expect 400 '[.field, (.detail | startswith("column 10: email: takes one whole address"))]' '["q",true]'
as ann POST /api/profiles/search '{"email":["acme.example"]}';   expect 400 .field email
ok "an address is found by whom it may be seen, exactly"

stop
start
searchable ann
as ann POST /api/profiles/search '{"owned":"yes"}';              expect 200 .total 2
as eve POST /api/profiles/search '{"owned":"yes"}';              expect 200 .total 1
ok "what is owned, at once and after a restart"

as ann GET /api/companies/search
expect 200 '[(.total > 50), (.items | length), (.items | map(.name | ascii_downcase) | . == sort)]' '[true,10,true]'
companies=$(value .total)
as ann POST /api/companies/search '{"facets":["none"],"page_size":100,"country":["DE"]}'
expect 200 '.items | all(.country == "DE")' true
id=$(value '.items | max_by(.people) | .id') people=$(value '.items | max_by(.people) | .people')
url=$(value '.items | max_by(.people) | .people_url')
[ "$people" -gt 0 ] || fail "no company has people"
as ann GET "$url?page_size=1000";                                expect 200 '.items | length' "$people"
as ann GET "/api/companies/$id";                                 expect 200 .people "$people"
as ann POST /api/companies/search '{"q":"employees:>=1000 -country:US","facets":["none"],"page_size":1000}'
expect 200 '.items | length > 0 and all(.employees >= 1000 and .country != "US")' true
as ann POST /api/companies/search '{"seniority":["vp"]}';        expect 400 .field seniority
for q in title:vp -seniority:vp owned:yes email:a@b.example; do
    as ann POST /api/companies/search "{\"q\":\"(employees:>5 OR $q)\"}"
    expect 400 '[.field, (.detail | test("^column 1[89]: there is no such field \\(name company has industry employees "))]' '["q",true]'
done
as ann POST /api/companies/search '{"sort":"score"}';            expect 400 .field sort
as ann POST /api/companies/search '{"q":"(open"}';               expect 400 .field q
as ''  GET /api/companies/search;                                expect 401 .code unauthorized

printf 'email,name,company,country\na@quux.example,Ann Quux,Quuxmeister,DE\nb@quux.example,Bob Quux,Quuxmeister,DE\n' >"$DIR/own.csv"
as ann POST '/api/uploads?map=email:email&map=name:name&map=company:company&map=country:country' \
    --data-binary @"$DIR/own.csv" -H 'Content-Type: text/csv'
expect 202 '.state | type' string
job=$(value .id)
is_done() {
    as ann GET "/api/jobs/$job"
    [ "$(value .state)" = done ]
}
wait_for is_done
has_company() {
    as ann POST /api/companies/search '{"q":"quuxmeister","facets":["none"]}'
    [ "$(value .total)" = 1 ]
}
wait_for has_company
expect 200 '.items[0] | [.name, .people]' '["Quuxmeister",2]'
as ann GET "$(value '.items[0].people_url')";                    expect 200 '.items | length' 2
email=a@quux.example
found ann 1
found eve 0
as eve POST /api/companies/search '{"q":"quuxmeister"}';         expect 200 .total 0
as eve POST /api/companies/search '{}';                          expect 200 .total "$companies"
as eve GET '/api/suggest?field=company&prefix=quux';             expect 200 .items '[]'
as ann GET '/api/suggest?field=company&prefix=quux'
expect 200 '.items | map([.value, .count])' '[["Quuxmeister",2]]'
stop
start
searchable ann
wait_for has_company
ok "companies, their people, and whose they are"
