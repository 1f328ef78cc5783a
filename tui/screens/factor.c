/* The second factor: its state, turning it on with an authenticator, off, new recovery codes. */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"
#include "tui/qr.h"
#include "tui/screens/form.h"
#include "tui/screens/record.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/screens/told.h"
#include "tui/widgets/paint.h"

enum { GROUP = 4, TEXT_ROWS = 9 };

/* The QR code */

/* Lines of a text and the width of its first. */
static int measure(const char *text, int *width)
{
    char *first = strndup(text, strcspn(text, "\n"));
    int n = 0;

    *width = first ? utf8_columns(first) : 0;
    free(first);
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void draw_code(const char *text, int y, int x, int width)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        paint_printf(y++, x, width, STYLE_TEXT, "%.*s", (int)strcspn(line, "\n"), line);
}

static char *make_code(const char *uri)
{
    return qr_text(uri, strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
                   theme_is_light() ? QR_ON_LIGHT : QR_ON_DARK);
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* On the whole screen: at 80x24 every line is needed. */
struct qr_view {
    struct screen base; /* first */
    char *code;
};

static void qr_open(struct app *app, const char *text)
{
    ((struct qr_view *)app_push(app, &qr_screen))->code = make_code(text);
}

static void qr_draw(struct screen *s, int rows, int cols)
{
    const struct qr_view *v = (const struct qr_view *)s;
    int width = 0, n = v->code ? measure(v->code, &width) : 0;

    paint_focus(rows - 1, 0);
    if (!n || n > rows || width > cols)
        paint_printf(0, 0, cols, STYLE_WARN,
                     "the code needs %dx%d: a larger window, or type the secret; Esc goes back",
                     width, n);
    else
        draw_code(v->code, 0, 0, width);
    if (n < rows)
        paint_text(rows - 1, 0, cols, STYLE_DIM, " Esc:back");
}

static void qr_close(struct screen *s)
{
    wipe(((struct qr_view *)s)->code);
}

static const struct key qr_keys[] = {
    {KEY_ESCAPE, "Esc", "back", "back", "Back to the secret.", app_close},
    {'q', "q", .run = app_close},
    {'\r', "Enter", .run = app_close},
    {KEY_CTRL('o'), "Ctrl-O", .run = app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class qr_screen = {.title = "QR code",
                                       .size = sizeof(struct qr_view),
                                       .keys = qr_keys,
                                       .modal = true,
                                       .whole = true,
                                       .draw = qr_draw,
                                       .close = qr_close};

/* Turning it on */

struct enrol {
    struct form form; /* first */
    char *uri, *secret, *code;
};

static void show_codes(struct app *app, const cJSON *doc)
{
    struct arena *mem = arena_new();
    const char *all = "";
    const cJSON *code;

    cJSON_ArrayForEach(code, cJSON_GetObjectItemCaseSensitive(doc, "codes"))
    {
        if (cJSON_IsString(code))
            all = arena_printf(mem, "%s%s%s", all, *all ? "\n" : "", code->valuestring);
    }
    secret_open(app, "Recovery codes",
                "each is good once instead of a code, when the device is lost", all);
    arena_free(mem);
}

static void turned_on(void *arg, const struct api_reply *r)
{
    struct form *f = arg;
    struct app *app = f->base.app;

    f->busy = false;
    input_clear(&f->inputs[0]);
    if (r->err) {
        app_say_error(app, r);
        return;
    }
    app_close(&f->base);
    app_say(app, STYLE_OK, "the second factor is on");
    show_codes(app, r->doc);
}

static void submit(struct form *f)
{
    struct buf b = BUF_INIT(1024);

    buf_str(&b, "{\"totp\":");
    json_write_text(&b, f->inputs[0].text);
    buf_char(&b, '}');
    f->busy = true;
    screen_call(&f->base, "POST", "/api/auth/totp/confirm", b.data, turned_on);
    explicit_bzero(b.data, b.len);
    buf_free(&b);
}

/* In groups, as people type it. */
static char *grouped(const char *secret)
{
    struct buf b = BUF_INIT(1024);

    for (int n = 0; *secret; n++) {
        if (n && n % GROUP == 0)
            buf_char(&b, ' ');
        buf_char(&b, *secret++);
    }
    return buf_take(&b);
}

static void enrol_open(struct app *app, const cJSON *doc)
{
    const char *uri = json_str(doc, "uri"), *secret = json_str(doc, "secret");
    struct enrol *v = (struct enrol *)app_push(app, &enrol_screen);

    v->form.base.typing = true;
    v->form.labels[0] = "Code";
    v->form.n = 1;
    v->form.submit = submit;
    v->uri = xstrdup(uri ? uri : "");
    v->secret = grouped(secret ? secret : "");
    v->code = make_code(v->uri);
}

/* The code stands below where there is room for it. */
static void enrol_draw(struct screen *s, int rows, int cols)
{
    const struct enrol *v = (const struct enrol *)s;
    int width = 0, n = v->code ? measure(v->code, &width) : 0;
    bool fits = n && TEXT_ROWS + n <= rows && width + 2 <= cols;

    paint_text(2, 2, cols - 3, STYLE_TEXT,
               fits ? "1. Scan this code with an authenticator, or type the secret there:"
                    : "1. Type this secret into an authenticator, or Ctrl-O for its QR code:");
    paint_text(4, 5, cols - 6, STYLE_ACCENT, v->secret);
    paint_text(6, 2, cols - 3, STYLE_TEXT, "2. Type the six digits that it shows now:");
    form_draw_fields(&v->form, 8, 5, cols - 6);
    if (fits)
        draw_code(v->code, 1 + TEXT_ROWS, 2, width);
    app_state(s->app, v->form.busy ? " sending ..." : " it is off until the code is right");
}

static void show_qr(struct screen *s)
{
    qr_open(s->app, ((struct enrol *)s)->uri);
}

static void enrol_close(struct screen *s)
{
    struct enrol *v = (struct enrol *)s;

    wipe(v->uri);
    wipe(v->secret);
    wipe(v->code);
    form_close(s);
}

static const struct key enrol_keys[] = {
    {'\r', "Enter", "turn on", "turn on", "Turn it on with this code.", form_enter},
    {'\n', "Enter", .run = form_enter},
    {KEY_CTRL('o'), "Ctrl-O", "QR code", "QR code", "The QR code, on the whole screen.", show_qr},
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Leave it off.", app_close},
    {KEY_CTRL('c'), "Ctrl-C", .run = app_close},
    {0},
};

const struct screen_class enrol_screen = {.title = "Turn the second factor on",
                                          .size = sizeof(struct enrol),
                                          .keys = enrol_keys,
                                          .modal = true,
                                          .draw = enrol_draw,
                                          .input = form_input,
                                          .close = enrol_close};

/* Its state */

static void ask_factor(struct screen *s)
{
    told_ask(s, "/api/auth/totp");
}

static bool is_on(struct screen *s)
{
    return json_bool(((struct told *)s)->doc, "enabled");
}

/* While the server is asked, what is shown may be from before: then the server is who refuses. */
static bool may_be(struct screen *s, bool on, const char *otherwise)
{
    const struct told *t = (const struct told *)s;

    if (!t->doc || t->call || is_on(s) == on)
        return true;
    app_say(s->app, STYLE_DIM, "%s", otherwise);
    return false;
}

static void factor_draw(struct screen *s, int rows, int cols)
{
    const struct told *t = (const struct told *)s;

    tabs_draw(s, cols);
    paint_focus(3, 2);
    if (told_missing(s, 3, cols))
        return;
    record_draw(&totp_status_type, t->doc, 0, 3, rows - 4, cols);
    if (!is_on(s))
        paint_text(7, 2, cols - 3, STYLE_TEXT,
                   "A password alone opens this account. n asks for a code of your phone too.");
    else if (json_num(t->doc, "recovery_left", 0) < 3)
        paint_said(7, 1, cols - 2, STYLE_WARN, "few recovery codes are left; c makes new ones");
}

static void begun(void *arg, const struct api_reply *r)
{
    struct screen *s = arg;

    if (r->err)
        app_say_error(s->app, r);
    else
        enrol_open(s->app, r->doc);
}

static void turn_on(struct screen *s)
{
    if (may_be(s, false, "it is on already"))
        screen_call(s, "POST", "/api/auth/totp", NULL, begun);
}

static void got_codes(void *arg, const struct api_reply *r)
{
    struct screen *s = arg;

    if (r->err)
        app_say_error(s->app, r);
    else
        show_codes(s->app, r->doc);
}

static void new_codes(struct screen *s)
{
    screen_call(s, "POST", "/api/auth/totp/recovery", NULL, got_codes);
}

static void ask_codes(struct screen *s)
{
    if (may_be(s, true, "it is off: n turns it on"))
        confirm_open(s, "New recovery codes?", "Those you have are void at once.", CONFIRM_MS,
                     new_codes);
}

static const struct form_field off_fields[] = {{"password"}, {"totp"}, {0}};

static const struct record_form off_form = {RECORD_FORM("Turn the second factor off"),
                                            .method = "POST",
                                            .path = "/api/auth/totp/disable",
                                            .body = &confirm_request_type,
                                            .fields = off_fields,
                                            .note = "then a password alone opens this account",
                                            .done = "the second factor is off"};

static void turn_off(struct screen *s)
{
    if (may_be(s, true, "it is off already"))
        form_open(s->app, &off_form);
}

static const struct key factor_keys[] = {
    {'n', NULL, "turn on", "turn on", "Turn it on: a QR code for an authenticator.", turn_on},
    {'c', NULL, "recovery codes", "new codes", "New recovery codes (it asks).", ask_codes},
    {'d', NULL, "turn off", "turn off", "Turn it off, with the password and a code.", turn_off},
    {'R', NULL, "refresh", "refresh", "Ask the server again.", ask_factor},
    ACCESS_KEYS{0},
};

const struct screen_class factor_screen = {.title = "Access > Two-factor",
                                           .size = sizeof(struct told),
                                           .keys = factor_keys,
                                           .shown = ask_factor,
                                           .draw = factor_draw,
                                           .close = told_close};
