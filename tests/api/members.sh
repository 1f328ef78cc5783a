# Members: invited by mail, given roles and caps, made owner, deactivated; and nobody else's.
. tests/lib.sh
user root super_admin
user ann admin 10
user eve admin 10
user vic viewer 0 ann
start --rate_write unlimited --rate_register unlimited --rate_general unlimited \
    --rate_anonymous unlimited --rate_login unlimited
ABSENT=00000000-0000-7000-8000-000000000000

# The token of the newest mail to an address; '' when it holds none.
token_of() {
    as root GET '/api/admin/mail?page_size=100'
    id=$(value "[.items[] | select(.to == \"$1\")] | sort_by(.created) | last | .id")
    as root GET "/api/admin/mail/$id"
    value .body | sed -n 's/^    \([A-Za-z0-9_-]\{43\}\)$/\1/p'
}

# The same bytes for another's and for none, but for what names the request.
same_as_absent() { # NAME METHOD PATH-BEFORE ID PATH-BEHIND [BODY]
    who=$1 method=$2 before=$3 id=$4 behind=$5
    shift 5
    as "$who" "$method" "$before$id$behind" "$@"
    other=$STATUS$(jq -c 'del(.request_id)' "$DIR/out")$(grep -iv '^\(date\|x-request-id\|ratelimit\)' "$DIR/headers")
    for none in $ABSENT no-id; do
        as "$who" "$method" "$before$none$behind" "$@"
        [ "$other" = "$STATUS$(jq -c 'del(.request_id)' "$DIR/out")$(grep -iv '^\(date\|x-request-id\|ratelimit\)' "$DIR/headers")" ] ||
            fail "$method $before...$behind tells $none from another's: $other"
    done
    case $other in 404*) ;; *) fail "$method $before...$behind is $other" ;; esac
}

as ann GET /api/account;                        expect 200 '[.plan, .members, .balance]' '["starter",2,10]'
ann=$(value .owner_id) account=$(value .id)
as ann GET /api/me;                             expect 200 .id "$ann"

# Inviting: the admin is told the same whether the address is known or not; the mail is not.
as vic POST /api/invitations '{"email":"new@leadgen.example","role":"user"}';  expect 403 .code forbidden
as ann POST /api/invitations '{"email":"New@Leadgen.example","role":"user"}'
expect 201 '[.email, .role, .sent, (keys | length)]' '["new@leadgen.example","user",1,7]'
invited=$(value .id)
as ann POST /api/invitations '{"email":"eve@leadgen.example","role":"user"}'
expect 201 '[.email, .role, .sent, (keys | length)]' '["eve@leadgen.example","user",1,7]'
known=$(value .id)
as ann POST /api/invitations '{"email":"new@leadgen.example","role":"user"}';  expect 409 .field email
as ann POST /api/invitations '{"email":"vic@leadgen.example","role":"user"}';  expect 409 .field email
as ann POST /api/invitations '{"email":"sue@leadgen.example","role":"super_admin"}'; expect 403 .field role
as ann POST /api/invitations '{"email":"nobody","role":"user"}';               expect 400 .field email
first=$(token_of new@leadgen.example)
[ ${#first} -eq 43 ] || fail "no token in the mail"
[ -z "$(token_of eve@leadgen.example)" ] || fail "a token for an address that has an account"
as ann POST "/api/invitations/$invited/resend"; expect 200 .sent 2
second=$(token_of new@leadgen.example)
for id in "$invited" "$known"; do
    same_as_absent eve DELETE /api/invitations/ "$id" ''
    same_as_absent eve POST /api/invitations/ "$id" /resend
done
as eve GET /api/invitations;                    expect 200 '.items | length' 0
as ann GET /api/invitations;                    expect 200 '.items | length' 2
as ann DELETE "/api/invitations/$known";        expect 200
as ann DELETE "/api/invitations/$known";        expect 404

accept() {
    as '' POST /api/invitations/accept \
        "{\"token\":\"$1\",\"name\":\"Nia New\",\"password\":\"password of new in the test\"}"
}
accept "$first";                                expect 400 .field token
accept "$second";                               expect 201
accept "$second";                               expect 400 .field token
echo 'password of new in the test' >"$DIR/password.new"
as new GET /api/me;                             expect 200 '[.name, .role, .account_id]' "[\"Nia New\",\"user\",\"$account\"]"
new=$(value .id)
as ann GET /api/invitations;                    expect 200 '.items | length' 0
ok "invitations are accepted once, by whoever holds the last mail"

# Roles, caps, and the owner.
same_as_absent eve GET /api/admin/users/ "$new" ''
same_as_absent eve PATCH /api/admin/users/ "$new" '' '{"state":"disabled"}'
as ann PATCH "/api/admin/users/$new" '{"monthly_cap":5}';     expect 200 '[.capped, .monthly_cap]' '[true,5]'
as new GET /api/limits
expect 200 '.spending[0] | [.of, .capped, .monthly_cap, .spent]' '["member",true,5,0]'
as ann PATCH "/api/admin/users/$new" '{"capped":false}';      expect 200 .capped false
as ann PATCH "/api/admin/users/$new" '{"role":"admin"}';      expect 200 .role admin
as new GET /api/me;                                           expect 401
rm -f "$DIR/token.new"
as new PATCH "/api/admin/users/$ann" '{"state":"disabled"}';  expect 409
as new PATCH "/api/admin/users/$ann" '{"role":"viewer"}';     expect 409
as new POST /api/account/owner "{\"user_id\":\"$new\"}";      expect 403
as eve POST /api/account/owner "{\"user_id\":\"$new\"}";      expect 400 .field user_id
cp "$DIR/out" "$DIR/other"
as eve POST /api/account/owner "{\"user_id\":\"$ABSENT\"}";   expect 400 .field user_id
[ "$(jq 'del(.request_id)' "$DIR/out")" = "$(jq 'del(.request_id)' "$DIR/other")" ] || fail "tells a member from nobody"
as ann POST /api/account/owner "{\"user_id\":\"$new\"}";      expect 200 .owner_id "$new"
as ann POST /api/account/owner "{\"user_id\":\"$ann\"}";      expect 403
as new PATCH "/api/admin/users/$ann" '{"state":"disabled"}';  expect 200 .state disabled
as ann GET /api/me;                                           expect 401
as new PATCH "/api/admin/users/$ann" '{"state":"active"}';    expect 200 .state active
rm -f "$DIR/token.ann"
as ann GET /api/me;                                           expect 200 .role admin
ok "roles, caps, ownership; who is deactivated is out at once"

# Plans are the super_admin's; each rate class has its own headers.
as ann PATCH /api/account '{"name":"Ann & Co"}';              expect 200 .name 'Ann & Co'
as ann PATCH /api/account '{"plan":"enterprise"}';            expect 403 .field plan
as ann GET "/api/admin/accounts/$account";                    expect 403
as root PATCH "/api/admin/accounts/$account" '{"plan":"premium"}'; expect 200 .plan premium
as root GET /api/admin/accounts;                              expect 200 '[.items[].plan] | sort' '["premium","starter","starter"]'
as ann GET /api/limits
expect 200 '[.plan, .classes[0].class, .classes[0].limit, (.classes[0].used >= 1)]' '["premium","premium",1000,true]'
for path in /api/account /api/no/such/thing /api/admin/accounts; do
    as ann GET "$path"
    grep -qi '^ratelimit-policy: "premium";q=1000;w=60' "$DIR/headers" || fail "$path says no limit"
done
ok "plans decide the rate class, and every answer says it"

# Impersonation: confirmed, reasoned, for a time, seen by the member.
as root POST /api/admin/impersonations "{\"user_id\":\"$new\",\"reason\":\"short\"}";  expect 400 .field reason
as ann POST /api/admin/impersonations "{\"user_id\":\"$new\",\"reason\":\"to look around\"}"; expect 403
as root POST /api/admin/impersonations "{\"user_id\":\"$new\",\"reason\":\"ticket 4711, wrong totals\"}"
expect 201 .token_type Bearer
echo "Authorization: Bearer $(value .access_token)" >"$DIR/token.guest"
as root GET /api/me; root=$(value .id)
as guest GET /api/me
expect 200 '[.id, .impersonated_by, (.session_ends | length)]' "[\"$new\",\"$root\",24]"
as guest POST /api/keys '{"name":"k","scopes":["search:read"]}';                expect 403
as guest POST /api/auth/confirm '{"password":"password of root in the test"}';  expect 403
as guest GET /api/sessions;                                                     expect 403
as guest PATCH /api/account '{"name":"Renamed"}';                               expect 200
as ann GET '/api/admin/audit?page_size=100'
expect 200 '[.items[] | select(.verb == "account.change")][0] | [.actor_id, .impersonator_id]' "[\"$new\",\"$root\"]"
expect 200 '[.items[] | select(.verb == "session.impersonate")] | [length, .[0].target_id]' "[1,\"$new\"]"
as new GET /api/me/impersonations
expect 200 '.items | [length, .[0].by_id, .[0].reason]' "[1,\"$root\",\"ticket 4711, wrong totals\"]"
as ann GET /api/me/impersonations;                                              expect 200 '.items | length' 0
as guest POST /api/auth/logout;                                                 expect 200
as guest GET /api/me;                                                           expect 401
ok "who impersonates is seen, and stays out of keys and passwords"
