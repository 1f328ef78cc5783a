# Signing in and out, over HTTPS: the first super_admin, members, limits, and what nobody may learn.
. tests/lib.sh

# sends PATH JSON: as nobody, from an address of its own, so that no limit is in the way
from=1
sends() {
    from=$((from + 1))
    as '' POST "$1" "$2" --interface "127.0.1.$from"
}

# The gate of the first start
start
token=$(sed -n 's/^bootstrap-token //p' "$DIR/out.server")
[ ${#token} -eq 43 ] || fail "no token of 256 bits was printed"
as '' GET /api/health;                                                  expect 200
as '' GET /api/me;                                                      expect 503 .code not_ready
sends /api/auth/login '{"email":"a@b.example","password":"x"}';         expect 503 .code not_ready
root='"email":"root@leadgen.example","password":"password of root in the test"'
sends /api/bootstrap "{\"token\":\"x$token\",$root}";                   expect 401 .code unauthorized
sends /api/bootstrap "{\"token\":\"$token\",\"email\":\"root@leadgen.example\",\"password\":\"short\"}"
expect 400 .field password
sends /api/bootstrap "{\"token\":\"$token\",$root}"
expect 201 '[.role, .email]' '["super_admin","root@leadgen.example"]'
sends /api/bootstrap "{\"token\":\"$token\",$root}";                    expect 409 .code conflict
echo "password of root in the test" >"$DIR/password.root"
as root GET /api/me;                                                    expect 200 .role super_admin
ok "the token of the first start makes one super_admin"

# Members
user adm admin 5
user ann user 0 adm
user eve admin 1
as adm GET '/api/admin/users';                                          expect 200 '[.items[].email] | sort' '["adm@leadgen.example","ann@leadgen.example"]'
as adm POST /api/admin/users '{"email":"Kim@Leadgen.example","role":"viewer","password":"password of kim in the test"}'
expect 201 '[.email, .role, .state]' '["kim@leadgen.example","viewer","active"]'
kim=$(value .id)
echo "password of kim in the test" >"$DIR/password.kim"
as kim GET /api/me;                                                     expect 200 '[.role, .balance]' '["viewer",5]'
as kim GET /api/admin/users;                                            expect 403 .code forbidden
as ''  GET /api/admin/users;                                            expect 401 .code unauthorized
as eve GET "/api/admin/users/$kim";                                     expect 404 .code not_found
as eve PATCH "/api/admin/users/$kim" '{"state":"disabled"}';            expect 404 .code not_found
as adm PATCH "/api/admin/users/$kim" '{"role":"super_admin"}';          expect 403 .field role
as adm PATCH "/api/admin/users/$kim" '{"role":"user"}';                 expect 200 .role user
as kim GET /api/me;                                                     expect 401 .code unauthorized
rm "$DIR/token.kim"
as kim GET /api/me;                                                     expect 200 .role user
as adm PATCH "/api/admin/users/$kim" '{"state":"disabled"}';            expect 200 .state disabled
as kim GET /api/me;                                                     expect 401 .code unauthorized
as adm GET '/api/admin/audit?page_size=50'
expect 200 '[.items[] | select(.target_id == "'"$kim"'") | .verb] | sort' '["user.change","user.change","user.create"]'
ok "an admin's members, and a change that holds at once"

# What nobody may learn: the same bytes but for the request's own id
same() { # PATH JSON: as the last reply in $DIR/same
    sends "$1" "$2"
    jq -S 'del(.request_id)' "$DIR/out" >"$DIR/same.now"
    echo "$STATUS" >>"$DIR/same.now"
    [ -f "$DIR/same" ] || cp "$DIR/same.now" "$DIR/same"
    cmp -s "$DIR/same" "$DIR/same.now" || fail "$1 tells: $(cat "$DIR/same.now")"
}
same /api/auth/login '{"email":"nobody@leadgen.example","password":"password of ann in the test"}'
expect 401 .code bad_login
same /api/auth/login '{"email":"ann@leadgen.example","password":"a wrong password"}'
same /api/auth/login '{"email":"kim@leadgen.example","password":"password of kim in the test"}'
same /api/auth/login '{"email":"no address","password":"password of ann in the test"}'
rm "$DIR/same"
same /api/auth/forgot-password '{"email":"nobody@leadgen.example"}';    expect 202
same /api/auth/forgot-password '{"email":"ann@leadgen.example"}'
same /api/auth/forgot-password '{"email":"kim@leadgen.example"}'
rm "$DIR/same"
same /api/auth/register '{"email":"ann@leadgen.example","password":"a fine day in Porto"}'
expect 202
same /api/auth/register '{"email":"new@leadgen.example","password":"a fine day in Porto"}'
sends /api/auth/login '{"email":"new@leadgen.example","password":"a fine day in Porto"}'
expect 401 .code bad_login
ok "who has an account stays a secret"

# Refreshing and signing out
as ann GET /api/me;                                                     expect 200
first=$(jq -r .refresh_token "$DIR/tokens.ann")
again() { as '' POST /api/auth/refresh "{\"refresh_token\":\"$1\"}" --interface "${2:-127.0.1.1}"; }
again "$first";                                                         expect 200 '[.token_type, .expires_in]' '["Bearer",600]'
second=$(value .refresh_token)
again "$first";                                                         expect 200 .refresh_token "$second"
again "$second";                                                        expect 200
again "$first";                                                         expect 401 .code unauthorized
as ann GET /api/me;                                                     expect 401 .code unauthorized
rm "$DIR/token.ann"
as ann GET /api/me;                                                     expect 200
as ann POST /api/auth/logout;                                           expect 200
as ann GET /api/me;                                                     expect 401 .code unauthorized
grep -q '^[Ww][Ww][Ww]-[Aa]uthenticate: Bearer' "$DIR/headers" || fail "no WWW-Authenticate"
as '' GET /api/me -H 'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.';  expect 401 .code unauthorized
as '' GET /api/me -H 'Authorization: Basic YW5uOnB3';                   expect 401 .code unauthorized
ok "a refresh token is exchanged once; reuse and signing out end the session"

# Limits of sign-in, from one address
attempts() { # CLASS COUNT PATH JSON
    i=0
    while [ $i -lt "$2" ]; do
        as '' POST "$3" "$4" --interface 127.0.2.1
        [ "$STATUS" != 429 ] || fail "$1: refused after $i of $2"
        i=$((i + 1))
    done
    as '' POST "$3" "$4" --interface 127.0.2.1
    expect 429 .code rate_limited
    grep -qi '^retry-after: [1-9]' "$DIR/headers" || fail "$1: no Retry-After"
}
attempts register 5 /api/auth/register '{"email":"x","password":"x"}'
attempts login 10 /api/auth/login '{"email":"x@y.example"}'
attempts forgot 3 /api/auth/forgot-password '{"email":"x@y.example"}'
attempts reset 5 /api/auth/reset-password '{"token":"x","password":"x"}'
ok "5 registrations, 10 sign-ins, 3 forgotten and 5 reset passwords a minute"

# Neither log nor data hold what they must not
for secret in "$token" "$first" "$second" "password of" ann@leadgen.example kim@leadgen; do
    ! grep -raqF "$secret" "$DIR/log" "$DATA" || fail "at rest or logged: $secret"
done
grep -raqF argon2id "$DATA" || fail "the search for secrets finds nothing"
ok "no secret and no address is logged or at rest"
