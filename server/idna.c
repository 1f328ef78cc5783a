#include "server/idna.h"

#include <idn2.h>
#include <string.h>

enum { HOST_MAX = 253, LABEL_MAX = 63 };

/* Letters, digits and inner hyphens between dots. */
static bool is_host(const char *s)
{
    size_t label = 0;

    if (!*s || strlen(s) > HOST_MAX)
        return false;
    for (; *s; s++) {
        if (*s == '.') {
            if (!label || s[-1] == '-')
                return false;
            label = 0;
            continue;
        }
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || (*s == '-' && label)))
            return false;
        if (++label > LABEL_MAX)
            return false;
    }
    return label && s[-1] != '-';
}

bool idna_ascii(struct arena *mem, const char *host, const char **out)
{
    struct deferred *d = arena_defer(mem, idn2_free, NULL);
    char *copy = arena_strdup(mem, host), *ascii = NULL;
    bool plain = true;

    for (char *p = copy; *p; p++) {
        plain &= !(*p & 0x80);
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    }
    if (!plain) {
        if (idn2_to_ascii_8z(host, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
            return false;
        arena_defer_arg(d, ascii);
        copy = arena_strdup(mem, ascii);
    }
    *out = copy;
    return is_host(copy);
}
