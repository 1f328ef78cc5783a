/* What binds the caller now: rate classes, credits, caps. */
#include <string.h>

#include "server/ledger.h"
#include "server/router.h"

/* The classes that a caller meets; the general one is the plan's. */
static const enum rate_class classes[] = {RATE_GENERAL, RATE_SEARCH, RATE_WRITE, RATE_REVEAL};

enum { CLASSES = sizeof(classes) / sizeof(*classes) };

static struct limit_class look(struct request *r, enum rate_class c, int64_t limit)
{
    const struct uuid *actor = principal_actor(&r->who);
    struct limit_answer a;

    limits_look_shared(r->srv->limits, c, limit, actor->b, sizeof(actor->b), &a);
    if (limit == RATE_UNLIMITED)
        return (struct limit_class){.name = rate_word(c)};
    return (struct limit_class){.name = rate_word(c),
                                .limit = limit,
                                .used = limit - a.remaining,
                                .remaining = a.remaining,
                                .reset = a.retry_after};
}

static size_t list_classes(struct request *r, struct limit_class *out)
{
    const struct limits *l = r->srv->limits;
    size_t n = 0;

    for (size_t i = 0; i < CLASSES; i++) {
        enum rate_class c = router_class(&r->who, classes[i]);

        out[n++] = look(r, c, limits_of(l, c));
    }
    if (!uuid_is_zero(&r->who.key))
        out[n++] = look(r, RATE_KEY, router_key_rate(l, &r->who));
    return n;
}

static size_t list_spending(const struct purse *p, struct spending *out)
{
    static const char *const of[] = {"member", "key"};
    size_t n = 0;

    for (size_t i = 0; i < 2; i++)
        if (!uuid_is_zero(&p->by[i].id))
            out[n++] = (struct spending){.of = of[i],
                                         .capped = p->by[i].capped,
                                         .monthly_cap = p->by[i].cap,
                                         .spent = p->by[i].spent,
                                         .resets = ledger_month_end(p->at)};
    return n;
}

static enum err limits_show(struct request *r)
{
    struct limit_class rows[CLASSES + 1];
    struct spending spending[2];
    struct limits_reply out = {.plan = tier_words[r->who.tier]};
    struct purse p;
    enum err err = ledger_purse(r->srv->store, &r->who, r->mem, &p);

    if (err)
        return err;
    out.classes = (struct list){rows, list_classes(r, rows)};
    out.spending = (struct list){spending, list_spending(&p, spending)};
    out.balance = p.balance;
    return reply(r, 200, &limits_reply_type, &out);
}

const struct route limits_routes[] = {
    {"GET", "/api/limits", limits_show,
     "Your rate classes and what is left of them, and what you may spend this month.",
     .role = ROLE_VIEWER, .scope = "account", .reply = &limits_reply_type},
    {0},
};
