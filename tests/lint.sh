# Format, warnings of two analysers, and the rules that a grep can check. Prints what it finds.
set -eu
sources=$(git ls-files '*.c' '*.h')
code=$(git ls-files 'common/*.c' 'server/*.c' 'tui/*.c')
bad=0
say() {
    echo "lint: $*"
    bad=1
}

# shellcheck disable=SC2086
clang-format --dry-run -Werror $sources || bad=1

for f in $sources; do
    n=$(wc -l <"$f")
    [ "$n" -le 600 ] || say "$f has $n lines"
    awk -v f="$f" '
        /^\{/ { start = FNR }
        /^\}/ { if (start && FNR - start > 80) { print "lint: " f ":" start ": " FNR - start " lines"; bad = 1 } start = 0 }
        END { exit bad }' "$f" || bad=1
done

# A library stays in its folder or wrapper.
only() { # HEADER ALLOWED-PATHS-REGEX
    found=$(git grep -lE "#include <$1" -- common server tui | grep -vE "$2" || true)
    [ -z "$found" ] || say "<$1 is included by $found"
}
only microhttpd '^server/http'
only sqlite3 '^server/store_sqlite'
only gnutls '^server/(tls|http)'
only curl '^(tui/(api|session)|server/mail_smtp)'
only curses '^tui/'
only qrencode '^tui/qr'
only utf8proc '^common/utf8'
only idn2 '^server/idna'
only hiredis '^server/limits_redis'
only seccomp '^server/sandbox'
only sodium '^(server/(seal|auth)|common/uuid)'

git grep -nIE 'TODO|FIXME|XXX|HACK|not implemented' -- common server tui packaging Makefile README.md &&
    say "unfinished work is marked"
git grep -nIE '(password|secret|token|key) *= *"[^"]{8,}"' -- common server tui packaging &&
    say "a secret in the tree"

# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,portability,performance \
    --inline-suppr --suppress=missingIncludeSystem --suppress=unknownMacro -I. -DVERSION='"0"' \
    $code || bad=1
# shellcheck disable=SC2086
clang-tidy --quiet $code -- -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -DVERSION='"0"' -I. \
    -include common/banned.h 2>/dev/null | grep -E 'warning|error' && bad=1
[ $bad -eq 0 ] && echo "lint: clean"
exit $bad
