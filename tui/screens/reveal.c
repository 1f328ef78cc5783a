/*
 * The dialog shows what the server has and no more: the price of a dry run, the balance, what is
 * owned.
 *
 * The key that opens it does not confirm; keys that were typed before it opened are thrown away;
 * `y` works 300 ms after the total is on the screen; the confirmed request carries max_credits =
 * the price shown and one Idempotency-Key, kept across a lost answer.
 */
#include "tui/screens/reveal.h"

#include <curses.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "tui/screens/list.h"
#include "tui/screens/search.h"
#include "tui/ui.h"

enum { ARM_MS = 300, TYPED_ABOVE = 25, SHOWN = 8 };

enum stage { STAGE_PRICE, STAGE_READY, STAGE_SENT, STAGE_UNKNOWN, STAGE_DONE, STAGE_REFUSED };

struct reveal {
    struct screen base;
    char (*ids)[UUID_TEXT];
    size_t n;
    bool phone; /* besides the e-mail */
    enum stage stage;
    int64_t armed_us;
    char key[UUID_TEXT];
    double price, balance;
    int counts[5]; /* by outcome word */
    struct input typed;
    cJSON *result;
    char error[200];
};

static const char *const outcomes[5] = {"revealed", "owned", "empty", "suppressed", "not_found"};

static char *make_body(const struct reveal *v, bool dry_run)
{
    cJSON *body = cJSON_CreateObject(), *ids = cJSON_AddArrayToObject(body, "ids"), *fields;
    char *text;

    for (size_t i = 0; i < v->n; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(v->ids[i]));
    fields = cJSON_AddArrayToObject(body, "fields");
    cJSON_AddItemToArray(fields, cJSON_CreateString("email"));
    if (v->phone)
        cJSON_AddItemToArray(fields, cJSON_CreateString("phone"));
    if (dry_run)
        cJSON_AddBoolToObject(body, "dry_run", true);
    else
        cJSON_AddNumberToObject(body, "max_credits", v->price);
    text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    return text;
}

static void count_outcomes(struct reveal *v, const cJSON *items)
{
    const cJSON *row;

    memset(v->counts, 0, sizeof(v->counts));
    cJSON_ArrayForEach(row, items)
    {
        const char *word = json_str(row, "outcome");

        for (int i = 0; word && i < 5; i++)
            v->counts[i] += strcmp(outcomes[i], word) == 0;
    }
}

static void got_price(void *arg, const struct api_reply *r)
{
    struct reveal *v = arg;

    if (r->err) {
        v->stage = STAGE_REFUSED;
        snprintf(v->error, sizeof(v->error), "%s", r->detail);
        return;
    }
    v->price = json_num(r->doc, "price", 0);
    v->balance = json_num(r->doc, "balance", 0);
    count_outcomes(v, cJSON_GetObjectItemCaseSensitive(r->doc, "items"));
    v->stage = STAGE_READY;
    v->armed_us = 0; /* from the frame that shows it */
}

static void ask_price(struct reveal *v)
{
    char *body = make_body(v, true);
    struct uuid id = uuid_new();

    v->stage = STAGE_PRICE;
    uuid_text(&id, v->key); /* another question is another charge */
    screen_call(&v->base, "POST", "/api/reveals", body, got_price);
    cJSON_free(body);
}

/* The screens below show what was revealed, without asking again. */
static void tell_below(struct reveal *v)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(v->result, "items"), *row;

    for (struct screen *s = v->base.below; s; s = s->below) {
        if (s->class != &search_screen)
            continue;
        cJSON_ArrayForEach(row, items)
        {
            search_own((struct search *)s, json_str(row, "id"), json_str(row, "email"),
                       json_str(row, "phone"));
        }
        ((struct search *)s)->n_marks = 0;
    }
    if (v->base.below && v->base.below->class == &detail_screen)
        screen_wake(v->base.below, 1);
}

static void got_result(void *arg, const struct api_reply *r)
{
    struct reveal *v = arg;

    if (r->err == ERR_UNAVAILABLE && r->status == 0) {
        v->stage = r->sent ? STAGE_UNKNOWN : STAGE_READY;
        snprintf(v->error, sizeof(v->error), "%s", r->detail);
        return;
    }
    if (r->err) { /* a changed price or balance: nothing was charged */
        v->stage = STAGE_REFUSED;
        snprintf(v->error, sizeof(v->error), "%s", r->detail);
        return;
    }
    v->stage = STAGE_DONE;
    v->result = cJSON_Duplicate(r->doc, true);
    v->price = json_num(r->doc, "charged", 0);
    v->balance = json_num(r->doc, "balance", 0);
    app_set_balance(v->base.app, v->balance);
    tell_below(v);
}

static void send(struct reveal *v)
{
    char *body = make_body(v, false);

    v->stage = STAGE_SENT;
    api_send(app_api(v->base.app),
             &(struct api_request){
                 .method = "POST", .path = "/api/reveals", .json = body, .idempotency_key = v->key},
             got_result, v);
    cJSON_free(body);
}

void reveal_open_for(struct app *app, char (*ids)[UUID_TEXT], size_t n)
{
    struct reveal *v = (struct reveal *)app_push(app, &reveal_screen);

    v->ids = xcalloc(n, sizeof(*v->ids));
    memcpy(v->ids, ids, n * sizeof(*v->ids));
    v->n = n;
    flushinp();
    ask_price(v);
}

static void draw_price(struct reveal *v, int y, int x, int w)
{
    static const char *const words[5] = {"to reveal", "yours already (free)", "have none",
                                         "not to be contacted", "not found"};

    for (int i = 0; i < 5; i++)
        if (v->counts[i])
            ui_printf(y++, x, w, STYLE_TEXT, "%-24s %6d", words[i], v->counts[i]);
    y++;
    ui_printf(y++, x, w, STYLE_COST, "%-24s %6.10g cr", "TOTAL NOW", v->price);
    ui_printf(y++, x, w, STYLE_TEXT, "balance %.10g -> %.10g", v->balance, v->balance - v->price);
    y++;
    if (v->price > v->balance)
        ui_text(y, x, w, STYLE_ERR, "x not enough credits");
    else if (v->price > TYPED_ABOVE)
        ui_printf(y, x, w, STYLE_TEXT, "type %.10g and Enter to pay: %s", v->price, v->typed.text);
    else
        ui_printf(y, x, w, STYLE_TEXT, "y = reveal for %.10g cr     [ Cancel ]", v->price);
    if (!v->armed_us)
        v->armed_us = clock_mono_us() + ARM_MS * 1000;
}

static void draw_result(const struct reveal *v, int y, int x, int w)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(v->result, "items"), *row;
    int shown = 0;

    ui_printf(y++, x, w, STYLE_OK, "+ charged %.10g cr, balance %.10g", v->price, v->balance);
    cJSON_ArrayForEach(row, items)
    {
        const char *email = json_str(row, "email"), *phone = json_str(row, "phone");

        if (shown++ >= SHOWN)
            break;
        ui_printf(y++, x, w, STYLE_TEXT, "%s  %s%s%s", json_str(row, "outcome"), email ? email : "",
                  email && phone ? "  " : "", phone ? phone : "");
    }
}

static void reveal_draw(struct screen *s, int rows, int cols)
{
    struct reveal *v = (struct reveal *)s;
    int w = cols < 64 ? cols - 2 : 60, h = 14, x = (cols - w) / 2, y = (rows - h) / 2 + 1;
    char title[64];

    if (h > rows) {
        h = rows;
        y = 1;
    }
    snprintf(title, sizeof(title), "Reveal %zu contact%s: e-mail%s", v->n, v->n == 1 ? "" : "s",
             v->phone ? " and phone" : "");
    if (!ui_box(y, x, h, w, title))
        return;
    x += 3;
    w -= 6;
    switch (v->stage) {
    case STAGE_PRICE:
        ui_text(y + 2, x, w, STYLE_DIM, "asking for the price ...");
        break;
    case STAGE_READY:
        draw_price(v, y + 2, x, w);
        break;
    case STAGE_SENT:
        ui_text(y + 2, x, w, STYLE_DIM, "revealing ...");
        break;
    case STAGE_UNKNOWN:
        ui_text(y + 2, x, w, STYLE_WARN, "! the answer was lost; it may have been charged");
        ui_text(y + 4, x, w, STYLE_TEXT, "R asks again: the same request, never charged twice");
        break;
    case STAGE_DONE:
        draw_result(v, y + 2, x, w);
        break;
    case STAGE_REFUSED:
        ui_printf(y + 2, x, w, STYLE_ERR, "x %s", v->error);
        ui_text(y + 4, x, w, STYLE_TEXT, "nothing was charged");
        break;
    }
    ui_focus(y + h - 2, x);
}

static bool is_armed(const struct reveal *v)
{
    return v->stage == STAGE_READY && v->armed_us && clock_mono_us() >= v->armed_us &&
           v->price <= v->balance;
}

static void yes(struct screen *s)
{
    struct reveal *v = (struct reveal *)s;

    if (is_armed(v) && v->price <= TYPED_ABOVE)
        send(v);
}

static void enter(struct screen *s)
{
    struct reveal *v = (struct reveal *)s;
    char *end;
    double typed = strtod(v->typed.text, &end);

    if (v->typed.len && is_armed(v) && !*end && typed > v->price - 0.001 &&
        typed < v->price + 0.001)
        send(v);
    else
        app_close(s);
}

static void toggle_phone(struct screen *s)
{
    struct reveal *v = (struct reveal *)s;

    if (v->stage != STAGE_READY && v->stage != STAGE_REFUSED)
        return;
    v->phone = !v->phone;
    ask_price(v);
}

static void again(struct screen *s)
{
    struct reveal *v = (struct reveal *)s;

    if (v->stage == STAGE_UNKNOWN)
        send(v);
    else if (v->stage == STAGE_REFUSED)
        ask_price(v);
}

static void cancel(struct screen *s)
{
    app_close(s);
}

/* While a charge is under way only its end, or Esc, leaves the dialog. */
static bool reveal_input(struct screen *s, int key)
{
    struct reveal *v = (struct reveal *)s;

    if (v->stage == STAGE_SENT)
        return key != 27;
    if (v->stage == STAGE_READY && v->price > TYPED_ABOVE &&
        ((key >= '0' && key <= '9') || key == '.' || key == 127 || key == KEY_FN(KEY_BACKSPACE)))
        return input_key(&v->typed, key);
    return false;
}

static void reveal_close(struct screen *s)
{
    struct reveal *v = (struct reveal *)s;

    free(v->ids);
    cJSON_Delete(v->result);
}

static const struct key reveal_keys[] = {
    {'y', NULL, "y:reveal", "Pay the price that is shown, up to 25 credits.", yes},
    {'m', NULL, "m:phone", "With or without the phone.", toggle_phone},
    {'\r', "Enter", NULL, "Close; above 25 credits: pay when the number is typed.", enter},
    {'\n', "Enter", NULL, NULL, enter},
    {'R', NULL, NULL, "Ask again: the price, or a lost answer under the same key.", again},
    {'n', NULL, "Esc/n:cancel", "Close; nothing is charged.", cancel},
    {27, "Esc", NULL, NULL, cancel},
    {'q', NULL, NULL, NULL, cancel},
    {0},
};

const struct screen_class reveal_screen = {.title = "Reveal",
                                           .size = sizeof(struct reveal),
                                           .keys = reveal_keys,
                                           .overlay = true,
                                           .draw = reveal_draw,
                                           .input = reveal_input,
                                           .close = reveal_close};
