#include "server/auth_typed.h"

#include <sodium.h>
#include <string.h>

void typed_make(const char *alphabet, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = alphabet[randombytes_uniform((uint32_t)strlen(alphabet))];
    out[n] = '\0';
}

bool typed_tidy(const char *text, const char *alphabet, size_t n, char *out)
{
    size_t len = 0;

    for (; *text; text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

        if (c == '-' || c == ' ')
            continue;
        if (len == n || !strchr(alphabet, c))
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return len == n;
}
