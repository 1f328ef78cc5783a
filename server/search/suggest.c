#include "server/search/suggest.h"

#include <string.h>

#include "common/country.h"
#include "common/utf8.h"

const char *folded_text(const char *text, char *room, struct arena *mem)
{
    return utf8_fold_short(text, room) ? room : utf8_fold(mem, text);
}

uint32_t folded_lower(const struct segment *s, int kind, const char *key, struct arena *mem)
{
    const struct texts *t = &s->dicts[TEXT_CLASSES + kind].texts;
    uint32_t lo = 0, hi = t->n;
    char room[UTF8_SHORT];

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (strcmp(folded_text(texts_at(t, s->folded[kind][mid]), room, mem), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* One segment's values, as a heap: the highest count on top, of equals the first. */
struct source {
    const struct live *live;
    const struct dict *dict;
    uint32_t *heap; /* codes */
    size_t n;
};

static bool is_above(const struct dict *d, uint32_t a, uint32_t b)
{
    return d->counts[a] != d->counts[b] ? d->counts[a] > d->counts[b] : a < b;
}

static void sift_down(struct source *s, size_t i)
{
    for (;;) {
        size_t best = i, left = 2 * i + 1, right = left + 1;
        uint32_t t;

        if (left < s->n && is_above(s->dict, s->heap[left], s->heap[best]))
            best = left;
        if (right < s->n && is_above(s->dict, s->heap[right], s->heap[best]))
            best = right;
        if (best == i)
            return;
        t = s->heap[i];
        s->heap[i] = s->heap[best];
        s->heap[best] = t;
        i = best;
    }
}

static void pop(struct source *s)
{
    s->heap[0] = s->heap[--s->n];
    sift_down(s, 0);
}

/* Where the texts end that begin with the prefix. */
static uint32_t folded_end(const struct segment *s, int kind, const char *prefix, struct arena *mem)
{
    char *beyond = arena_printf(mem, "%s\xff", prefix); /* no text has this byte */

    return folded_lower(s, kind, beyond, mem);
}

static void gather(struct arena *mem, struct source *out, int kind, const char *prefix)
{
    const struct segment *s = out->live->segment;
    uint32_t from = folded_lower(s, kind, prefix, mem);
    uint32_t to = folded_end(s, kind, prefix, mem);

    out->heap = arena_alloc(mem, ((size_t)(to - from) + 1) * sizeof(*out->heap));
    memcpy(out->heap, s->folded[kind] + from, (to - from) * sizeof(*out->heap));
    out->n = to - from;
}

/* Countries are few: all of them, by their code or their name. */
static void gather_countries(struct arena *mem, struct source *out, const char *prefix)
{
    const struct texts *t = &out->dict->texts;
    size_t len = strlen(prefix);

    out->heap = arena_alloc(mem, (t->n + 1) * sizeof(*out->heap));
    for (uint32_t k = 0; k < t->n; k++) {
        const char *code = texts_at(t, k), *name = country_name(code);

        if (strncmp(utf8_fold(mem, code), prefix, len) == 0 ||
            (name && strncmp(utf8_fold(mem, name), prefix, len) == 0))
            out->heap[out->n++] = k;
    }
}

static int64_t count_in(const struct source *s, int dict, const char *value)
{
    uint32_t at = texts_find(&s->dict->texts, value);
    struct set posting;

    if (at == UINT32_MAX)
        return 0;
    posting = dict_set(s->live->segment, dict, at);
    return (int64_t)live_among(s->live, &posting);
}

struct suggest {
    struct source *sources;
    size_t n;
    int dict;
    struct facet_value *out;
    size_t n_out, most;
};

static bool is_listed(const struct suggest *g, const char *value)
{
    for (size_t i = 0; i < g->n_out; i++)
        if (strcmp(g->out[i].value, value) == 0)
            return true;
    return false;
}

/* A value that was met, at its place among the best. Room for one more than `most`. */
static void take(struct suggest *g, const char *value)
{
    struct facet_value v = {value, 0};
    size_t at;

    if (is_listed(g, value))
        return;
    for (size_t i = 0; i < g->n; i++)
        v.count += count_in(&g->sources[i], g->dict, value);
    if (!v.count)
        return;
    for (at = g->n_out; at; at--) {
        const struct facet_value *above = &g->out[at - 1];

        if (above->count > v.count || (above->count == v.count && strcmp(above->value, value) < 0))
            break;
        g->out[at] = *above;
    }
    g->out[at] = v;
    g->n_out += g->n_out < g->most;
}

/* Can nothing that comes still be better than the last of the best? */
static bool is_settled(const struct suggest *g)
{
    const struct facet_value *last = &g->out[g->most - 1];
    int64_t bound = 0;
    const char *first = ""; /* what has the bound comes no earlier than this */

    if (g->n_out < g->most)
        return false;
    for (size_t i = 0; i < g->n; i++) {
        const struct source *s = &g->sources[i];
        const char *text = s->n ? texts_at(&s->dict->texts, s->heap[0]) : "";

        bound += s->n ? s->dict->counts[s->heap[0]] : 0;
        first = strcmp(text, first) > 0 ? text : first;
    }
    return last->count > bound || (last->count == bound && strcmp(last->value, first) < 0);
}

size_t suggest_values(struct arena *mem, const struct snapshot *now, const struct uuid *account,
                      int kind, const char *prefix, size_t most, struct facet_value *out)
{
    struct suggest g = {.dict = TEXT_CLASSES + kind, .most = most};
    bool any = true;

    g.sources = arena_alloc(mem, now->n * sizeof(*g.sources));
    g.out = arena_alloc(mem, (most + 1) * sizeof(*g.out));
    prefix = utf8_fold(mem, prefix);
    for (size_t i = 0; i < now->n; i++) {
        struct source *s = &g.sources[g.n];

        if (!segment_is_visible(now->items[i].segment, account))
            continue;
        *s = (struct source){&now->items[i], &now->items[i].segment->dicts[g.dict], NULL, 0};
        if (kind == FACET_country)
            gather_countries(mem, s, prefix);
        else
            gather(mem, s, kind, prefix);
        for (size_t k = s->n / 2; k-- > 0;)
            sift_down(s, k);
        g.n++;
    }
    while (any && !is_settled(&g)) {
        any = false;
        for (size_t i = 0; i < g.n; i++) {
            if (!g.sources[i].n)
                continue;
            take(&g, texts_at(&g.sources[i].dict->texts, g.sources[i].heap[0]));
            pop(&g.sources[i]);
            any = true;
        }
    }
    for (size_t i = 0; i < g.n_out; i++)
        out[i] = (struct facet_value){arena_strdup(mem, g.out[i].value), g.out[i].count};
    return g.n_out;
}
