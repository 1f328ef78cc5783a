# make fresh: the README's two commands in a bare Debian 12 root, made by debootstrap (as root).
# usage: sh packaging/fresh.sh [ROOT]     ROOT is made when absent, and kept when it is named
set -eu
suite=bookworm
keep=${1:-}
root=${1:-$(mktemp -d)}
[ "$(id -u)" -eq 0 ] || { echo "make fresh needs root" >&2; exit 1; }
mkdir -p "$root"
chmod 755 "$root" # it becomes /, where others than root must be able to look
command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null

[ -n "$keep" ] || trap 'rm -rf --one-file-system "$root"' EXIT

# The mirror and whatever it takes to reach it are the host's.
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)*\(http[^ ]*\) .*/\2/p; s/^URIs: *\([^ ]*\).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
    2>/dev/null | head -n 1)
[ -x "$root/bin/sh" ] || debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log"
rm -rf "$root/etc/apt"
cp -a /etc/apt "$root/etc/apt"
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
mkdir -p "$root/etc/ssl/certs" "$root/usr/local/share"
for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /usr/local/share/ca-certificates; do
    [ ! -e "$file" ] || cp -rL "$file" "$root${file%/*}/"
done
rm -rf "$root/leadgen"
mkdir "$root/leadgen"
git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$root/leadgen"

# As root of a mount namespace, not by chroot alone: a process in a chroot may make no namespaces,
# and the tests that fill a disk or lock the server in could not be run.
cat >"$root/enter" <<'ENTER'
set -e
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p host
pivot_root . host
exec chroot . sh -c "umount -l /host && cd /leadgen && $2"
ENTER
run() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=xterm \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        unshare --mount --propagation private sh "$root/enter" "$root" "$1" </dev/null
}
run 'apt-get update -qq && apt-get install -y make && make run' | tee "$root/run.out"
grep -q '@' "$root/run.out" || { echo "make run showed no address" >&2; exit 1; }
run 'make test' | tee "$root/test.out"
tail -n 1 "$root/test.out" | grep -q ' 0 failed$'
