# Install what is missing of the packages that building (run) or building and testing need.
# usage: sh packaging/deps.sh [run]
set -eu
build="gcc make libc6-dev libncurses-dev libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev
libsodium-dev libsqlite3-dev libcjson-dev zlib1g-dev libutf8proc-dev libidn2-dev libqrencode-dev
libhiredis-dev libseccomp-dev ncurses-base ca-certificates"
test="jq curl tmux python3 python3-pyte python3-venv clang clang-format clang-tidy cppcheck libclang-rt-14-dev
procps util-linux openssl oathtool python3-zbar postfix sasl2-bin redis-server sslscan bubblewrap systemd"

want=$build
[ "${1:-}" = run ] || want="$build $test"
missing=
for p in $want; do
    dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed ||
        missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages; as root: apt-get install -y$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # no daemon is started
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
