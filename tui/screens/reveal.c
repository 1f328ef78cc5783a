/*
 * The dialog shows what the server has and no more: prices of a dry run, what is owned, the
 * balance.
 *
 * The key that opens it does not confirm.  Keys that were typed before it opened are thrown away.
 * `y` works 300 ms after the total is on the screen.  What is sent carries max_credits = the price
 * that was shown, and one Idempotency-Key, which stays the same until an answer came.
 */
#include "tui/screens/reveal.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "tui/screens/screens.h"
#include "tui/screens/search.h"

enum { ARM_MS = 300, TYPED_ABOVE = 25 * 100, PATH = 64 };

const char *const reveal_contacts[REVEAL_CONTACTS] = {"email", "phone"};
const char *const reveal_labels[REVEAL_CONTACTS] = {"E-mail", "Phone"};

static const char *const outcome_words[OUTCOMES] = {
#define X(name, word, label) word,
    OUTCOME_LIST(X)
#undef X
};
const char *const outcome_labels[OUTCOMES] = {
#define X(name, word, label) label,
    OUTCOME_LIST(X)
#undef X
};

struct credits reveal_total(const struct reveal *v)
{
    struct credits sum = {0};

    for (int i = 0; i < REVEAL_CONTACTS; i++)
        if (v->wanted[i])
            sum.hundredths += v->offers[i].price.hundredths;
    return sum;
}

bool reveal_needs_typing(const struct reveal *v)
{
    return reveal_total(v).hundredths > TYPED_ABOVE;
}

bool reveal_is_affordable(const struct reveal *v)
{
    return reveal_total(v).hundredths <= v->balance.hundredths;
}

static void set_stage(struct reveal *v, enum reveal_stage stage);

/* Requests: one profile has a route of its own, which is what most reveals are. */

static void add_words(struct buf *b, const struct reveal *v, bool all)
{
    bool first = true;

    buf_str(b, "\"fields\":[");
    for (int i = 0; i < REVEAL_CONTACTS; i++) {
        if (!all && !v->wanted[i])
            continue;
        buf_printf(b, "%s\"%s\"", first ? "" : ",", reveal_contacts[i]);
        first = false;
    }
    buf_char(b, ']');
}

static void add_ids(struct buf *b, const struct reveal *v)
{
    char id[UUID_TEXT];

    buf_str(b, "\"ids\":[");
    for (size_t i = 0; i < v->n; i++)
        buf_printf(b, "%s\"%s\"", i ? "," : "", uuid_text(&v->ids[i], id));
    buf_str(b, "],");
}

static void post(struct reveal *v, bool dry_run, api_done *done)
{
    struct buf b = BUF_INIT(256 * 1024);
    char path[PATH] = "/api/reveals", id[UUID_TEXT], text[CREDITS_TEXT];

    buf_char(&b, '{');
    if (v->n == 1)
        snprintf(path, sizeof(path), "/api/profiles/%s/reveal", uuid_text(&v->ids[0], id));
    else
        add_ids(&b, v);
    add_words(&b, v, dry_run);
    if (dry_run)
        buf_str(&b, ",\"dry_run\":true}");
    else
        buf_printf(&b, ",\"max_credits\":%s}", credits_text(reveal_total(v), text));
    api_send(app_api(v->base.app),
             &(struct api_request){.method = "POST",
                                   .path = path,
                                   .json = b.data,
                                   .idempotency_key = dry_run ? NULL : v->key},
             done, v);
    buf_free(&b);
}

/* The reply for one as the reply for many, so that the rest knows one form. */
static void as_many(struct reveal *v, const struct reveal_reply *one)
{
    struct reveal_item *item = arena_alloc(v->mem, sizeof(*item));
    char *id = arena_alloc(v->mem, UUID_TEXT);

    *item = (struct reveal_item){.id = uuid_text(&v->ids[0], id),
                                 .outcome = "",
                                 .charged = one->charged,
                                 .price = one->price,
                                 .email = one->email,
                                 .phone = one->phone,
                                 .fields = one->fields};
    v->reply = (struct reveals_reply){.charged = one->charged,
                                      .price = one->price,
                                      .balance = one->balance,
                                      .dry_run = one->dry_run,
                                      .items = {item, 1}};
}

static bool decode(struct reveal *v, const cJSON *doc)
{
    struct reveal_reply one = {0};
    struct problem why;

    arena_free(v->mem);
    v->mem = arena_new();
    v->reply = (struct reveals_reply){0};
    if (v->n > 1)
        return json_decode(&reveals_reply_type, doc, JSON_FROM_SERVER, v->mem, &v->reply, NULL,
                           &why) == ERR_OK;
    if (json_decode(&reveal_reply_type, doc, JSON_FROM_SERVER, v->mem, &one, NULL, &why))
        return false;
    as_many(v, &one);
    return true;
}

static void refuse(struct reveal *v, const char *text)
{
    set_stage(v, STAGE_REFUSED);
    snprintf(v->trouble, sizeof(v->trouble), "%s", text);
}

/* The price */

static void count_field(struct reveal *v, const struct reveal_field *f)
{
    for (int i = 0; i < REVEAL_CONTACTS; i++) {
        if (strcmp(f->field, reveal_contacts[i]) != 0)
            continue;
        v->offers[i].price.hundredths += f->price.hundredths;
        for (int k = 0; k < OUTCOMES; k++)
            v->offers[i].n[k] += strcmp(f->outcome, outcome_words[k]) == 0;
    }
}

static void count(struct reveal *v)
{
    const struct reveal_item *items = v->reply.items.v;

    memset(v->offers, 0, sizeof(v->offers));
    v->not_found = 0;
    for (size_t i = 0; i < v->reply.items.n; i++) {
        const struct reveal_field *fields = items[i].fields.v;

        v->not_found += items[i].outcome && strcmp(items[i].outcome, "not_found") == 0;
        for (size_t k = 0; k < items[i].fields.n; k++)
            if (fields[k].field && fields[k].outcome)
                count_field(v, &fields[k]);
    }
}

static void got_price(void *arg, const struct api_reply *r)
{
    struct reveal *v = arg;

    if (r->err) {
        refuse(v, r->detail);
        app_say_error(v->base.app, r);
    } else if (!decode(v, r->doc)) {
        refuse(v, "the server's answer makes no sense");
    } else {
        v->balance = v->reply.balance;
        count(v);
        set_stage(v, STAGE_READY);
        v->armed_us = 0; /* from the frame that shows it */
    }
}

static void ask_price(struct reveal *v)
{
    struct uuid id = uuid_new();

    set_stage(v, STAGE_ASKING);
    uuid_text(&id, v->key); /* another question is another charge */
    input_clear(&v->typed);
    post(v, true, got_price);
}

/* The charge */

/* The screens below show what was revealed, without asking again. */
static void tell_below(struct reveal *v)
{
    const struct reveal_item *items = v->reply.items.v;

    for (struct screen *s = v->base.below; s; s = s->below) {
        struct search *search = (struct search *)s;

        if (s->class != &search_screen)
            continue;
        for (size_t i = 0; i < v->reply.items.n; i++)
            search_own(search, items[i].id, items[i].email, items[i].phone);
    }
}

static void got_result(void *arg, const struct api_reply *r)
{
    struct reveal *v = arg;

    if (r->status == 0 && r->sent) {
        set_stage(v, STAGE_UNKNOWN);
        snprintf(v->trouble, sizeof(v->trouble), "%s", r->detail);
    } else if (r->err) { /* never sent, or another price or balance by now */
        refuse(v, r->detail);
        app_say_error(v->base.app, r);
    } else if (!decode(v, r->doc)) {
        set_stage(v, STAGE_UNKNOWN);
        snprintf(v->trouble, sizeof(v->trouble), "the server's answer makes no sense");
    } else {
        set_stage(v, STAGE_DONE);
        v->balance = v->reply.balance;
        app_set_balance(v->base.app, v->balance);
        tell_below(v);
    }
}

static void send(struct reveal *v)
{
    set_stage(v, STAGE_SENT);
    post(v, false, got_result);
}

void reveal_open(struct app *app, const struct uuid *ids, size_t n)
{
    struct reveal *v = (struct reveal *)app_push(app, &reveal_screen);

    v->ids = xcalloc(n, sizeof(*v->ids));
    memcpy(v->ids, ids, n * sizeof(*v->ids));
    v->n = n;
    v->wanted[REVEAL_EMAIL] = true;
    flushinp();
    ask_price(v);
}

/* Keys */

static struct reveal *of(struct screen *s)
{
    return (struct reveal *)s;
}

static bool is_armed(const struct reveal *v)
{
    return v->stage == STAGE_READY && v->armed_us && clock_mono_us() >= v->armed_us &&
           reveal_is_affordable(v) && (v->wanted[REVEAL_EMAIL] || v->wanted[REVEAL_PHONE]);
}

/* A frame with the total is out. */
static void reveal_tick(struct screen *s)
{
    struct reveal *v = of(s);

    if (v->stage == STAGE_READY && !v->armed_us)
        v->armed_us = clock_mono_us() + ARM_MS * 1000;
}

static void yes(struct screen *s)
{
    if (is_armed(of(s)) && !reveal_needs_typing(of(s)))
        send(of(s));
}

/* Enter cancels, but for a large sum that was typed. */
static void enter(struct screen *s)
{
    struct reveal *v = of(s);
    struct credits typed;

    if (!v->typed.len || v->stage != STAGE_READY)
        app_close(s);
    else if (is_armed(v) && reveal_needs_typing(v) && credits_parse(v->typed.text, &typed) &&
             typed.hundredths == reveal_total(v).hundredths)
        send(v);
    else
        app_say(s->app, STYLE_WARN, "%s; nothing was charged",
                reveal_is_affordable(v) ? "that is not the total" : "not enough credits");
}

static void toggle(struct reveal *v, enum reveal_contact c)
{
    if (v->stage != STAGE_READY)
        return;
    v->wanted[c] = !v->wanted[c];
    v->armed_us = 0; /* it is another total */
    input_clear(&v->typed);
}

static void toggle_phone(struct screen *s)
{
    toggle(of(s), REVEAL_PHONE);
}

static void toggle_email(struct screen *s)
{
    toggle(of(s), REVEAL_EMAIL);
}

/* The price again, or a lost answer: the same request under the same key charges once. */
static void again(struct screen *s)
{
    struct reveal *v = of(s);

    if (v->stage == STAGE_UNKNOWN)
        send(v);
    else if (v->stage == STAGE_REFUSED)
        ask_price(v);
}

/* What is on its way cannot be called back: giving up waiting leaves it unknown. */
static void cancel(struct screen *s)
{
    struct reveal *v = of(s);

    if (v->stage == STAGE_SENT) {
        api_cancel_all(app_api(s->app), s);
        set_stage(v, STAGE_UNKNOWN);
        snprintf(v->trouble, sizeof(v->trouble), "you did not wait for the answer");
        return;
    }
    if (v->stage == STAGE_UNKNOWN)
        app_say(s->app, STYLE_WARN, "it may have been charged; what is owned is never paid again");
    app_close(s);
}

static bool reveal_input(struct screen *s, int key)
{
    struct reveal *v = of(s);
    bool digit = (key >= '0' && key <= '9') || key == '.',
         erase_key = key == 127 || key == 8 || key == KEY_FN(KEY_BACKSPACE);

    return v->stage == STAGE_READY && reveal_needs_typing(v) && (digit || erase_key) &&
           input_key(&v->typed, key);
}

static void reveal_close(struct screen *s)
{
    free(of(s)->ids);
    arena_free(of(s)->mem);
}

static const struct key reveal_keys[] = {
    {KEY_ESCAPE, "Esc", "cancel", "cancel", "Close; nothing is charged.", cancel},
    {'n', NULL, .run = cancel},
    {'q', NULL, .run = cancel},
    {KEY_CTRL('c'), "Ctrl-C", .run = cancel},
    {'y', NULL, "pay", "reveal", "Pay the total that is shown, up to 25 credits.", yes},
    {'m', NULL, "phone", "phone", "With the phone, or without.", toggle_phone},
    {'e', NULL, "e-mail", "e-mail", "With the e-mail, or without.", toggle_email},
    {'\r', "Enter", "close", NULL, "Close; above 25 credits: pay when the total is typed.", enter},
    {'\n', "Enter", .run = enter},
    {0},
};

static const struct key wait_keys[] = {
    {KEY_ESCAPE, "Esc", "stop waiting", "stop waiting", "What is sent is not called back.", cancel},
    {'n', NULL, .run = cancel},
    {'q', NULL, .run = cancel},
    {KEY_CTRL('c'), "Ctrl-C", .run = cancel},
    {0},
};

#define CLOSE_KEYS                                                          \
    {'\r', "Enter", "close", "close", "Back to the search.", cancel},       \
        {'\n', "Enter", .run = cancel}, {KEY_ESCAPE, "Esc", .run = cancel}, \
        {'n', NULL, .run = cancel}, {'q', NULL, .run = cancel},             \
    {                                                                       \
        KEY_CTRL('c'), "Ctrl-C", .run = cancel                              \
    }

static const struct key done_keys[] = {CLOSE_KEYS, {0}};
static const struct key again_keys[] = {
    {'R', NULL, "ask again", "ask again", "The price again; or a lost answer, never charged twice.",
     again},
    CLOSE_KEYS,
    {0},
};

/* Each stage has keys of its own, so that the bottom line and the help are always true. */
static void set_stage(struct reveal *v, enum reveal_stage stage)
{
    static const struct key *const keys[] = {
        [STAGE_ASKING] = reveal_keys, [STAGE_READY] = reveal_keys, [STAGE_SENT] = wait_keys,
        [STAGE_UNKNOWN] = again_keys, [STAGE_DONE] = done_keys,    [STAGE_REFUSED] = again_keys};

    v->stage = stage;
    v->base.keys = keys[stage];
}

const struct screen_class reveal_screen = {.title = "Reveal",
                                           .size = sizeof(struct reveal),
                                           .keys = reveal_keys,
                                           .overlay = true,
                                           .draw = reveal_draw,
                                           .input = reveal_input,
                                           .tick = reveal_tick,
                                           .close = reveal_close};
