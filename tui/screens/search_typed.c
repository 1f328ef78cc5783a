/*
 * Typing ahead: what the word at the cursor may become, offered below the words.
 *
 * One question is under way at a time, however fast somebody types; what its answer no longer fits
 * is not shown, and what has come stays as long as it begins as the word does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"
#include "tui/screens/search.h"
#include "tui/widgets/paint.h"

enum { LEAST_BYTES = 2, VALUE_WIDTH = 24, FIELD_WIDTH = 10, COUNT_WIDTH = 9, LINES_FROM = 2 };
enum { WIDTH = 2 + VALUE_WIDTH + 1 + FIELD_WIDTH + COUNT_WIDTH + 1 };

/* Where the text at the cursor is: behind which field, in whose parentheses, in quotes? */
struct place_of_word {
    size_t from;             /* its first byte, the quote included */
    size_t field, field_len; /* what stands before the colon; 0: nothing does */
    bool quoted, grouped;    /* grouped: in the parentheses of a field */
    int depth;               /* of parentheses */
};

static void step_over(struct place_of_word *p, const char *text, size_t i)
{
    switch (text[i]) {
    case ' ':
        p->field_len = p->grouped ? p->field_len : 0;
        break;
    case ':':
        p->field = p->from;
        p->field_len = i - p->from;
        break;
    case '(':
        p->grouped |= p->field_len > 0;
        p->depth++;
        break;
    case ')':
        p->depth--;
        p->grouped = false;
        p->field_len = 0;
        break;
    case '-':
        if (i != p->from)
            return; /* inside a word */
        break;
    case ',':
        break;
    default:
        return;
    }
    p->from = i + 1;
}

static struct place_of_word find_word(const struct input *in)
{
    struct place_of_word p = {0};

    for (size_t i = 0; i < in->at; i++) {
        if (in->text[i] == '"') {
            p.quoted = !p.quoted;
            p.from = p.quoted ? i : i + 1;
        } else if (!p.quoted) {
            step_over(&p, in->text, i);
        }
    }
    return p;
}

/* Does an answer of this field belong behind what is written before the colon? */
static bool fits_field(const struct typed *t, const char *field)
{
    return !*t->field || strcmp(t->field, field) == 0;
}

/* What /api/suggest calls it; NULL: it knows nothing of it. */
static const char *kind_of(const char *field)
{
    static const char *const kinds[][2] = {
        {"", "any"},        {"title", "title"}, {"company", "company"},       {"country", "place"},
        {"state", "place"}, {"city", "place"},  {"technology", "technology"},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(kinds[i][0], field) == 0)
            return kinds[i][1];
    return NULL;
}

static bool is_operator(const char *word)
{
    return strcmp(word, "OR") == 0 || strcmp(word, "AND") == 0 || strcmp(word, "NOT") == 0;
}

/* Take down the word at the cursor; false: there is nothing to be offered for it. */
static bool take_word(struct search *s)
{
    const struct input *in = &s->words;
    struct place_of_word p = find_word(in);
    struct typed *t = &s->typed;
    size_t from = p.from + p.quoted;

    t->from = p.from;
    if (strchr(" ),", in->text[in->at]) == NULL || in->at < from + LEAST_BYTES ||
        p.field_len >= sizeof(t->field) || in->at - from >= sizeof(t->word))
        return false;
    snprintf(t->word, sizeof(t->word), "%.*s", (int)(in->at - from), in->text + from);
    snprintf(t->field, sizeof(t->field), "%.*s", (int)p.field_len, in->text + p.field);
    return kind_of(t->field) && !strchr("*<>", in->text[in->at - 1]) && !is_operator(t->word);
}

static bool begins(struct arena *mem, const char *text, const char *word)
{
    const char *folded = utf8_fold(mem, word);

    return text && strncmp(utf8_fold(mem, text), folded, strlen(folded)) == 0;
}

/* Of what has come, what still fits. */
static void narrow(struct search *s)
{
    struct typed *t = &s->typed;
    struct arena *mem = arena_new();
    const struct suggestion *v = t->items.v;

    t->n = 0;
    t->at = -1;
    for (size_t i = 0; i < t->items.n && t->n < SUGGESTIONS; i++)
        if (v[i].value && v[i].field && fits_field(t, v[i].field) &&
            (begins(mem, v[i].value, t->word) || begins(mem, v[i].label, t->word)))
            t->shown[t->n++] = &v[i];
    arena_free(mem);
}

static void got(void *arg, const struct api_reply *r)
{
    struct search *s = arg;
    struct typed *t = &s->typed;
    struct suggest_reply reply = {0};
    struct problem why;

    t->call = NULL;
    if (s->focus != FOCUS_WORDS || t->closed)
        return;
    if (!r->err) { /* of a failure the search itself speaks */
        arena_free(t->mem);
        t->mem = arena_new();
        t->items = (struct list){0};
        if (json_decode(&suggest_reply_type, r->doc, JSON_FROM_SERVER, t->mem, &reply, NULL,
                        &why) == ERR_OK)
            t->items = reply.items;
    }
    if (!take_word(s)) {
        t->n = 0;
        return;
    }
    narrow(s);
    if (strcmp(t->word, t->asked) != 0 && !r->err)
        search_typed_ask(s);
}

void search_typed_ask(struct search *s)
{
    struct typed *t = &s->typed;
    char *word, path[512];

    if (t->call || t->closed || s->focus != FOCUS_WORDS || !take_word(s))
        return;
    snprintf(t->asked, sizeof(t->asked), "%s", t->word);
    word = api_escape(t->word);
    snprintf(path, sizeof(path), "/api/suggest?field=%s&limit=%d&prefix=%s", kind_of(t->field),
             SUGGESTIONS, word);
    free(word);
    t->call = screen_call(&s->base, "GET", path, NULL, got);
}

void search_typed_changed(struct search *s)
{
    s->typed.closed = false;
    if (take_word(s))
        narrow(s);
    else
        s->typed.n = 0;
}

bool search_typed_close(struct search *s)
{
    bool open = s->typed.n > 0;

    s->typed.n = 0;
    s->typed.at = -1;
    s->typed.closed = true;
    return open;
}

void search_typed_free(struct search *s)
{
    arena_free(s->typed.mem);
    s->typed = (struct typed){0};
}

bool search_typed_move(struct search *s, int by)
{
    struct typed *t = &s->typed;

    if (!t->n || (by < 0 && t->at < 0))
        return false;
    t->at = t->at + by < t->n ? t->at + by : t->n - 1;
    return true;
}

/* As the grammar takes it; NULL: it cannot be written. */
static char *value_text(struct arena *mem, const char *value)
{
    if (strchr(value, '"'))
        return NULL;
    return strpbrk(value, " ,():*-<>") ? arena_printf(mem, "\"%s\"", value)
                                       : arena_strdup(mem, value);
}

bool search_typed_take(struct search *s)
{
    struct typed *t = &s->typed;
    struct input *in = &s->words;
    struct arena *mem;
    const struct suggestion *chosen;
    const char *value, *before, *text;
    bool fits;

    if (!t->n)
        return false;
    mem = arena_new();
    chosen = t->shown[t->at < 0 ? 0 : t->at];
    value = value_text(mem, chosen->value);
    before =
        arena_printf(mem, "%.*s%s%s%s%s", (int)t->from, in->text, *t->field ? "" : chosen->field,
                     *t->field ? "" : ":", value ? value : "", in->text[in->at] ? "" : " ");
    text = arena_printf(mem, "%s%s", before, in->text + in->at);
    fits = value && strlen(text) < INPUT_MAX;
    if (fits) {
        input_set(in, text);
        in->at = strlen(before);
    } else {
        app_say(s->base.app, STYLE_WARN, "this cannot be written in the words");
    }
    arena_free(mem);
    search_typed_close(s);
    return fits;
}

static void draw_one(const struct typed *t, int i, int y, int x, int cols)
{
    const struct suggestion *one = t->shown[i];
    char value[200], number[NUMBER_TEXT];
    int width = VALUE_WIDTH + cols - WIDTH;

    snprintf(value, sizeof(value), "%s%s%s", one->value, one->label ? " " : "",
             one->label ? one->label : "");
    paint_text(y, x, 2, STYLE_BAR, "");
    paint_text(y, x + 2, width + 1, STYLE_BAR, value);
    paint_text(y, x + 3 + width, FIELD_WIDTH, STYLE_BAR, one->field);
    paint_right(y, x + 3 + width + FIELD_WIDTH, COUNT_WIDTH, STYLE_BAR,
                paint_number(one->count, number));
    paint_text(y, x + cols - 1, 1, STYLE_BAR, "");
    if (i == t->at)
        paint_gutter(y, x, true, false);
}

void search_typed_draw(const struct search *s, int cols)
{
    const struct typed *t = &s->typed;
    char before[INPUT_MAX];
    int x, width = cols < WIDTH ? cols : WIDTH;

    if (!t->n || s->focus != FOCUS_WORDS)
        return;
    snprintf(before, sizeof(before), "%.*s", (int)t->from, s->words.text);
    x = utf8_columns(before);
    x = x + width > cols ? cols - width : x;
    paint_area(LINES_FROM, x, t->n, width);
    for (int i = 0; i < t->n; i++)
        draw_one(t, i, LINES_FROM + i, x, width);
}
