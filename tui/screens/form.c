#include "tui/screens/form.h"

#include <curses.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "tui/screens/record.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { LABEL = 18, BODY_MAX = 16 * 1024, DIALOG_COLS = 64, CHOICES = 64, DAY = 10 };

void form_draw_fields(const struct form *f, int y, int x, int cols)
{
    for (int i = 0; i < f->n; i++) {
        paint_text(y + i, x, LABEL, STYLE_DIM, f->labels[i]);
        input_draw(&f->inputs[i], y + i, x + LABEL + 1, cols - LABEL - 1, i == f->at);
    }
}

void form_write_login(const struct form *f, int password, int code, struct buf *b)
{
    buf_str(b, "\"password\":");
    json_write_text(b, f->inputs[password].text);
    if (f->inputs[code].len) {
        buf_str(b, ",\"totp\":");
        json_write_text(b, f->inputs[code].text);
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
    cJSON_Delete(f->choices);
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

void form_at(struct form *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(f->path, sizeof(f->path), fmt, ap);
    va_end(ap);
}

/* Commas and blanks part them. */
static void write_words(struct buf *b, const char *text)
{
    const char *comma = "";
    char word[INPUT_MAX];

    buf_char(b, '[');
    while (*(text += strspn(text, ", "))) {
        size_t n = strcspn(text, ", ");

        snprintf(word, sizeof(word), "%.*s", (int)n, text);
        buf_str(b, comma);
        json_write_text(b, word);
        comma = ",";
        text += n;
    }
    buf_char(b, ']');
}

const char *form_value(struct arena *mem, const struct field *field, const char *text)
{
    bool day = field->kind == KIND_TIME && strlen(text) == DAY;

    return arena_printf(mem, "%s%s", text, day ? "T00:00:00Z" : "");
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

static void write_none(struct buf *b, const struct field *field)
{
    buf_str(b, field->kind == KIND_STRS ? "[]" : field->kind == KIND_BOOL ? "false" : "0");
}

/* What is empty is left out: the server says what it cannot do without. */
static bool write_record(struct form *f, struct buf *b)
{
    char separator = '{';

    for (int i = 0; i < f->n; i++) {
        const struct form_field *row = &what(f)->fields[i];
        const char *text = f->inputs[i].text;
        bool none = row->none && strcmp(text, "none") == 0;

        if (!*text)
            continue;
        buf_char(b, separator);
        json_write_text(b, none ? row->none : row->name);
        buf_char(b, ':');
        if (none)
            write_none(b, type_field(what(f)->body, row->none));
        else if (!write_value(f, b, type_field(what(f)->body, row->name), text))
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
                                       .path = f->path,
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

    if (what(f)->take) {
        what(f)->take(f);
        app_close(&f->base);
    } else if (!what(f)->ask)
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
    if (what(f)->path)
        form_at(f, "%s", what(f)->path);
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

void form_draw_dialog(const struct form *f, int rows, int cols, const char *note)
{
    struct place in;

    if (!paint_dialog(rows, cols, f->n + 2, DIALOG_COLS, f->base.class->title, &in))
        return;
    paint_text(in.y + in.rows - 1, in.x, in.cols, STYLE_DIM, f->busy ? "sending ..." : note);
    form_draw_fields(f, in.y, in.x, in.cols);
}

void form_draw(struct screen *s, int rows, int cols)
{
    form_draw_dialog((struct form *)s, rows, cols, what((struct form *)s)->note);
}

/* What may stand in the field that we are in. */
static int choices(const struct form *f, const char *labels[CHOICES])
{
    static const char *const booleans[] = {"yes", "no", NULL};
    const struct field *field = type_field(what(f)->body, what(f)->fields[f->at].name);
    const char *const *words = field->kind == KIND_BOOL ? booleans : field->words;
    const cJSON *choice;
    int n = 0;

    for (; words && words[n] && n < CHOICES; n++)
        labels[n] = words[n];
    if (field->kind != KIND_STRS || words)
        return n;
    cJSON_ArrayForEach(choice, f->choices)
    {
        if (cJSON_IsString(choice) && n < CHOICES)
            labels[n++] = choice->valuestring;
    }
    return n;
}

static void take_choice(struct screen *s, int chosen)
{
    struct form *f = (struct form *)s;
    struct input *in = &f->inputs[f->at];
    const struct field *field = type_field(what(f)->body, what(f)->fields[f->at].name);
    const char *labels[CHOICES];
    char text[INPUT_MAX];

    if (chosen >= choices(f, labels))
        return;
    snprintf(text, sizeof(text), "%s%s%s", field->kind == KIND_STRS ? in->text : "",
             field->kind == KIND_STRS && in->len ? ", " : "", labels[chosen]);
    input_set(in, text);
}

static void choose(struct screen *s)
{
    struct form *f = (struct form *)s;
    const char *labels[CHOICES];
    int n = choices(f, labels);

    if (n)
        pick_open(s, f->labels[f->at], labels, n, 0, take_choice);
    else
        app_say(s->app, STYLE_DIM, "this one is typed");
}

const struct key record_form_keys[] = {
    FORM_KEYS,
    {KEY_CTRL('t'), "Ctrl-T", "choose", "choose", "Choose what stands in this field.", choose},
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Close; nothing is done.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};
