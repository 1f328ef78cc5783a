# The server as a service: its unit file's hardening, the same confinement in practice, and what its
# listener negotiates.
. tests/lib.sh

# The unit: what systemd itself says of it (0 is best, 10 worst), and a control that must be worse.
unit=packaging/systemd/leadgend.service
exposure() {
    timeout 20 systemd-analyze security --offline=true --threshold="$2" "$1" >"$DIR/security" 2>&1
}
exposure $unit 20 || fail "its exposure is above 2.0: $(tail -1 "$DIR/security")"
sed '/^[A-Z][A-Za-z]*=/{/Protect\|Private\|Restrict\|SystemCall\|Capab/d}' $unit >"$DIR/leadgend.service"
exposure "$DIR/leadgend.service" 20 && fail "a unit without hardening passes as well"
ok "the unit's exposure is at most 2.0 of 10"

# The same in practice, without systemd: another user, no capability, everything read-only but the
# data and the keys, and no system call beyond the server's list.
if [ "$(id -u)" -ne 0 ] || [ -n "$(nm -D "$BUILD/leadgend" | grep -m1 -o '__[at]san_init')" ]; then
    echo "NOT PROVEN service: the confinement needs root and no sanitizer"
    exit 0
fi
chmod 755 "$DIR"
mkdir -m 700 "$DIR/srv" "$DIR/srv/data" "$DIR/srv/data.keys"
mkdir "$DIR/bin"
cp "$BUILD/leadgend" "$DIR/bin/"
chown -R 12345:12345 "$DIR/srv"
# confined COMMAND...: as systemd would run it with the unit
confined() {
    setpriv --reuid=12345 --regid=12345 --clear-groups --bounding-set=-all \
        bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /home --tmpfs /root \
        --bind "$DIR/srv" /srv --ro-bind "$DIR/bin" /mnt --unshare-user --unshare-pid \
        --unshare-ipc --unshare-uts --cap-drop ALL --die-with-parent "$@"
}
if ! confined /bin/true 2>"$DIR/bwrap.err"; then
    echo "NOT PROVEN service: no user namespaces here: $(head -c 80 "$DIR/bwrap.err")"
    exit 0
fi
confined /bin/sh -c 'echo x >/etc/leadgen-was-here' 2>/dev/null && fail "the jail lets one write"
[ ! -e /etc/leadgen-was-here ] || fail "the jail let one write"
confined /mnt/leadgend --data /srv/data --listen 127.0.0.1:0 >"$DIR/out.server" 2>"$DIR/log" &
SERVER_PID=$!
wait_for grep -q '^ready' "$DIR/out.server"
PORT=$(sed -n 's/^ready https:..127.0.0.1:\([0-9]*\) .*/\1/p' "$DIR/out.server")
token=$(sed -n 's/^bootstrap-token //p' "$DIR/out.server")
call() { # PATH [curl option]...
    path=$1
    shift
    curl -sk "https://127.0.0.1:$PORT$path" "$@"
}
root='"email":"root@leadgen.example","password":"password of root in the test"'
call /api/bootstrap -H 'Content-Type: application/json' -d "{\"token\":\"$token\",$root}" |
    grep -q super_admin || fail "no bootstrap in the jail"
access=$(call /api/auth/login -H 'Content-Type: application/json' -d "{$root}" | jq -r .access_token)
printf 'Name,Email,Company\nAnn Smith,ann@firm.example,Firm\n' >"$DIR/one.csv"
job=$(call /api/uploads -H "Authorization: Bearer $access" -H 'Content-Type: text/csv' \
    --data-binary "@$DIR/one.csv" | jq -r .id)
loaded() {
    call "/api/jobs/$job" -H "Authorization: Bearer $access" | jq -e '.counts.created == 1' >/dev/null
}
wait_for loaded
server=$(pgrep -u 12345 -x leadgend | head -1)
grep -q '^Seccomp:	2$' "/proc/$server/status" || fail "no filter of system calls"
grep -q '^NoNewPrivs:	1$' "/proc/$server/status" || fail "it could gain privileges"
grep -q '^CapEff:	0000000000000000$' "/proc/$server/status" || fail "it has capabilities"
ok "it bootstraps, signs in and imports as another user, confined"

# What the listener negotiates, by somebody else's tool.
sslscan --no-colour "127.0.0.1:$PORT" >"$DIR/sslscan"
for old in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do
    grep -q "^$old *disabled" "$DIR/sslscan" || fail "$old: $(grep "^$old" "$DIR/sslscan")"
done
for new in TLSv1.2 TLSv1.3; do
    grep -q "^$new *enabled" "$DIR/sslscan" || fail "$new is off"
done
grep -E '^(Preferred|Accepted)' "$DIR/sslscan" >"$DIR/ciphers"
[ "$(wc -l <"$DIR/ciphers")" -ge 5 ] || fail "sslscan saw no ciphers: $(cat "$DIR/sslscan")"
grep -vE 'GCM|CHACHA20' "$DIR/ciphers" && fail "a cipher without AEAD"
grep -E 'TLSv1.2' "$DIR/ciphers" | grep -v ECDHE && fail "a key exchange without forward secrecy"
grep -qi 'heartbleed' "$DIR/sslscan" && grep -i 'vulnerable' "$DIR/sslscan" |
    grep -v 'not vulnerable' && fail "sslscan found a hole"
ok "TLS 1.2 and 1.3 with AEAD alone"
