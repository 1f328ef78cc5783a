/*
 * Reveals: one profile or many, always one plan.
 *
 * What is owned is read first, the plan is made for the rest, and the plan's own conditions (the
 * balance, the unique ownership) decide.  When another request was faster, the price is worked out
 * anew: what somebody else in the account just paid for is not charged again.
 */
#include <stdio.h>
#include <string.h>

#include "server/ledger.h"
#include "server/records.h"
#include "server/search/search.h"

enum { ATTEMPTS = 8, FIELDS = 2 };

static const unsigned bits[FIELDS] = {OWN_EMAIL, OWN_PHONE};

/* One profile of a reveal. */
struct target {
    const char *asked; /* the id as it was sent */
    struct uuid id;
    bool found;
    bool again; /* it stands earlier in the list, and is paid for there */
    struct profile p;
    struct reveal_field fields[FIELDS];
    size_t n;
    struct credits price;
    const char *outcome;
};

struct reveal {
    struct request *r;
    unsigned wanted; /* OWN_ bits */
    bool dry_run;
    struct target *targets;
    size_t n;
    struct credits price, balance;
    struct purse purse;
    struct entry *entries; /* of the plan, one a paid profile */
    size_t n_entries;
    enum err (*answer)(struct reveal *v, struct credits charged);
};

static unsigned wanted_bits(const struct strs *fields)
{
    unsigned wanted = 0;

    for (size_t i = 0; i < fields->n; i++)
        for (size_t k = 0; k < FIELDS; k++)
            if (strcmp(fields->v[i], ledger_field(bits[k])) == 0)
                wanted |= bits[k];
    return wanted;
}

static const char *value_of(const struct profile *p, unsigned bit)
{
    return bit == OWN_EMAIL ? p->email : p->phone;
}

static bool is_suppressed(const struct profile *p, unsigned bit)
{
    return bit == OWN_EMAIL ? p->email_opt_out : p->do_not_call;
}

static const char *outcome_of(const struct profile *p, unsigned bit)
{
    if (!value_of(p, bit))
        return "empty";
    if (p->owned & bit)
        return "owned";
    return is_suppressed(p, bit) ? "suppressed" : "revealed";
}

/* The word for the whole: the best that happened to any of its fields. */
static const char *better(const char *a, const char *b)
{
    static const char *const order[] = {"revealed", "owned", "suppressed", "empty"};

    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        if (strcmp(order[i], a) == 0 || (b && strcmp(order[i], b) == 0))
            return order[i];
    return a;
}

static void price_target(struct target *t, unsigned wanted)
{
    t->n = 0;
    t->price = (struct credits){0};
    t->outcome = NULL;
    for (size_t k = 0; k < FIELDS; k++) {
        struct reveal_field *f = &t->fields[t->n];

        if (!(wanted & bits[k]))
            continue;
        *f = (struct reveal_field){.field = ledger_field(bits[k]),
                                   .outcome = outcome_of(&t->p, bits[k])};
        if (t->again && strcmp(f->outcome, "revealed") == 0)
            f->outcome = "owned";
        if (strcmp(f->outcome, "revealed") == 0)
            f->price = ledger_price(bits[k]);
        t->price.hundredths += f->price.hundredths;
        t->outcome = better(f->outcome, t->outcome);
        t->n++;
    }
}

/* Work out what is owned now and what the rest costs. */
static enum err price_all(struct reveal *v)
{
    struct request *r = v->r;

    v->price = (struct credits){0};
    for (size_t i = 0; i < v->n; i++) {
        struct target *t = &v->targets[i];
        enum err err;

        if (!t->found)
            continue;
        err = ledger_owned(r->srv->store, &r->who, &t->p, 1, r->mem);
        if (err)
            return err;
        price_target(t, v->wanted);
        v->price.hundredths += t->price.hundredths;
    }
    return ERR_OK;
}

/* Rows of other accounts are as absent as absent ones. */
static enum err load_target(struct request *r, const struct uuid *id, struct target *t)
{
    enum err err = store_get(r->srv->store, &profile_type, id, 0, r->mem, &t->p);

    t->found = !err && (uuid_equal(&t->p.account, &catalogue_account) ||
                        uuid_equal(&t->p.account, &r->who.account));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static const char *fields_paid(struct arena *mem, const struct target *t)
{
    const char *names = NULL;

    for (size_t k = 0; k < t->n; k++)
        if (t->fields[k].price.hundredths)
            names =
                names ? arena_printf(mem, "%s,%s", names, t->fields[k].field) : t->fields[k].field;
    return names;
}

static struct ownership *ownership_of(struct reveal *v, const struct target *t, size_t k,
                                      const struct entry *e)
{
    struct ownership *o = arena_alloc(v->r->mem, sizeof(*o));

    *o = (struct ownership){
        .id = ownership_id(&v->r->who.account, &t->p.id, t->fields[k].field),
        .account = v->r->who.account,
        .profile = t->p.id,
        .field = t->fields[k].field,
        .entry = e->id,
        .at = e->at,
    };
    return o;
}

/* The steps that record one paid profile: its entry, its ownerships, its event. */
static size_t add_target(struct reveal *v, const struct target *t, const struct uuid *plan_id,
                         struct step *steps)
{
    struct request *r = v->r;
    struct entry *e = &v->entries[v->n_entries++];
    struct event *event = arena_alloc(r->mem, sizeof(*event));
    size_t n = 0;

    *e = (struct entry){
        .id = uuid_new(),
        .account = r->who.account,
        .at = v->purse.at,
        .kind = "reveal",
        .amount = {-t->price.hundredths},
        .actor = r->who.user,
        .key = r->who.key,
        .profile = t->p.id,
        .fields = fields_paid(r->mem, t),
        .plan = *plan_id,
    };
    *event = (struct event){uuid_new(), r->who.account, "profile.revealed", t->p.id, e->at};
    for (size_t k = 0; k < t->n; k++)
        if (t->fields[k].price.hundredths)
            steps[n++] = (struct step){
                .kind = STEP_INSERT, .type = &ownership_type, .rec = ownership_of(v, t, k, e)};
    steps[n++] = (struct step){.kind = STEP_INSERT, .type = &entry_type, .rec = e};
    steps[n++] = (struct step){.kind = STEP_INSERT, .type = &event_type, .rec = event};
    return n;
}

/* On the writing thread: the sum is known, so are the balances of the entries and the reply. */
static enum err settle_reveal(void *arg)
{
    struct reveal *v = arg;
    int64_t running = v->balance.hundredths + v->price.hundredths;
    enum err err;

    for (size_t i = 0; i < v->n_entries; i++) {
        running += v->entries[i].amount.hundredths;
        v->entries[i].balance.hundredths = running;
    }
    err = v->answer(v, v->price);
    return err ? err : request_keep(v->r);
}

/* Searches for what is owned find it from now on. */
static void note_owned(const struct reveal *v)
{
    for (size_t i = 0; v->r->srv->search && i < v->n_entries; i++)
        search_note_owned(v->r->srv->search, &v->r->who.account, &v->entries[i].profile);
}

/* Balance, the member's cap and the key's: one condition on one record. */
static struct step charge(struct reveal *v)
{
    struct step s = {.kind = STEP_ADD,
                     .type = &wallet_type,
                     .id = v->r->who.account,
                     .field = "balance",
                     .by = -v->price.hundredths,
                     .least = 0,
                     .sum = &v->balance.hundredths,
                     .counters = "spent",
                     .period = ledger_month(v->purse.at)};

    for (size_t i = 0; i < STEP_COUNTS; i++) {
        const struct spender *by = &v->purse.by[i];

        if (!uuid_is_zero(&by->id))
            s.counts[s.n_counts++] =
                (struct step_count){by->id, by->capped ? by->cap.hundredths : INT64_MAX};
    }
    return s;
}

/* twin: the same request under the same key was faster. */
static enum err commit_once(struct reveal *v, bool *twin)
{
    struct request *r = v->r;
    size_t most = v->n * (FIELDS + 2) + 3, n = 0, keep = SIZE_MAX;
    struct step *steps = arena_alloc(r->mem, most * sizeof(*steps));
    struct plan plan = {.steps = steps, .settle = settle_reveal, .arg = v};
    struct uuid plan_id = uuid_new();
    const struct uuid *target = v->n == 1 ? &v->targets[0].p.id : NULL;
    enum err err;

    v->entries = arena_alloc(r->mem, v->n * sizeof(*v->entries));
    v->n_entries = 0;
    if (v->price.hundredths)
        steps[n++] = charge(v);
    for (size_t i = 0; i < v->n; i++)
        if (v->targets[i].found && v->targets[i].price.hundredths)
            n += add_target(v, &v->targets[i], &plan_id, steps + n);
    steps[n++] = (struct step){
        .kind = STEP_INSERT, .type = &audit_type, .rec = request_audit(r, target, NULL)};
    if (request_keep_step(r, &steps[n]))
        keep = n++;
    plan.n = n;
    err = store_commit(r->srv->store, &plan);
    if (!err)
        note_owned(v);
    *twin = err == ERR_CONFLICT && plan.failed == keep;
    return err;
}

static enum err over_max(struct reveal *v, const struct credits *max)
{
    char price[CREDITS_TEXT], most[CREDITS_TEXT];

    return refuse(v->r, ERR_OVER_MAX, "max_credits", "it costs %s %s, more than the %s allowed",
                  credits_text(v->price, price), credits_word(v->price), credits_text(*max, most));
}

static enum err too_poor(struct reveal *v)
{
    char price[CREDITS_TEXT];

    return refuse(v->r, ERR_NO_CREDITS, NULL, "it costs %s %s, more than the balance",
                  credits_text(v->price, price), credits_word(v->price));
}

static enum err over_cap(struct reveal *v, const struct spender *by)
{
    char cap[CREDITS_TEXT], spent[CREDITS_TEXT], ends[STAMP_TEXT];

    return refuse(v->r, ERR_CAP, "monthly_cap",
                  "%s of the %s credits that %s may spend this month are spent; it begins anew "
                  "at %s",
                  credits_text(by->spent, spent), credits_text(by->cap, cap),
                  by == &v->purse.by[0] ? "you" : "this key",
                  stamp_text(ledger_month_end(v->purse.at), ends));
}

/* What stands against the price now; the plan's own condition decides in the end. */
static enum err check_price(struct reveal *v, const struct credits *max)
{
    if (max && v->price.hundredths > max->hundredths)
        return over_max(v, max);
    if (v->price.hundredths > v->balance.hundredths)
        return too_poor(v);
    for (size_t i = 0; v->price.hundredths && i < STEP_COUNTS; i++) {
        const struct spender *by = &v->purse.by[i];

        if (by->capped && by->spent.hundredths + v->price.hundredths > by->cap.hundredths)
            return over_cap(v, by);
    }
    return ERR_OK;
}

/* max: NULL, or the most it may cost. */
static enum err run(struct reveal *v, const struct credits *max)
{
    struct request *r = v->r;

    for (int i = 0; i < ATTEMPTS; i++) {
        bool twin = false;
        /* The balance first: who then sees another's charge also sees what it paid for. */
        enum err err = ERR_OK;

        if (!r->who.test)
            err = ledger_purse(r->srv->store, &r->who, r->mem, &v->purse);
        v->balance = v->purse.balance;
        if (!err)
            err = price_all(v);
        if (!err && (v->dry_run || r->who.test)) /* a test key reveals, and never costs */
            return v->answer(v, (struct credits){0});
        if (!err)
            err = check_price(v, max);
        if (err)
            return err;
        buf_clear(&r->out);
        err = commit_once(v, &twin);
        if (err != ERR_CONFLICT || twin)
            return err;
    }
    return ERR_CONFLICT;
}

static struct list fields_of(const struct target *t)
{
    return (struct list){t->fields, t->n};
}

/* A value goes out only when it is the reader's: paid for in this plan, or before. */
static const char *shown(const struct reveal *v, const struct target *t, unsigned bit)
{
    const char *outcome = outcome_of(&t->p, bit);

    if (!(v->wanted & bit) || v->dry_run)
        return NULL;
    return strcmp(outcome, "owned") == 0 || strcmp(outcome, "revealed") == 0 ? value_of(&t->p, bit)
                                                                             : NULL;
}

static enum err answer_one(struct reveal *v, struct credits charged)
{
    const struct target *t = &v->targets[0];
    struct reveal_reply out = {
        .id = t->p.id,
        .charged = charged,
        .price = v->price,
        .balance = v->balance,
        .email = shown(v, t, OWN_EMAIL),
        .phone = shown(v, t, OWN_PHONE),
        .dry_run = v->dry_run,
        .fields = fields_of(t),
    };

    return reply(v->r, 200, &reveal_reply_type, &out);
}

enum err ledger_reveal(struct request *r, const struct uuid *profile,
                       const struct reveal_request *ask)
{
    struct target *t = arena_alloc(r->mem, sizeof(*t));
    struct reveal v = {.r = r,
                       .wanted = wanted_bits(&ask->fields),
                       .dry_run = ask->dry_run,
                       .targets = t,
                       .n = 1,
                       .answer = answer_one};
    enum err err;

    if (!v.wanted)
        return refuse(r, ERR_INVALID, "fields", "name at least one field");
    err = load_target(r, profile, t);
    if (err || !t->found)
        return err ? err : ERR_NOT_FOUND;
    err = price_all(&v);
    if (err)
        return err;
    if (strcmp(t->outcome, "suppressed") == 0 && !v.dry_run)
        return refuse(r, ERR_SUPPRESSED, NULL, "this person asked not to be contacted this way");
    return run(&v, body_has(r, "max_credits") ? &ask->max_credits : NULL);
}

static enum err answer_many(struct reveal *v, struct credits charged)
{
    struct reveal_item *items = calloc(v->n, sizeof(*items));
    struct reveals_reply out = {.charged = charged,
                                .price = v->price,
                                .balance = v->balance,
                                .dry_run = v->dry_run,
                                .items = {items, v->n}};
    enum err err;

    if (!items)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < v->n; i++) {
        const struct target *t = &v->targets[i];

        items[i].id = t->asked;
        items[i].outcome = t->found ? t->outcome : "not_found";
        if (!t->found)
            continue;
        if (!v->dry_run && !v->r->who.test)
            items[i].charged = t->price;
        items[i].price = t->price;
        items[i].email = shown(v, t, OWN_EMAIL);
        items[i].phone = shown(v, t, OWN_PHONE);
        items[i].fields = fields_of(t);
    }
    err = reply(v->r, 200, &reveals_reply_type, &out);
    free(items);
    return err;
}

static bool is_repeat(const struct target *targets, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (targets[k].found && uuid_equal(&targets[k].id, &targets[i].id))
            return true;
    return false;
}

enum err ledger_reveal_many(struct request *r, const struct reveals_request *ask)
{
    struct reveal v = {.r = r,
                       .wanted = wanted_bits(&ask->fields),
                       .dry_run = ask->dry_run,
                       .targets = arena_alloc(r->mem, ask->ids.n * sizeof(struct target)),
                       .n = ask->ids.n,
                       .answer = answer_many};

    if (!v.wanted)
        return refuse(r, ERR_INVALID, "fields", "name at least one field");
    if (!v.n)
        return refuse(r, ERR_INVALID, "ids", "name at least one profile");
    for (size_t i = 0; i < v.n; i++) {
        struct target *t = &v.targets[i];
        enum err err;

        t->asked = ask->ids.v[i];
        if (!uuid_parse(t->asked, &t->id))
            continue;
        err = load_target(r, &t->id, t);
        if (err)
            return err;
        t->again = is_repeat(v.targets, i);
    }
    return run(&v, body_has(r, "max_credits") ? &ask->max_credits : NULL);
}
