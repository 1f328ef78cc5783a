/* Addresses: what is taken is in a form that is its own normal form and that a mail can carry. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/auth.h"

static void must(bool cond)
{
    if (!cond)
        abort();
}

static void check(const char *normal, struct arena *mem)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    const char *at = strchr(normal, '@'), *again;

    must(strlen(normal) <= 254 && utf8_valid(normal, strlen(normal)));
    must(at && at > normal && !strchr(at + 1, '@'));
    must(strspn(at + 1, host) == strlen(at + 1) && strchr(at + 1, '.'));
    for (const char *p = normal; *p; p++)
        must((unsigned char)*p > ' ' && *p != 0x7f && !strchr("<>,;:\"\\()[]", *p));
    must(auth_email_normal(mem, normal, &again));
    must(strcmp(again, normal) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *mem = arena_new();
    const char *out;

    if (auth_email_normal(mem, arena_strndup(mem, (const char *)data, n), &out))
        check(out, mem);
    arena_free(mem);
    return 0;
}
