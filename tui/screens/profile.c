/* One profile: everything the server shows us of it. */
#include <string.h>

#include "common/country.h"
#include "common/json.h"
#include "tui/screens/screens.h"
#include "tui/screens/search.h"
#include "tui/widgets/paint.h"

enum { LABEL = 9 };

struct fact {
    const char *label, *value;
    enum style_role role;
};

struct detail {
    struct screen base;
    struct arena *mem; /* of p */
    struct profile p;
    struct uuid id;
    bool loaded;
    char trouble[200];
};

static const char *join(struct arena *mem, const struct strs *list)
{
    const char *all = NULL;

    for (size_t i = 0; i < list->n; i++)
        all = all ? arena_printf(mem, "%s, %s", all, list->v[i]) : list->v[i];
    return all;
}

static const char *amount(struct arena *mem, int64_t n)
{
    char number[NUMBER_TEXT];

    return n ? arena_strdup(mem, paint_number(n, number)) : NULL;
}

static const char *place_of(struct arena *mem, const struct profile *p)
{
    const char *country = p->country ? country_name(p->country) : NULL;
    const char *parts[] = {p->city, p->state, country ? country : p->country};
    const char *all = NULL;

    for (int i = 0; i < 3; i++)
        if (parts[i])
            all = all ? arena_printf(mem, "%s, %s", all, parts[i]) : parts[i];
    return all;
}

/* The value and, in words, whose it is. */
static const char *contact(struct arena *mem, const struct profile *p, const char *value,
                           unsigned own)
{
    if (!value)
        return "none";
    return p->owned & own ? arena_printf(mem, "%s  (owned)", value) : value;
}

static const char *day(struct arena *mem, struct stamp t)
{
    char text[STAMP_TEXT];

    return t.ms ? arena_strndup(mem, stamp_text(t, text), 10) : NULL;
}

/*
 * Every fact has its line, known or not: then a move repaints values and no labels. Labels have no
 * colour of their own: a score of changes of colour is a tenth of the first screen.
 */
static void draw_facts(const struct fact *facts, size_t n, int y, int x, int rows, int cols)
{
    for (size_t i = 0; i < n && rows > 0; i++) {
        int indent = *facts[i].label ? LABEL : 0;

        paint_text(y, x, indent, STYLE_TEXT, facts[i].label);
        if (facts[i].role == STYLE_WARN && facts[i].value)
            paint_said(y, x, cols, STYLE_WARN, facts[i].value);
        else
            paint_text(y, x + indent, cols - indent, facts[i].role,
                       facts[i].value || !indent ? facts[i].value : "-");
        y++;
        rows--;
    }
}

void profile_draw(const struct profile *p, int y, int x, int rows, int cols)
{
    struct arena *mem = arena_new();
    const struct fact facts[] = {
        {"", p->name, STYLE_ACCENT},
        {"", p->title, STYLE_TEXT},
        {"", p->company, STYLE_TEXT},
        {"", p->email_opt_out ? "asked for no e-mail" : NULL, STYLE_WARN},
        {"E-mail", contact(mem, p, p->email, OWN_EMAIL),
         p->owned & OWN_EMAIL ? STYLE_OK : STYLE_MASKED},
        {"State", p->email_status, STYLE_TEXT},
        {"Phone", contact(mem, p, p->phone, OWN_PHONE),
         p->owned & OWN_PHONE ? STYLE_OK : STYLE_MASKED},
        {"Kind", p->phone_type, STYLE_TEXT},
        {"", p->do_not_call ? "asked for no calls" : NULL, STYLE_WARN},
        {"Place", place_of(mem, p), STYLE_TEXT},
        {"Industry", p->industry, STYLE_TEXT},
        {"People", amount(mem, p->employees), STYLE_TEXT},
        {"Revenue", amount(mem, p->revenue), STYLE_TEXT},
        {"Web", p->domain, STYLE_TEXT},
        {"Profile", p->linkedin_url, STYLE_TEXT},
        {"Uses", join(mem, &p->technologies), STYLE_TEXT},
        {"Words", join(mem, &p->keywords), STYLE_TEXT},
        {"Level", p->seniority, STYLE_TEXT},
        {"Function", p->department, STYLE_TEXT},
        {"Score", arena_printf(mem, "%d, data quality %d", (int)p->score, (int)p->quality),
         STYLE_TEXT},
        {"Updated", day(mem, p->updated), STYLE_TEXT},
    };

    draw_facts(facts, sizeof(facts) / sizeof(*facts), y, x, rows, cols);
    arena_free(mem);
}

static void got_profile(void *arg, const struct api_reply *r)
{
    struct detail *d = arg;
    struct arena *mem;
    struct profile p = {0};
    struct problem why;

    d->trouble[0] = '\0';
    if (r->err) {
        snprintf(d->trouble, sizeof(d->trouble), "%s", r->detail);
        app_say_error(d->base.app, r);
        return;
    }
    mem = arena_new();
    if (json_decode(&profile_type, r->doc, JSON_FROM_SERVER, mem, &p, NULL, &why)) {
        arena_free(mem);
        snprintf(d->trouble, sizeof(d->trouble), "the server's answer makes no sense");
        return;
    }
    for (size_t i = 0; i < p.owned_fields.n; i++)
        p.owned |= strcmp(p.owned_fields.v[i], "email") == 0 ? OWN_EMAIL : OWN_PHONE;
    arena_free(d->mem);
    d->mem = mem;
    d->p = p;
    d->loaded = true;
}

/* Also after a reveal above it: what was bought is clear now. */
static void ask(struct screen *s)
{
    struct detail *d = (struct detail *)s;
    char path[64], id[UUID_TEXT];

    snprintf(path, sizeof(path), "/api/profiles/%s", uuid_text(&d->id, id));
    api_cancel_all(app_api(s->app), s);
    screen_call(s, "GET", path, NULL, got_profile);
}

void profile_open(struct app *app, const struct uuid *id)
{
    struct detail *d = (struct detail *)app_push(app, &profile_screen);

    d->id = *id;
}

static void detail_draw(struct screen *s, int rows, int cols)
{
    struct detail *d = (struct detail *)s;

    if (d->loaded)
        profile_draw(&d->p, 1, 2, rows, cols - 4);
    else if (d->trouble[0])
        paint_said(2, 2, cols - 4, STYLE_WARN, d->trouble);
    else
        paint_text(2, 2, cols - 4, STYLE_DIM, "loading ...");
    paint_focus(1, 2);
}

static void reveal(struct screen *s)
{
    reveal_open(s->app, &((struct detail *)s)->id, 1);
}

static void detail_close(struct screen *s)
{
    arena_free(((struct detail *)s)->mem);
}

static const struct key profile_keys[] = {
    {'r', NULL, "reveal", "reveal", "Reveal contacts; the price is shown first.", reveal,
     ROLE_USER},
    {'R', NULL, "refresh", "refresh", "Ask the server again.", ask},
    {0},
};

const struct screen_class profile_screen = {.title = "Profile",
                                            .size = sizeof(struct detail),
                                            .keys = profile_keys,
                                            .shown = ask,
                                            .draw = detail_draw,
                                            .close = detail_close};
