#include "server/ledger.h"

#include <string.h>

#include "server/counts.h"
#include "server/records.h"

/* Hundredths of a credit; a field that has no row cannot be revealed. */
static const struct {
    unsigned own;
    const char *field;
    struct credits price;
} prices[] = {
    {OWN_EMAIL, "email", {100}},
    {OWN_PHONE, "phone", {300}},
};

enum { PRICES = sizeof(prices) / sizeof(*prices) };

struct credits ledger_price(unsigned own_bit)
{
    for (size_t i = 0; i < PRICES; i++)
        if (prices[i].own == own_bit)
            return prices[i].price;
    return (struct credits){CREDITS_MAX};
}

const char *ledger_field(unsigned own_bit)
{
    for (size_t i = 0; i < PRICES; i++)
        if (prices[i].own == own_bit)
            return prices[i].field;
    return NULL;
}

/* A super_admin reads the catalogue by role: no account has it. */
static bool is_read_by_role(const struct principal *who, const struct profile *p)
{
    return who->role == ROLE_SUPER_ADMIN && uuid_equal(&p->account, &catalogue_account);
}

bool ledger_needs_no_purchase(const struct principal *who, const struct profile *p)
{
    return is_read_by_role(who, p) || uuid_equal(&p->account, &who->account);
}

void ledger_say_owned(const struct principal *who, struct profile *p, struct arena *mem)
{
    unsigned owned = is_read_by_role(who, p) ? 0 : p->owned;
    const char **names = arena_alloc(mem, PRICES * sizeof(*names));

    p->owned_fields = (struct strs){names, 0};
    for (size_t i = 0; i < PRICES; i++)
        if (owned & prices[i].own)
            names[p->owned_fields.n++] = prices[i].field;
    p->is_owned = owned != 0;
}

/* Which of n * PRICES purchases there are, those of a row one after the other. */
static enum err paid_for(struct store *s, const struct uuid *account, const struct profile *rows,
                         size_t n, struct arena *mem, bool *paid)
{
    uint64_t only_id = type_bit(&ownership_type, &ownership_type.fields[0]);
    struct uuid *ids = arena_alloc(mem, n * PRICES * sizeof(*ids));
    struct ownership *found = arena_alloc(mem, n * PRICES * sizeof(*found));

    for (size_t i = 0; i < n * PRICES; i++)
        ids[i] = ownership_id(account, &rows[i / PRICES].id, prices[i % PRICES].field);
    return store_get_many(s, &ownership_type, ids, n * PRICES, only_id, mem, found, paid);
}

enum err ledger_owned(struct store *s, const struct principal *who, struct profile *rows, size_t n,
                      struct arena *mem)
{
    bool *paid = arena_alloc(mem, n * PRICES * sizeof(*paid));
    enum err err = paid_for(s, &who->account, rows, n, mem, paid);

    for (size_t i = 0; i < n && !err; i++) {
        rows[i].owned = ledger_needs_no_purchase(who, &rows[i]) ? OWN_ALL : 0;
        for (size_t k = 0; k < PRICES && rows[i].owned != OWN_ALL; k++)
            if (paid[i * PRICES + k])
                rows[i].owned |= prices[k].own;
        ledger_say_owned(who, &rows[i], mem);
    }
    return err;
}

enum err ledger_balance(struct store *s, const struct uuid *account, struct credits *out)
{
    struct arena *mem = arena_try_new();
    struct wallet w = {0};
    enum err err;

    if (!mem)
        return ERR_NO_MEMORY;
    err = store_get(s, &wallet_type, account, 0, mem, &w);
    *out = w.balance;
    arena_free(mem);
    return err;
}

int64_t ledger_month(struct stamp at)
{
    time_t s = (time_t)(at.ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    return (int64_t)tm.tm_year * 12 + tm.tm_mon;
}

struct stamp ledger_month_end(struct stamp at)
{
    time_t s = (time_t)(at.ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1};
    return (struct stamp){(int64_t)timegm(&tm) * 1000};
}

/* Asked for anew each time, not kept with the sign-in: a cap that was lowered holds at once. */
static enum err read_caps(struct store *s, const struct principal *who, struct arena *mem,
                          struct purse *p)
{
    static const char *const cap[] = {"capped", "monthly_cap", NULL};
    struct api_key k = {0};
    struct user u = {0};
    enum err err = store_get(s, &user_type, &who->user, fields_named(&user_type, cap), mem, &u);

    p->by[0] = (struct spender){.id = who->user, .capped = u.capped, .cap = u.monthly_cap};
    if (err || uuid_is_zero(&who->key))
        return err;
    err = store_get(s, &api_key_type, &who->key, fields_named(&api_key_type, cap), mem, &k);
    p->by[1] = (struct spender){.id = who->key, .capped = k.capped, .cap = k.monthly_cap};
    return err;
}

enum err ledger_purse(struct store *s, const struct principal *who, struct arena *mem,
                      struct purse *out)
{
    struct wallet w = {0};
    enum err err;

    *out = (struct purse){.at = clock_now()};
    err = store_get(s, &wallet_type, &who->account, 0, mem, &w);
    if (!err)
        err = read_caps(s, who, mem, out);
    out->balance = w.balance;
    for (size_t i = 0; !err && i < 2; i++)
        out->by[i].spent.hundredths = counts_get(&w.spent, ledger_month(out->at), &out->by[i].id);
    return err;
}

struct grant {
    struct request *r;
    struct entry *entry;
    struct grant_reply reply;
};

static enum err settle_grant(void *arg)
{
    struct grant *g = arg;
    enum err err;

    if (g->entry->balance.hundredths > CREDITS_MAX)
        return refuse(g->r, ERR_INVALID, "amount", "the balance would pass the largest amount");
    g->reply.balance = g->entry->balance;
    err = reply(g->r, 200, &grant_reply_type, &g->reply);
    return err ? err : request_keep(g->r);
}

/* In the account's own log; the reason is free text, and so stays with the entry. */
static struct audit *grant_audit(struct request *r, const struct uuid *account,
                                 struct credits amount)
{
    char text[CREDITS_TEXT];
    struct audit *a = request_audit(r, account, arena_strdup(r->mem, credits_text(amount, text)));

    a->account = *account;
    return a;
}

enum err ledger_grant(struct request *r, const struct uuid *account, struct credits amount,
                      const char *reason)
{
    struct entry entry = {
        .id = uuid_new(),
        .account = *account,
        .at = clock_now(),
        .kind = "grant",
        .amount = amount,
        .actor = r->who.user,
        .reason = reason,
        .plan = uuid_new(),
    };
    struct grant g = {r, &entry, {.account = *account, .amount = amount}};
    struct step steps[4] = {
        {.kind = STEP_ADD,
         .type = &wallet_type,
         .id = *account,
         .field = "balance",
         .by = amount.hundredths,
         .least = 0,
         .sum = &entry.balance.hundredths},
        {.kind = STEP_INSERT, .type = &entry_type, .rec = &entry},
        {.kind = STEP_INSERT, .type = &audit_type, .rec = grant_audit(r, account, amount)},
    };
    struct plan plan = {.steps = steps, .n = 3, .settle = settle_grant, .arg = &g};
    enum err err;

    plan.n += request_keep_step(r, &steps[3]);
    err = store_commit(r->srv->store, &plan);
    if (err == ERR_CONFLICT && plan.failed == 0)
        return refuse(r, ERR_NO_CREDITS, "amount", "the account has less than this");
    return err;
}
