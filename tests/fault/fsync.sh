# A failed fsync: the request is answered 503, the server ends with a failure, and a new start has
# what was answered with success before.
. tests/lib.sh
if grep -q -a -e __asan_init -e __tsan_init "$BUILD/leadgend"; then
    echo "NOT PROVEN fsync: a sanitizer takes no library before its own"
    exit 0
fi
cat >"$DIR/fail.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int fails(void)
{
    const char *mark = getenv("FAIL_FSYNC");

    return mark && access(mark, F_OK) == 0;
}
#define SYNC(name) \
    int name(int fd) \
    { \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name); \
        if (fails()) { \
            errno = EIO; \
            return -1; \
        } \
        return real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)
C
cc -shared -fPIC -o "$DIR/fail.so" "$DIR/fail.c" || fail "the library"
user root super_admin
user ann user 5
LD_PRELOAD="$DIR/fail.so" FAIL_FSYNC="$DIR/mark"
export LD_PRELOAD FAIL_FSYNC
start
unset LD_PRELOAD
as root GET /api/health
account=$(account_of ann)
grant() {
    as root POST /api/admin/credits "{\"account_id\":\"$account\",\"amount\":1,\"reason\":\"a test\"}"
}
grant;  expect 200 .balance 6
: >"$DIR/mark"
grant;  expect 503 .retryable true
if wait "$SERVER_PID"; then fail "it ended as if all were well"; fi
SERVER_PID=
rm "$DIR/mark"
start
as ann GET /api/credits;  expect 200 '.balance >= 6' true
grant;  [ "$STATUS" = 200 ] || fail "the new start takes no commit: $STATUS"
ok "the server ends after a failed fsync, and the next one has what was answered"
