#include "tui/screens/form.h"

#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "tui/screens/record.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { LABEL = 18, BODY_MAX = 16 * 1024, DIALOG_COLS = 64 };

void form_draw_fields(const struct form *f, int y, int x, int cols)
{
    for (int i = 0; i < f->n; i++) {
        paint_text(y + i, x, LABEL, STYLE_DIM, f->labels[i]);
        input_draw(&f->inputs[i], y + i, x + LABEL + 1, cols - LABEL - 1, i == f->at);
    }
}

bool form_input(struct screen *s, int key)
{
    struct form *f = (struct form *)s;

    return !f->busy && input_key(&f->inputs[f->at], key);
}

void form_next(struct screen *s)
{
    struct form *f = (struct form *)s;

    f->at = (f->at + 1) % f->n;
}

void form_previous(struct screen *s)
{
    struct form *f = (struct form *)s;

    f->at = (f->at + f->n - 1) % f->n;
}

void form_enter(struct screen *s)
{
    struct form *f = (struct form *)s;

    if (f->at + 1 < f->n)
        f->at++;
    else if (!f->busy)
        f->submit(f);
}

void form_close(struct screen *s)
{
    struct form *f = (struct form *)s;

    for (int i = 0; i < f->n; i++)
        input_clear(&f->inputs[i]);
}

/* A record's: its class is the first member of the row. */

static const struct record_form *what(const struct form *f)
{
    return (const struct record_form *)f->base.class;
}

static int find_input(const struct form *f, const char *name)
{
    int i = 0;

    while (i < f->n && strcmp(what(f)->fields[i].name, name) != 0)
        i++;
    return i;
}

void form_set(struct form *f, const char *name, const char *text)
{
    int i = find_input(f, name);

    if (i == f->n)
        return;
    input_set(&f->inputs[i], text);
    f->at = i + 1 < f->n ? i + 1 : i;
}

const char *form_text(const struct form *f, const char *name)
{
    int i = find_input(f, name);

    return i < f->n ? f->inputs[i].text : "";
}

static void write_words(struct buf *b, const char *text)
{
    const char *separator = "[";
    char word[INPUT_MAX];

    for (size_t n; *text; text += n + (text[n] == ',')) {
        n = strcspn(text, ",");
        snprintf(word, sizeof(word), "%.*s", (int)n, text);
        buf_str(b, separator);
        json_write_text(b, word);
        separator = ",";
    }
    buf_char(b, ']');
}

/* false: it is no such value, which has been said. */
static bool write_value(struct form *f, struct buf *b, const struct field *field, const char *text)
{
    struct credits amount;
    char number[CREDITS_TEXT];
    char *end;

    switch (field->kind) {
    case KIND_CREDITS:
        if (!credits_parse(text, &amount)) {
            app_say(f->base.app, STYLE_ERR, "%s: a number with at most two decimals",
                    record_label(field));
            return false;
        }
        buf_str(b, credits_text(amount, number));
        return true;
    case KIND_INT:
        errno = 0;
        buf_printf(b, "%lld", strtoll(text, &end, 10));
        if (errno || *end)
            app_say(f->base.app, STYLE_ERR, "%s: a whole number", record_label(field));
        return !errno && !*end;
    case KIND_BOOL:
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) {
            app_say(f->base.app, STYLE_ERR, "%s: yes or no", record_label(field));
            return false;
        }
        buf_str(b, *text == 'y' ? "true" : "false");
        return true;
    case KIND_STRS:
        write_words(b, text);
        return true;
    default:
        json_write_text(b, text);
        return true;
    }
}

/* What is empty is left out: the server says what it cannot do without. */
static bool write_record(struct form *f, struct buf *b)
{
    char separator = '{';

    for (int i = 0; i < f->n; i++) {
        const struct field *field = type_field(what(f)->body, what(f)->fields[i].name);

        if (!f->inputs[i].len)
            continue;
        buf_char(b, separator);
        json_write_text(b, field->name);
        buf_char(b, ':');
        if (!write_value(f, b, field, f->inputs[i].text))
            return false;
        separator = ',';
    }
    buf_str(b, separator == '{' ? "{}" : "}");
    return true;
}

static void made(void *arg, const struct api_reply *r)
{
    struct form *f = arg;
    const struct record_form *form = what(f);
    struct app *app = f->base.app;

    f->busy = false;
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    app_close(&f->base);
    if (form->made)
        form->made(app, r->doc);
    else
        app_say(app, STYLE_OK, "%s", form->done);
}

static void send(struct screen *s)
{
    struct form *f = (struct form *)s;
    struct buf b = BUF_INIT(BODY_MAX);

    if (write_record(f, &b)) {
        f->busy = true;
        api_send(app_api(s->app),
                 &(struct api_request){.method = what(f)->method,
                                       .path = what(f)->path,
                                       .json = b.data,
                                       .idempotency_key = what(f)->once ? f->key : NULL},
                 made, f);
    }
    explicit_bzero(b.data, b.len);
    buf_free(&b);
}

/* What cannot be sent is said before anything is asked. */
static bool is_valid(struct form *f)
{
    struct buf b = BUF_INIT(BODY_MAX);
    bool valid = write_record(f, &b);

    explicit_bzero(b.data, b.len);
    buf_free(&b);
    return valid;
}

static void submit(struct form *f)
{
    struct arena *mem = arena_new();

    if (!what(f)->ask)
        send(&f->base);
    else if (is_valid(f))
        confirm_open(&f->base, f->base.class->title, what(f)->ask(mem, f), CONFIRM_MS, send);
    arena_free(mem);
}

void form_opened(struct screen *s)
{
    struct form *f = (struct form *)s;
    struct uuid id = uuid_new();

    s->typing = true;
    f->submit = submit;
    uuid_text(&id, f->key);
    for (const struct form_field *field = what(f)->fields; field->name; field++) {
        const struct field *row = type_field(what(f)->body, field->name);

        f->labels[f->n] = record_label(row);
        f->inputs[f->n].secret = row->flags & FIELD_WRITE_ONLY;
        if (field->start)
            input_set(&f->inputs[f->n], field->start);
        f->n++;
    }
}

struct form *form_open(struct app *app, const struct record_form *form)
{
    return (struct form *)app_push(app, &form->class);
}

void form_draw(struct screen *s, int rows, int cols)
{
    struct form *f = (struct form *)s;
    struct place in;

    if (!paint_dialog(rows, cols, f->n + 2, DIALOG_COLS, s->class->title, &in))
        return;
    paint_text(in.y + in.rows - 1, in.x, in.cols, STYLE_DIM,
               f->busy ? "sending ..." : what(f)->note);
    form_draw_fields(f, in.y, in.x, in.cols);
}

const struct key record_form_keys[] = {
    FORM_KEYS,
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Close; nothing is done.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};
