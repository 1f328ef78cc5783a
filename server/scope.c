#include "server/scope.h"

#include <assert.h>
#include <string.h>

enum { RESOURCES_MAX = 32 };

static bool is_read(const struct route *row)
{
    return row->flags & ROUTE_READS || strcmp(row->method, "GET") == 0;
}

/* The resources in the order in which the rows first name them; the count comes back. */
static int resources(const char *names[RESOURCES_MAX])
{
    int n = 0;

    for (const struct route *const *t = route_tables; *t; t++) {
        for (const struct route *row = *t; row->method; row++) {
            int i = 0;

            if (!row->scope)
                continue;
            while (i < n && strcmp(names[i], row->scope) != 0)
                i++;
            assert(i < RESOURCES_MAX);
            names[i] = row->scope;
            n = i < n ? n : i + 1;
        }
    }
    return n;
}

static uint64_t bit_of(const char *resource, size_t len, bool read)
{
    const char *names[RESOURCES_MAX];
    int n = resources(names);

    for (int i = 0; i < n; i++)
        if (strncmp(names[i], resource, len) == 0 && !names[i][len])
            return UINT64_C(1) << (2 * i + !read);
    return 0;
}

uint64_t scope_bit(const struct route *row)
{
    return row->scope ? bit_of(row->scope, strlen(row->scope), is_read(row)) : 0;
}

const char *scope_word(const struct route *row)
{
    static _Thread_local char word[64];

    snprintf(word, sizeof(word), "%s:%s", row->scope, is_read(row) ? "read" : "write");
    return word;
}

/* Is there a row that asks for it? */
static bool is_asked_for(uint64_t bit)
{
    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *row = *t; row->method; row++)
            if (scope_bit(row) == bit)
                return true;
    return false;
}

uint64_t scope_find(const char *word)
{
    const char *colon = strchr(word, ':');
    bool read = colon && strcmp(colon, ":read") == 0;
    uint64_t bit;

    if (!colon || (!read && strcmp(colon, ":write") != 0))
        return 0;
    bit = bit_of(word, (size_t)(colon - word), read);
    return bit && is_asked_for(bit) ? bit : 0;
}

uint64_t scope_set(const struct strs *words)
{
    uint64_t set = 0;

    for (size_t i = 0; i < words->n; i++)
        set |= scope_find(words->v[i]);
    return set;
}

struct strs scope_words(struct arena *mem)
{
    const char *names[RESOURCES_MAX], **words = arena_alloc(mem, 2 * sizeof(names));
    int n = resources(names);
    struct strs out = {words, 0};

    for (int i = 0; i < 2 * n; i++) {
        const char *word = arena_printf(mem, "%s:%s", names[i / 2], i % 2 ? "write" : "read");

        if (scope_find(word))
            words[out.n++] = word;
    }
    return out;
}
