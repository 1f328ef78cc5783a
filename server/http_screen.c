#include "server/http_screen.h"

#include <string.h>
#include <strings.h>

enum { SEEN_HOST = 1 << 2 };

/* At most one of each; the order gives the bits. */
static const char *const once[] = {
    "Content-Length",  "Transfer-Encoding", "Host",   "Authorization",
    "Idempotency-Key", "Content-Type",      "Expect", NULL};

/* RFC 9110 5.6.2 */
static bool is_token(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++) {
        bool alnum =
            (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

        if (!alnum && !strchr("!#$%&'*+-.^_`|~", *s))
            return false;
    }
    return true;
}

/* Digits only, within 18 of them: no sign, no blank, no list. */
static bool read_length(const char *s, size_t *out)
{
    size_t n = strlen(s);

    if (n == 0 || n > 18 || strspn(s, "0123456789") != n)
        return false;
    for (*out = 0; *s; s++)
        *out = *out * 10 + (size_t)(*s - '0');
    return true;
}

/* RFC 9110 5.5 */
static bool is_clean(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

static bool only_blanks(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    return from == to;
}

void screen_line(struct screen *s, const char *method, const char *target, size_t target_len,
                 const char *version)
{
    s->bad |= !is_token(method) || strcmp(version, "HTTP/1.1") != 0;
    s->bad |= method + strlen(method) + 1 != target || target + target_len + 1 != version;
    s->next = version + strlen(version) + 2;
}

void screen_header(struct screen *s, const char *name, const char *value)
{
    /* Nothing of a piece that lies elsewhere may be measured against the block. */
    s->bad |= name != s->next || !value;
    if (s->bad || !only_blanks(name + strlen(name) + 1, value) || !is_token(name) ||
        !is_clean(value)) {
        s->bad = true;
        return;
    }
    s->next = value + strlen(value) + 2;
    for (unsigned i = 0; once[i]; i++) {
        if (strcasecmp(once[i], name) != 0)
            continue;
        s->bad |= (s->seen >> i & 1) != 0;
        s->seen |= 1u << i;
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        s->chunked = true;
        s->bad |= strcasecmp(value, "chunked") != 0;
    }
    if (strcasecmp(name, "Content-Length") == 0) {
        s->has_length = true;
        s->bad |= !read_length(value, &s->length);
    }
    if (strcasecmp(name, "Expect") == 0) {
        s->expects = true;
        s->bad |= strcasecmp(value, "100-continue") != 0;
    }
    if (strcasecmp(name, "Host") == 0)
        s->bad |= !*value || strpbrk(value, " \t/@,") != NULL;
}

bool screen_is_fine(const struct screen *s, const char *end)
{
    static const char ends[4]; /* of the last line and of the empty one, as the library left them */

    if (s->bad || s->next + 2 != end || memcmp(end - sizeof(ends), ends, sizeof(ends)) != 0)
        return false;
    return s->seen & SEEN_HOST && !(s->chunked && s->has_length);
}

bool screen_target_is_fine(const char *target)
{
    if (target[0] != '/')
        return false;
    for (; *target; target++)
        if ((unsigned char)*target <= 0x20 || (unsigned char)*target >= 0x7f || *target == '#')
            return false;
    return true;
}
