# API keys: shown once, scoped, bounded, rotated with overlap, ended at once; test keys cost nothing.
. tests/lib.sh
rows 400
user root super_admin
user ann admin 100
user bob user 0 ann
user eve admin 10
start --rate_write unlimited --rate_reveal unlimited --rate_anonymous unlimited
searchable ann
ABSENT=00000000-0000-7000-8000-000000000000

# make NAME AS JSON: a key, and its header file under the name of a caller
make() {
    as "$2" POST /api/keys "$3"
    expect 201 '.secret | length' 58
    echo "Authorization: Bearer $(value .secret)" >"$DIR/token.$1"
    value .key.id >"$DIR/id.$1"
}
id() { cat "$DIR/id.$1"; }
secret() { sed 's/.*Bearer //' "$DIR/token.$1"; }

as ann GET '/api/profiles/search?has=email&has=phone&page_size=5&facets=none'
p=$(value '.items[0].id') q=$(value '.items[1].id')

make all bob '{"name":"a script","scopes":["search:read","reveal:write","account:read"]}'
expect 201 '.key | [.name, .test, .revoked, .last_used, (.hint | length), has("secret")]' '["a script",false,null,null,13,false]'
as all GET /api/me;                                           expect 200 '[.role, .key_id]' "[\"user\",\"$(id all)\"]"
as all GET '/api/profiles/search?page_size=1&facets=none';    expect 200 '.items | length' 1
as all POST /api/profiles/search '{"page_size":1}';           expect 200 '.items | length' 1
as all POST "/api/profiles/$p/reveal" '{"fields":["email"]}'; expect 200 '[.charged, .balance]' '[1,99]'
as all GET /api/credits;                                      expect 403 .detail "this key's scopes do not list credits:read"
as all GET /api/keys;                                         expect 403
as all POST /api/auth/logout;                                 expect 403
as all POST /api/auth/confirm '{"password":"x"}';             expect 403
as all GET /api/sessions;                                     expect 403
as ann GET /api/credits
expect 200 '.entries[0] | [.key_id, (.actor_id | length)]' "[\"$(id all)\",36]"
as ann GET '/api/admin/audit?page_size=100'
expect 200 '[.items[] | select(.verb == "profile.reveal")][0] | [.actor_id, .actor_kind]' "[\"$(id all)\",\"key\"]"
as bob GET "/api/keys/$(id all)";                             expect 200 '[.spent, (.last_used | length)]' '[1,24]'
grep -rqF "$(secret all)" "$DATA" "$DIR/log" && fail "the secret is at rest"
ok "a key does what its scopes list, as an actor of its own; its secret is nowhere at rest"

# Mistyped, unknown, in an address.
as '' GET /api/me -H "Authorization: Bearer $(secret all | tr '0123456789' '1234567890')"; expect 401
as '' GET /api/me -H 'Authorization: Bearer lgp_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0OZHEH'; expect 401 .code unauthorized
as all GET "/api/me?key=$(secret all)";                       expect 400 '.detail | test("does not belong in an address")' true
as ann GET "/api/profiles/search?q=lgp%5Flive%5Fabc";         expect 400
as ann GET "/api/keys/$(secret all)";                         expect 400
as bob POST /api/keys '{"name":"k","scopes":["search:read","everything:write"]}'; expect 400 .field scopes
as bob POST /api/keys '{"name":"k","scopes":[]}';             expect 400 .field scopes
as bob POST /api/keys '{"name":"k","scopes":["search:read"],"networks":["10.0.0.0/33"]}'; expect 400 .field networks
as bob POST /api/keys '{"name":"k","scopes":["search:read"],"days":0}'; expect 400 .field days
ok "what is no key, no scope and no network is refused; keys in addresses are"

# Whose key it is: the same bytes for another's and for none.
same_as_absent() { # NAME METHOD ID-BEHIND [BODY]
    who=$1 method=$2 behind=$3
    shift 3
    as "$who" "$method" "/api/keys/$(id all)$behind" "$@"
    other=$STATUS$(jq -c 'del(.request_id)' "$DIR/out")$(grep -iv '^\(date\|x-request-id\|ratelimit\)' "$DIR/headers")
    case $other in 404*) ;; *) fail "$method $behind of another's is $other" ;; esac
    for none in $ABSENT no-id "$ABSENT."; do
        as "$who" "$method" "/api/keys/$none$behind" "$@"
        [ "$other" = "$STATUS$(jq -c 'del(.request_id)' "$DIR/out")$(grep -iv '^\(date\|x-request-id\|ratelimit\)' "$DIR/headers")" ] ||
            fail "$method $behind tells $none from another's"
    done
}
make anns ann '{"name":"of ann","scopes":["keys:read"]}'
for who in eve; do
    same_as_absent $who GET ''
    same_as_absent $who PATCH '' '{"name":"mine"}'
    same_as_absent $who POST /rotate '{}'
    same_as_absent $who DELETE ''
done
as bob GET "/api/keys/$(id anns)";                            expect 404
as bob GET /api/keys;                                         expect 200 '.items | length' 1
as ann GET /api/keys;                                         expect 200 '[(.items | length), (.scopes | index("search:read") != null)]' '[2,true]'
as ann POST "/api/keys/$(id all)/rotate" '{}';                expect 403
as anns POST /api/keys '{"name":"k","scopes":["keys:read"]}'; expect 403
make maker ann '{"name":"maker","scopes":["keys:write","search:read"]}'
make made maker '{"name":"made","scopes":["search:read"]}'
as maker POST /api/keys '{"name":"k","scopes":["members:write"]}'; expect 403 .field scopes
as maker PATCH "/api/keys/$(id made)" '{"capped":false}';     expect 403
ok "a key is its member's and the admin's; what a key makes can do no more than it"

# Networks, a rate and a cap of its own.
make far bob '{"name":"far","scopes":["account:read"],"networks":["192.0.2.0/24","2001:db8::/32"]}'
as far GET /api/me;                                           expect 403 .detail 'this key is not for your address'
as bob PATCH "/api/keys/$(id far)" '{"networks":["192.0.2.7","127.0.0.0/8"]}'; expect 200
as far GET /api/me;                                           expect 200
make slow bob '{"name":"slow","scopes":["account:read"],"rate":3}'
for left in 2 1 0; do
    as slow GET /api/me;                                      expect 200
    grep -qi "^ratelimit: \"key\";r=$left" "$DIR/headers" || fail "the header is not the key's"
done
as slow GET /api/me;                                          expect 429 .code rate_limited
as bob GET /api/me;                                           expect 200
make capped bob '{"name":"capped","scopes":["reveal:write","account:read"],"monthly_cap":3}'
as capped POST "/api/profiles/$q/reveal" '{"fields":["email"]}'; expect 200 .charged 1
as capped POST "/api/profiles/$q/reveal" '{"fields":["phone"]}'; expect 402 '[.code, .field, (.detail | test("begins anew at 20..-..-01T00:00:00"))]' '["cap_reached","monthly_cap",true]'
as capped POST "/api/profiles/$q/reveal" '{"fields":["email"]}'; expect 200 .charged 0
as capped GET /api/limits
expect 200 '[.spending[] | [.of, .capped, .spent]]' '[["member",false,2],["key",true,1]]'
as bob POST "/api/profiles/$q/reveal" '{"fields":["phone"]}';    expect 200 .charged 3
ok "networks, rates and caps bind the key alone"

# Rotation with overlap, without, and the end.
cp "$DIR/token.all" "$DIR/token.old"
as bob POST "/api/keys/$(id all)/rotate" '{}';                expect 200 '.key.before_ends | length' 24
echo "Authorization: Bearer $(value .secret)" >"$DIR/token.all"
as all GET /api/me;                                           expect 200
as old GET /api/me;                                           expect 200
cp "$DIR/token.all" "$DIR/token.older"
as bob POST "/api/keys/$(id all)/rotate" '{"overlap_hours":0}'; expect 200 .key.before_ends null
echo "Authorization: Bearer $(value .secret)" >"$DIR/token.all"
as all GET /api/me;                                           expect 200
as old GET /api/me;                                           expect 401
as older GET /api/me;                                         expect 401
as ann DELETE "/api/keys/$(id all)";                          expect 200 '.revoked | length' 24
as all GET /api/me;                                           expect 401
as bob POST "/api/keys/$(id all)/rotate" '{}';                expect 409
as ann GET '/api/admin/users?page_size=100'
bob=$(value '.items[] | select(.email == "bob@leadgen.example") | .id')
as far GET /api/me;                                           expect 200
as ann PATCH "/api/admin/users/$bob" '{"role":"viewer"}';     expect 200
as far GET /api/me;                                           expect 200 .role viewer
as ann PATCH "/api/admin/users/$bob" '{"state":"disabled"}';  expect 200
as far GET /api/me;                                           expect 401
as ann PATCH "/api/admin/users/$bob" '{"state":"active","role":"user"}'; expect 200
as far GET /api/me;                                           expect 401
ok "the old secret works for its hours; who is revoked or deactivated is out at once, for good"

# Test keys: made-up people, the same each time, no credits.
make try ann '{"name":"ci","test":true,"scopes":["search:read","reveal:write","account:read"]}'
case $(secret try) in lgp_test_*) ;; *) fail "no test key" ;; esac
searchable try
as try GET '/api/profiles/search?has=email&has=phone&page_size=3'; expect 200 '[.items[0].email | test("\\*")]' '[true]'
t=$(value '.items[0].id') total=$(value .total)
[ "$t" != "$p" ] || fail "the catalogue's rows"
cp "$DIR/out" "$DIR/first"
as try POST /api/profiles/search '{"has":["email","phone"],"page_size":3}'
[ "$(jq 'del(.took_us)' "$DIR/out")" = "$(jq 'del(.took_us)' "$DIR/first")" ] || fail "not the same each time"
for _ in 1 2; do
    as try POST "/api/profiles/$t/reveal" '{"fields":["email","phone"]}' -H 'Idempotency-Key: k'
    expect 200 '[.charged, .price, (.email | test("\\*"))]' '[0,4,false]'
done
as try POST /api/reveals "{\"ids\":[\"$t\",\"$p\"],\"fields\":[\"email\"]}"
expect 200 '[.charged, [.items[] | [.outcome, .charged]]]' '[0,[["revealed",0],["not_found",0]]]'
as try GET "/api/profiles/$t";                                expect 200 '.email | test("\\*")' true
as try GET "/api/profiles/$p";                                expect 404
as ann GET "/api/profiles/$t";                                expect 404
as try GET /api/me;                                           expect 403
as ann GET /api/credits;                                      expect 200 .balance 95
cp "$DIR/token.try" "$DIR/kept"
stop
cp "$DIR/kept" "$DIR/token.try"
start --rate_write unlimited
searchable try
as ann GET "/api/admin/audit?verb=key.use&actor_id=$(id all)"
expect 200 '[.items[] | .actor_kind] | unique' '["key"]'
as try GET '/api/profiles/search?has=email&has=phone&page_size=3'; expect 200 '[.total, .items[0].id]' "[$total,\"$t\"]"
ok "test keys see made-up data, the same after a restart, and never cost"

# The client: the secret alone on stdout, once.
cli() { LEADGEN_SERVER=$URL XDG_DATA_HOME=$DIR/x XDG_CONFIG_HOME=$DIR/x XDG_STATE_HOME=$DIR/x "$BUILD/leadgen" --fingerprint "$PIN" "$@"; }
cli auth login --email ann@leadgen.example --password-file "$DIR/password.ann" >/dev/null
cli keys create --name 'of the client' --scope search:read --scope account:read --cap 2.5 >"$DIR/made" 2>"$DIR/said"
[ "$(wc -l <"$DIR/made")" = 1 ] && cli keys check <"$DIR/made" >/dev/null || fail "no whole key alone on stdout"
sed 's/.$/-/' "$DIR/made" | cli keys check >/dev/null && fail "a mistyped key passes"
echo "Authorization: Bearer $(cat "$DIR/made")" >"$DIR/token.cli"
as cli GET /api/limits;                                       expect 200 '.spending[1] | [.of, .monthly_cap]' '["key",2.5]'
key=$(sed -n 's/.*this is key \([^,]*\),.*/\1/p' "$DIR/said")
cli keys ls | grep -q 'of the client' || fail "it is not listed"
cli keys rotate "$key" --overlap 0 >"$DIR/made" 2>/dev/null
as cli GET /api/limits;                                       expect 401
cli keys revoke "$key" --json | jq -e '.revoked != null' >/dev/null || fail "not revoked"
cli limits | grep -q 'plan starter' || fail "no limits"
cli members ls --json | jq -e '[.items[].role] | length == 2' >/dev/null || fail "not the members"
bob=$(cli members ls --json | jq -r '.items[] | select(.email == "bob@leadgen.example") | .id')
cli members cap "$bob" 7 --json | jq -e '.monthly_cap == 7' >/dev/null || fail "no cap"
cli members cap "$bob" none --json | jq -e '.capped == false' >/dev/null || fail "a cap"
cli members invite new@leadgen.example --role viewer >/dev/null
cli members revoke "$(cli members invitations --json | jq -r '.items[0].id')" >/dev/null
ok "the same from the client"
