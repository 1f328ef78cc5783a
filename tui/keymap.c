#include "tui/keymap.h"

#include <stdio.h>
#include <string.h>

bool keymap_allows(const struct key *k, enum role role)
{
    return role >= k->role;
}

const struct key *keymap_find(const struct key *table, int key, enum role role)
{
    for (const struct key *k = table; k->run; k++)
        if (k->key == key && keymap_allows(k, role))
            return k;
    return NULL;
}

static size_t add_label(const struct key *k, char *out, size_t size)
{
    int n = k->label ? snprintf(out, size, "%s", k->label) : snprintf(out, size, "%c", k->key);

    return (size_t)n < size ? (size_t)n : size - 1;
}

const char *keymap_label(const struct key *k, char out[KEY_LABEL])
{
    size_t n = add_label(k, out, KEY_LABEL);

    for (k++; k->run && !k->name; k++) {
        if (k->label && k[-1].label && strcmp(k->label, k[-1].label) == 0)
            continue; /* the terminal's two ways to say it */
        if (n + 2 >= KEY_LABEL)
            break;
        out[n++] = ' ';
        n += add_label(k, out + n, KEY_LABEL - n);
    }
    return out;
}

static bool is_character(int key)
{
    return key >= ' ' && key < KEY_FN(0);
}

/* Whole hints only. */
static size_t add_hints(const struct key *table, enum role role, bool typing, char *out,
                        size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (const struct key *k = table; k->run; k++) {
        char label[KEY_LABEL];
        int m;

        if (!k->hint || !keymap_allows(k, role) || (typing && is_character(k->key)))
            continue;
        add_label(k, label, sizeof(label));
        m = snprintf(out + n, size - n, " %s:%s", label, k->hint);
        if (n + (size_t)m >= size) {
            out[n] = '\0';
            break;
        }
        n += (size_t)m;
    }
    return n;
}

void keymap_hints(const struct key *own, const struct key *const *common, enum role role,
                  bool typing, int cols, char *out, size_t size)
{
    char tail[128] = "";
    size_t n = 0, room = (size_t)(cols > 0 ? cols : 0) + 1;

    if (room > size)
        room = size;
    for (; *common; common++)
        n += add_hints(*common, role, typing, tail + n, sizeof(tail) - n);
    if (n >= room)
        n = 0, tail[0] = '\0';
    n = add_hints(own, role, typing, out, room - n);
    snprintf(out + n, size - n, "%s", tail);
}
