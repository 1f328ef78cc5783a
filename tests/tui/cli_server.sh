# The subcommands against the real server: sign in, search, price, reveal, credits, upload, jobs.
. tests/lib.sh
rows 400
user root super_admin
user ann user 3
user vic viewer 0 ann
user adm admin 0 ann
start

HOME=$DIR/home
mkdir "$HOME"
export HOME LEADGEN_SERVER="$URL"
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME
CODE=0

# leadgen WORD...: its output in $DIR/stdout and $DIR/stderr, its exit code in CODE
leadgen() {
    CODE=0
    "$BUILD/leadgen" "$@" >"$DIR/stdout" 2>"$DIR/stderr" </dev/null || CODE=$?
}

# want CODE [JQ-FILTER VALUE]: of what the last command printed
want() {
    got=
    [ $# -lt 2 ] || got=$(jq -rc "$2" "$DIR/stdout" 2>&1)
    if [ "$CODE" != "$1" ] || [ "$got" != "${3:-}" ]; then
        fail "got $CODE $got $(head -c 400 "$DIR/stdout" "$DIR/stderr"), want $*"
    fi
}

leadgen search;                                            want 9
leadgen --fingerprint "$PIN" auth login --email ann@leadgen.example --password-file "$DIR/password.vic"
want 3
leadgen auth login --email ann@leadgen.example --password-file "$DIR/password.ann"
want 0
leadgen auth status --json;                                want 0 '[.schema, .email, .role, .balance]' '[1,"ann@leadgen.example","user",3]'

is_searchable() {
    leadgen search --count
    [ $CODE = 0 ]
}
wait_for is_searchable
[ "$(cat "$DIR/stdout")" = 400 ] || fail "$(cat "$DIR/stdout") of 400 profiles"

leadgen search 'has:email' --filter -seniority=intern --json
want 0 '[.schema, (.items | length), (.facets | length), (.items | map(.email | test("\\*\\*\\*@")) | all)]' '[1,10,6,true]'
total=$(jq .total "$DIR/stdout")
leadgen search 'has:email' --filter -seniority=intern --all --jsonl
want 0
[ "$(wc -l <"$DIR/stdout")" = "$total" ] || fail "not a line for each of $total rows"
leadgen search 'country:DE' --filter seniority=nonsense;   want 1
leadgen search 'colour:red';                               want 2

# Two people who may be contacted.
leadgen search 'has:email' --ids --limit 40
for id in $(cat "$DIR/stdout"); do
    leadgen show "$id" --json
    jq -e '.email_opt_out or (.has_phone | not)' "$DIR/stdout" >/dev/null || echo "$id"
done 2>/dev/null | head -2 >"$DIR/ids"
read -r id <"$DIR/ids"
leadgen show "$id" --json;                                 want 0 '.email | test("\\*\\*\\*@")' true
leadgen show 00000000-0000-7000-8000-000000000000;         want 5

leadgen reveal "$id" --dry-run --json;                     want 0 '[.price, .charged, .balance, .items[0].email]' '[1,0,3,null]'
leadgen reveal "$id";                                      want 2
leadgen reveal "$id" --max-credits 0.5;                    want 6
leadgen reveal "$id" --max-credits 1 --json;               want 0 '[.charged, .balance, (.items[0].email | test("^[^*]+@[^*]+$"))]' '[1,2,true]'
leadgen reveal "$id" --max-credits 1 --json;               want 0 '[.charged, .balance]' '[0,2]'
leadgen reveal "$id" --max-credits 3 --fields phone;       want 6
leadgen show "$id" --json;                                 want 0 '[.owned_fields, (.email | test("\\*"))]' '[["email"],false]'

# A pipe, a file for it alone, and a retry under a key that costs nothing.
"$BUILD/leadgen" reveal --ids - --max-credits 2 --key again --output "$DIR/leads.csv" <"$DIR/ids" 2>/dev/null
[ "$(stat -c %a "$DIR/leads.csv")" = 600 ] || fail "others can read the contacts"
"$BUILD/leadgen" reveal --ids - --max-credits 2 --key again --json <"$DIR/ids" >"$DIR/stdout" 2>/dev/null
want 0 '[.charged, .balance]' '[1,1]'
leadgen stats credits --json;                              want 0 '[.schema, .balance, (.entries | map(.amount))]' '[1,1,[-1,-1,3]]'

leadgen upload tests/fixtures/hubspot.csv --wait --json --progress=json
read=$(jq .counts.read "$DIR/stdout")
[ "$read" -gt 0 ] || fail "nothing was read"
[ "$(tail -1 "$DIR/stderr" | jq -c '[.state, .progress]')" = '["done",1]' ] || fail "$(tail -1 "$DIR/stderr")"
[ "$(jq '.counts.rejected > 0' "$DIR/stdout")" = true ] && want 11 .state done || want 0 .state done
leadgen jobs ls --ids;                                     want 0
job=$(cat "$DIR/stdout")
leadgen jobs show "$job" --json;                           want 0 '[.id, .counts.read]' "[\"$job\",$read]"
leadgen jobs cancel "$job";                                want 7
printf '' >"$DIR/empty.csv"
leadgen upload "$DIR/empty.csv";                           want 12
printf 'nonsense\n\001\002\n' >"$DIR/bad.csv"
leadgen upload "$DIR/bad.csv" --wait;                      want 12
leadgen upload tests/fixtures/apollo.csv --map 'No such column:email' --wait
want 12
printf 'Email,First Name\nx@example.com,"Xa\ny@example.com,Yo\n' >"$DIR/torn.csv"
leadgen upload "$DIR/torn.csv" --wait;                     want 11
leadgen jobs ls --limit 1 --ids
leadgen jobs errors "$(cat "$DIR/stdout")";                want 0
grep -q '^2,' "$DIR/stdout" || fail "no line for the damaged row: $(cat "$DIR/stdout")"

leadgen audit;                                             want 4
leadgen auth login --email adm@leadgen.example --password-file "$DIR/password.adm"
want 0
leadgen audit --verb profile.reveal --json;                want 0 '[.schema, ([.items[].verb] | unique)]' '[1,["profile.reveal"]]'
leadgen audit --verb profile.reveal --limit 1;             want 0
[ "$(wc -l <"$DIR/stdout")" = 2 ] || fail "a heading and one record: $(cat "$DIR/stdout")"
leadgen audit --until 2020-01-01;                          want 1
leadgen audit --since nonsense;                            want 2
leadgen audit --jsonl;                                     want 0
tail -1 "$DIR/stdout" | jq -e '.verb == "audit.export"' >/dev/null || fail "$(tail -1 "$DIR/stdout")"
leadgen audit --csv --verb user.create
want 0
head -1 "$DIR/stdout" | grep -q '^id,at,actor_id,' || fail "$(head -1 "$DIR/stdout")"

# What the screens of access do, for scripts.
leadgen members invite new@leadgen.example --json;         want 0 '[.schema, .email, .role, .sent]' '[1,"new@leadgen.example","user",1]'
leadgen keys create --name crm --scope search:read --network 10.0.0.0/8 --rate 5 --json
want 0 '[.schema, .key.name, .key.rate, (.secret | length > 40)]' '[1,"crm",5,true]'
key=$(jq -r .key.id "$DIR/stdout")
leadgen keys change "$key" --name crm2 --network none --rate none --cap 7.5 --json
want 0 '[.name, .networks, .rate, .capped, .monthly_cap, .scopes]' '["crm2",[],null,true,7.5,["search:read"]]'
leadgen keys change "$key" --cap none --json;              want 0 '[.name, .capped]' '["crm2",false]'
leadgen keys change "$key";                                want 2
leadgen keys change "$key" --rate much;                    want 2
leadgen keys revoke "$key" --json;                         want 0 '.revoked != null' true
leadgen auth totp --json;                                  want 0 '[.schema, .enabled]' '[1,false]'
leadgen auth acted --json;                                 want 0 .items '[]'
leadgen auth end --others --json;                          want 0 .schema 1
leadgen limits --json;                                     want 0 '[.schema, .plan]' '[1,"starter"]'
leadgen mail ls;                                           want 4
leadgen auth login --email root@leadgen.example --password-file "$DIR/password.root"
want 0
leadgen mail ls --json;                                    want 0 '[.schema, (.items | length), .items[0].to]' '[1,1,"new@leadgen.example"]'
grep -q 'no mail server is configured' "$DIR/stderr" || fail "it is not said that mails are kept"
mail=$(jq -r '.items[0].id' "$DIR/stdout")
leadgen mail show "$mail";                                 want 0
grep -q 'leadgen members accept' "$DIR/stdout" || fail "the mail is not printed: $(cat "$DIR/stdout")"
leadgen mail retry "$mail" --json;                         want 0 .state queued
leadgen mail rm "$mail";                                   want 0
leadgen mail show "$mail";                                 want 5

leadgen auth login --email vic@leadgen.example --password-file "$DIR/password.vic"
want 0
leadgen reveal "$id" --max-credits 1;                      want 4
leadgen auth logout;                                       want 0
leadgen search;                                            want 3

stop
start
LEADGEN_SERVER=$URL
leadgen --fingerprint "$PIN" auth login --email ann@leadgen.example --password-file "$DIR/password.ann"
want 0
stop -KILL
leadgen search;                                            want 9
ok "sign in, search, price, reveal once, credits, upload, jobs, and their exit codes"
