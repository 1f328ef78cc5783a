/* The words of the search as text: what was forgiven in them, and taking it back. */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "tui/screens/search.h"

/* Does the folded text have the word, with no letter beside it? */
static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word), len;
    bool inside = false;

    for (; *text; text += len) {
        if (!inside && strncmp(text, word, n) == 0 && !utf8_is_letter(utf8_next(text + n, &len)))
            return true;
        inside = utf8_is_letter(utf8_next(text, &len));
    }
    return false;
}

static bool is_corrected(const struct search *s, struct arena *mem, const char *run)
{
    const struct correction *c = s->corrections.v;
    const char *folded = utf8_fold(mem, run);

    for (size_t i = 0; i < s->corrections.n; i++)
        if (c[i].from && has_word(folded, c[i].from))
            return true;
    return false;
}

/* The length of what stands at `at`: a quoted text, a separator, or a run of anything else. */
static size_t piece(const char *at)
{
    const char *end;
    size_t n = strcspn(at, " ,()\"");

    if (n || *at != '"')
        return n ? n : 1;
    end = strchr(at + 1, '"');
    return end ? (size_t)(end - at) + 1 : strlen(at);
}

char *search_as_typed(const struct search *s, struct arena *mem, const char *words)
{
    char *out = arena_strdup(mem, "");

    for (size_t n; *words; words += n) {
        const char *run = words, *colon;
        size_t field = 0;

        n = piece(words);
        colon = memchr(run, ':', n);
        if (colon)
            field = (size_t)(colon - run) + 1;
        run = arena_strndup(mem, words + field, n - field);
        if (strchr("-\"", *words) || !is_corrected(s, mem, run))
            out = arena_printf(mem, "%s%.*s", out, (int)n, words);
        else
            out = arena_printf(mem, "%s%.*s\"%s\"", out, (int)field, words, run);
    }
    return out;
}

char *search_said(const struct search *s, struct arena *mem)
{
    const struct correction *c = s->corrections.v;
    char *from = NULL, *to = NULL;

    for (size_t i = 0; i < s->corrections.n; i++) {
        if (!c[i].from || !c[i].to)
            continue;
        from = arena_printf(mem, "%s%s%s", from ? from : "", from ? ", " : "", c[i].from);
        to = arena_printf(mem, "%s%s%s", to ? to : "", to ? ", " : "", c[i].to);
    }
    return from ? arena_printf(mem, "no match for %s, showing %s", from, to) : NULL;
}
