# A reveal charges once for ever per account and field, only for what exists, never below zero.
. tests/lib.sh
rows 400
user root super_admin
user ann user 10
user bob user 0 ann
user adm admin 0 ann
user vic viewer 0 ann
user eve user 1
start
searchable ann

as ann GET '/api/profiles/search?has=email&has=phone&page_size=5&facets=none'
expect 200 '.items | length' 5
p=$(value '.items[0].id') q=$(value '.items[1].id') s=$(value '.items[2].id')
[ "$(value '.items[0].email | test("^.\\*\\*\\*@")')" = true ] || fail "the address is not masked"
[ "$(value '.items[0].owned')" = false ] || fail "owned before it was paid for"

as vic POST "/api/profiles/$p/reveal" '{"fields":["email"]}';            expect 403 .code forbidden
as ''  POST "/api/profiles/$p/reveal" '{"fields":["email"]}';            expect 401 .code unauthorized
as ann POST "/api/profiles/$p/reveal" '{"fields":[]}';                   expect 400 .field fields
as ann POST "/api/profiles/$p/reveal" '{"fields":["address"]}';          expect 400 .field fields
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"],"price":0}';  expect 400 .field price
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"],"dry_run":true}'
expect 200 '[.charged, .price, .balance, .email]' '[0,1,10,null]'
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"],"max_credits":0.5}'
expect 402 '[.code, .detail]' '["over_max","it costs 1 credit, more than the 0.5 allowed"]'

as ann POST "/api/profiles/$p/reveal" '{"fields":["email"]}' -H 'Idempotency-Key: one'
expect 200 '[.charged, .balance, .owned_until]' '[1,9,null]'
cp "$DIR/out" "$DIR/first"
[ "$(value '.email | test("^[^*]+@[^*]+$")')" = true ] || fail "the address is not clear"
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"]}' -H 'Idempotency-Key: one'
expect 200 .charged 1
cmp -s "$DIR/out" "$DIR/first" || fail "a repeated key must give the same bytes"
as ann POST "/api/profiles/$p/reveal" '{"fields":["phone"]}' -H 'Idempotency-Key: one'
expect 422 .code idempotency_key_reused
as ann POST "/api/profiles/$p/reveal" '{"fields":["email"]}';            expect 200 '[.charged, .balance]' '[0,9]'
as bob POST "/api/profiles/$p/reveal" '{"fields":["email"]}';            expect 200 '[.charged, .balance]' '[0,9]'
as eve POST "/api/profiles/$p/reveal" '{"fields":["phone"]}';            expect 402 .code insufficient_credits
as eve POST "/api/profiles/$p/reveal" '{"fields":["email"]}';            expect 200 '[.charged, .balance]' '[1,0]'
as eve GET "/api/profiles/$p";                                           expect 200 '[.owned_fields, (.phone | test("\\*\\*\\*"))]' '[["email"],true]'
as eve GET "/api/profiles/$q";                                           expect 200 '.email | test("\\*\\*\\*@")' true
as root GET "/api/profiles/$q";                                          expect 200 '[(.email | test("\\*")), .owned, .owned_fields]' '[false,false,[]]'

as ann POST /api/reveals "{\"ids\":[\"$p\",\"$q\",\"00000000-0000-7000-8000-000000000000\"],\"fields\":[\"email\",\"phone\"],\"max_credits\":6}"
expect 402 .code over_max
as ann POST /api/reveals "{\"ids\":[\"$p\",\"$q\",\"00000000-0000-7000-8000-000000000000\"],\"fields\":[\"email\",\"phone\"],\"max_credits\":7}"
expect 200 '[.charged, .balance, (.items | map(.outcome))]' '[7,2,["revealed","revealed","not_found"]]'
P=$(echo "$p" | tr a-f A-F)
as ann GET "/api/profiles/$P";  expect 200 .id "$p"
as ann POST /api/reveals "{\"ids\":[\"$s\",\"$P\",\"$s\",\"$p\"],\"fields\":[\"email\"]}" -H 'Idempotency-Key: twice'
expect 200 '[.charged, .balance, (.items | map(.outcome)), (.items | map(.charged)), (.items[0].email == .items[2].email)]' '[1,1,["revealed","owned","owned","owned"],[1,0,0,0],true]'
as ann POST "/api/profiles/$s/reveal" '{"fields":["phone"]}';            expect 402 .code insufficient_credits
as ann GET /api/credits
expect 200 '[.balance, (.entries | map(.amount) | add), (.entries[0].kind)]' '[1,1,"reveal"]'
as adm GET '/api/admin/audit?page_size=100'
expect 200 '[.items[] | select(.verb == "profile.reveal") | .outcome] | unique' '["ok"]'

as root POST /api/admin/credits "{\"email\":\"eve@leadgen.example\",\"amount\":5,\"reason\":\"a test\"}"
expect 200 .balance 5
as root POST /api/admin/credits "{\"email\":\"eve@leadgen.example\",\"amount\":-6,\"reason\":\"a test\"}"
expect 402 .code insufficient_credits
as adm POST /api/admin/credits "{\"email\":\"eve@leadgen.example\",\"amount\":5,\"reason\":\"a test\"}"
expect 403
ok "charged once for ever, for what exists, never below zero"
