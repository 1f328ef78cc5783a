#include "server/search/known.h"

#include <string.h>

#include "common/utf8.h"
#include "server/search/words.h"

/*
 * Words and beginnings that fewer documents have (one in RARE) are counted as quickly by looking at
 * these.  The cubes take at most so many bytes a document, and filling those of words reads each
 * document so many times, on average.
 */
enum {
    LEAST = 1 << 13,
    RARE = 64,
    WORD_BYTES = 4,
    START_BYTES = 2,
    WORD_PASSES = 4,
    START_LETTERS = 3,
    START_MAX = 4 * START_LETTERS + 1 /* bytes with the NUL */
};

const enum cube_kind known_kinds[KNOWN_LISTS] = {
    [KNOWN_WORDS] = CUBE_THREES, [KNOWN_STARTS] = CUBE_ONES};

/* Choosing */

struct choice {
    char text[WORD_MAX + 8]; /* of the longest words there is none */
    uint64_t count; /* documents, at least as many as there are; those of several texts twice */
};

struct choices {
    struct choice *v;
    size_t n, size;
};

static void add_choice(struct choices *c, const char *text, size_t len, uint64_t count)
{
    if (len >= sizeof(c->v->text))
        return;
    if (c->n == c->size) {
        c->size = c->size ? c->size * 2 : 64;
        c->v = xrealloc(c->v, c->size * sizeof(*c->v));
    }
    c->v[c->n] = (struct choice){.count = count};
    memcpy(c->v[c->n++].text, text, len);
}

static int by_count(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct choice *)a)->text, ((const struct choice *)b)->text);
}

/* Where the words of a class begin so, and how many do. */
static uint32_t range_of(const struct texts *t, const char *text, bool is_start, uint32_t *n)
{
    uint32_t at = texts_lower(t, text);
    size_t len = strlen(text) + !is_start; /* with its end it must be equal */

    *n = 0;
    while (at + *n < t->n && strncmp(texts_at(t, at + *n), text, len) == 0)
        ++*n;
    return at;
}

static uint64_t count_of(const struct segment *s, const char *word)
{
    uint64_t sum = 0;

    for (int c = 0; c < TEXT_CLASSES; c++) {
        uint32_t at = texts_find(&s->dicts[c].texts, word);

        sum += at == UINT32_MAX ? 0 : s->dicts[c].counts[at];
    }
    return sum;
}

static bool is_chosen(const struct choices *c, const char *text)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->v[i].text, text) == 0)
            return true;
    return false;
}

/* Of one class, those that most documents have first. */
static void words_of_class(const struct segment *s, int class, struct choices *out)
{
    const struct dict *d = &s->dicts[class];

    for (uint32_t i = 0; i < d->texts.n; i++)
        if (d->counts[i] >= s->n / RARE)
            add_choice(out, texts_at(&d->texts, i), strlen(texts_at(&d->texts, i)), d->counts[i]);
    if (out->n)
        qsort(out->v, out->n, sizeof(*out->v), by_count);
}

static void choose_words(const struct segment *s, size_t most, struct choices *out)
{
    uint64_t left = (uint64_t)s->n * WORD_PASSES;

    for (int class = 0; class < TEXT_CLASSES; class ++) {
        struct choices some = {0};

        words_of_class(s, class, &some);
        for (size_t i = 0; i < some.n && out->n < most; i++) {
            const char *word = some.v[i].text;
            uint64_t count = count_of(s, word);

            if (count > left || is_chosen(out, word))
                continue;
            left -= count;
            add_choice(out, word, strlen(word), count);
        }
        free(some.v);
    }
}

/* Beginnings of so many letters: one choice for each run of words that begin alike. */
static void starts_of_class(const struct segment *s, int class, size_t letters, struct choices *out)
{
    const struct dict *d = &s->dicts[class];

    for (uint32_t i = 0; i < d->texts.n;) {
        const char *word = texts_at(&d->texts, i);
        uint64_t count = 0;
        size_t len = 0, n = 0;

        for (; n < letters && word[len]; n++) {
            size_t one;

            utf8_next(word + len, &one);
            len += one;
        }
        do {
            count += d->counts[i++];
        } while (i < d->texts.n && strncmp(texts_at(&d->texts, i), word, len) == 0);
        if (n == letters && len < START_MAX)
            add_choice(out, word, len, count);
    }
}

/* Those of several classes are one. */
static void add_up_equals(struct choices *c)
{
    size_t n = 0;

    if (c->n)
        qsort(c->v, c->n, sizeof(*c->v), by_text);
    for (size_t i = 0; i < c->n; i++) {
        if (n && strcmp(c->v[n - 1].text, c->v[i].text) == 0)
            c->v[n - 1].count += c->v[i].count;
        else
            c->v[n++] = c->v[i];
    }
    c->n = n;
}

static void choose_starts(const struct segment *s, size_t most, struct choices *out)
{
    for (int class = 0; class < TEXT_CLASSES; class ++)
        for (size_t letters = 1; letters <= START_LETTERS; letters++)
            starts_of_class(s, class, letters, out);
    add_up_equals(out);
    if (out->n)
        qsort(out->v, out->n, sizeof(*out->v), by_count);
    while (out->n && (out->n > most || out->v[out->n - 1].count < s->n / RARE))
        out->n--;
}

/* Counting */

/* The documents that have the word, or one that begins so, in any text. */
static struct set documents_of(struct pool *p, const struct segment *s, const char *text,
                               bool is_start)
{
    struct set *sets = NULL, out;
    size_t n = 0;

    for (int c = 0; c < TEXT_CLASSES; c++) {
        uint32_t k, at = range_of(&s->dicts[c].texts, text, is_start, &k);

        sets = xrealloc(sets, (n + k + 1) * sizeof(*sets));
        for (uint32_t i = 0; i < k; i++)
            sets[n++] = dict_set(s, c, at + i);
    }
    out = set_union(p, sets, n);
    free(sets);
    return out;
}

static void count_documents(const struct segment *s, const struct set *set, enum cube_kind kind,
                            const uint32_t values[FIRST_FACETS], uint32_t *cells)
{
    enum { PIECE = 2048 }; /* their rows and a part of the tables stay near */
    uint8_t rows[PIECE * FIRST_FACETS];
    struct set_at at;
    size_t n = 0;

    for (uint32_t i = set_first(set, &at); i != SET_END; i = set_next(set, &at)) {
        memcpy(rows + n++ * FIRST_FACETS, s->rows + (size_t)i * FIRST_FACETS, FIRST_FACETS);
        if (n < PIECE)
            continue;
        cube_fill(kind, cells, values, rows, n);
        n = 0;
    }
    cube_fill(kind, cells, values, rows, n);
}

static void count_list(const struct segment *s, int list, size_t each,
                       const uint32_t values[FIRST_FACETS], struct known_list *k)
{
    k->cells = xcalloc(k->n * each + 1, sizeof(*k->cells));
    if (k->n)
        qsort(k->v, k->n, sizeof(*k->v), by_text);
    for (size_t i = 0; i < k->n; i++) {
        struct arena *mem = arena_new();
        struct pool p;
        struct set set;

        pool_begin(&p, mem, s->n, NULL);
        set = documents_of(&p, s, k->v[i].text, list == KNOWN_STARTS);
        count_documents(s, &set, known_kinds[list], values, k->cells + i * each);
        arena_free(mem);
    }
}

void known_count(struct known_lists *out, const uint8_t *image, const uint8_t *rows,
                 const uint32_t values[FIRST_FACETS])
{
    struct segment s;

    *out = (struct known_lists){0};
    segment_peek(&s, image, rows);
    for (int list = 0; list < KNOWN_LISTS; list++) {
        size_t each = cube_size(known_kinds[list], values);
        size_t bytes = (size_t)s.n * (list == KNOWN_WORDS ? WORD_BYTES : START_BYTES);
        size_t most = each && s.n >= LEAST ? bytes / (each * sizeof(uint32_t)) : 0;
        struct choices c = {0};

        if (list == KNOWN_WORDS && most)
            choose_words(&s, most, &c);
        else if (most)
            choose_starts(&s, most, &c);
        out->each[list] = each;
        out->lists[list] = (struct known_list){.v = c.v, .n = c.n};
        count_list(&s, list, each, values, &out->lists[list]);
    }
}

void known_write(struct known_lists *k, struct image *w)
{
    for (int list = 0; list < KNOWN_LISTS; list++) {
        struct known_list *l = &k->lists[list];
        int at = SEC_KNOWN + list * 3;

        for (size_t i = 0; i < l->n; i++)
            image_text_add(w, l->v[i].text);
        image_texts_end(w, at);
        image_section(w, at + 2, l->cells, l->n * k->each[list] * sizeof(*l->cells));
        free(l->v);
        free(l->cells);
    }
}

struct cube known_find(const struct segment *s, const struct node *word)
{
    int list = word->kind == NODE_WORD ? KNOWN_WORDS : KNOWN_STARTS;
    const struct known *k = &s->known[list];
    struct cube out = {.s = s, .kind = known_kinds[list]};
    uint32_t at;

    if ((word->kind != NODE_WORD && word->kind != NODE_PREFIX) ||
        word->classes != (1u << TEXT_CLASSES) - 1)
        return out;
    at = texts_find(&k->texts, word->word);
    if (at != UINT32_MAX)
        out.cells = k->cells + at * k->each;
    return out;
}
