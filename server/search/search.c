#include "server/search/search.h"

#include <string.h>

#include "common/country.h"
#include "common/file.h"
#include "common/log.h"
#include "common/utf8.h"
#include "server/search/address.h"
#include "server/search/explain.h"
#include "server/search/facets.h"
#include "server/search/index.h"
#include "server/search/owned.h"
#include "server/search/panes.h"
#include "server/search/rank.h"
#include "server/search/suggest.h"
#include "server/store.h"

enum { OWN_WAIT_MS = 250 };

static void wake(void *arg)
{
    struct search *s = arg;

    pthread_mutex_lock(&s->lock);
    s->woken = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    if (s->o.beside)
        wake(s->o.beside);
}

static struct search *search_new(const struct search_options *o)
{
    struct search *s = xcalloc(1, sizeof(*s));
    pthread_condattr_t attr;

    s->o = *o;
    s->dir = o->dir ? xstrdup(o->dir) : NULL;
    s->now = snapshot_new(0);
    s->owned = owned_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->writing, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->moved, &attr);
    pthread_condattr_destroy(&attr);
    return s;
}

/* Without a store what was saved is all there is; nothing saved, or nothing to trust, is empty. */
static void open_alone(struct search *s)
{
    enum err err = s->dir ? index_load(s) : ERR_OK;

    s->ready = true;
    if (err && err != ERR_NOT_FOUND)
        log_event(LOG_WARN, "search.empty", LOG_STR("error", err_slug(err)));
}

enum err search_open(const struct search_options *o, struct search **out)
{
    struct search *s = search_new(o);

    *out = s;
    if (s->dir && file_make_dir(s->dir))
        return ERR_UNAVAILABLE;
    if (!o->store)
        open_alone(s);
    s->has_keeper = pthread_create(&s->keeper, NULL, index_keep, s) == 0;
    if (!s->has_keeper || !o->store)
        return s->has_keeper ? ERR_OK : ERR_UNAVAILABLE;
    if (!o->companies) /* those are woken by the other */
        store_watch(o->store, wake, s);
    s->has_follower = pthread_create(&s->follower, NULL, index_follow, s) == 0;
    return s->has_follower ? ERR_OK : ERR_UNAVAILABLE;
}

void search_close(struct search *s)
{
    if (!s)
        return;
    if (s->o.store && s->has_keeper && !s->o.companies)
        store_watch(s->o.store, NULL, NULL);
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    if (s->has_follower)
        pthread_join(s->follower, NULL);
    if (s->has_keeper) /* the last thing it does is to save */
        pthread_join(s->keeper, NULL);
    snapshot_unref(s->now);
    owned_free(s->owned);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->writing);
    pthread_cond_destroy(&s->moved);
    free(s->dir);
    free(s);
}

static bool is_selected(const struct ask *a, int facet)
{
    for (size_t i = 0; i < a->n_selections; i++)
        if ((int)a->selections[i].facet == facet)
            return true;
    return false;
}

/* The panes of what is selected from have results of their own; all others share the full one. */
static void add_panes(struct arena *mem, struct eval *e, const struct set *full, bool all,
                      struct tally *tallies)
{
    bool others[FACET_END] = {0};

    for (int f = 1; f < FACET_END; f++) {
        bool one[FACET_END] = {0}, own_all;
        struct set own;

        others[f] = e->ask->panes[f] && !is_selected(e->ask, f);
        if (!e->ask->panes[f] || others[f])
            continue;
        one[f] = true;
        own = eval_result(e, f, &own_all);
        if (own.count)
            panes_add(mem, tallies, e->s, one, &own, own_all ? &e->dead : NULL);
        set_release(&e->pool, &own);
    }
    if (full->count)
        panes_add(mem, tallies, e->s, others, full, all ? &e->dead : NULL);
}

/* Merge two sorted lists of hits into the first k. */
static size_t merge_hits(struct arena *mem, struct hit **hits, size_t n, const struct hit *more,
                         size_t n_more, size_t k, bool reverse)
{
    struct hit *out = arena_alloc(mem, (k + 1) * sizeof(*out));
    size_t i = 0, j = 0, m = 0;

    while (m < k && (i < n || j < n_more)) {
        bool first = j == n_more || (i < n && hit_compare(&(*hits)[i], &more[j], reverse) < 0);

        out[m++] = first ? (*hits)[i++] : more[j++];
    }
    *hits = out;
    return m;
}

static void finish_panes(struct arena *mem, const struct ask *ask, const struct tally *tallies,
                         struct search_answer *out)
{
    out->panes = arena_alloc(mem, FACET_END * sizeof(*out->panes));
    for (int f = 1; f < FACET_END; f++)
        if (ask->panes[f])
            out->panes[out->n_panes++] = (struct facet_pane){
                facet_name((enum facet)f), tally_top(mem, &tallies[f], PANE_VALUES)};
}

static struct cursor cursor_of(const struct hit *h)
{
    return (struct cursor){.key = h->key,
                           .score = h->score,
                           .id = h->segment->ids[h->ordinal],
                           .text = h->text ? h->text : ""};
}

/* What has been gathered from the segments so far. */
struct sum {
    struct tally *tallies;
    struct hit *hits, *more;
    size_t n, k; /* hits; how many are wanted */
};

static void add_segment(struct arena *mem, const struct live *l, const struct ask *q,
                        const struct cursor *after, const struct owner *owner, struct sum *sum,
                        int64_t *total)
{
    struct eval e;
    struct found found;
    struct set full;
    bool all;
    size_t n;

    eval_begin(&e, mem, l, q, owner);
    if (!facets_answer(&e, sum->tallies, &found)) {
        eval_rest(&e);
        full = eval_result(&e, 0, &all);
        add_panes(mem, &e, &full, all, sum->tallies);
        found_of_set(&found, &full);
    }
    *total += (int64_t)found.count;
    n = rank_segment(&e, &found, after, sum->k, sum->more);
    sum->n = merge_hits(mem, &sum->hits, sum->n, sum->more, n, sum->k, q->reverse);
}

/* What the question meant on its first page it means on all of them. */
static void fix_typos(struct arena *mem, const struct snapshot *now, const struct uuid *account,
                      struct ask *q, struct cursor *cursor, bool has_cursor)
{
    if (!has_cursor)
        cursor->n_fixes = typo_fix(mem, now, account, q, cursor->fixes);
    for (size_t i = 0; has_cursor && i < cursor->n_fixes; i++) {
        struct fix *f = &cursor->fixes[i];

        f->from = q->words[f->word]->word;
        q->words[f->word]->word = f->to;
    }
}

static void say_corrections(struct arena *mem, const struct cursor *c, struct search_answer *out)
{
    out->corrections = arena_alloc(mem, FIXES_MAX * sizeof(*out->corrections));
    for (size_t i = 0; i < c->n_fixes; i++)
        out->corrections[out->n_corrections++] =
            (struct correction){c->fixes[i].from, c->fixes[i].to};
}

static bool asks_for_owned(const struct node *n)
{
    bool any = n->kind == NODE_OWNED;

    for (size_t i = 0; i < n->n && !any; i++)
        any = asks_for_owned(n->kids[i]);
    return any;
}

/* One question, from its tree to its answer. */
struct run {
    struct search *s;
    const struct snapshot *now;
    int64_t change; /* that `now` is of */
    const struct search_ask *ask;
    struct ask q;
    struct cursor cursor; /* where the page before ended */
    bool has_cursor;
    struct owner *owner;
    int64_t aside_us; /* not to be told: how long it took to look for an address */
};

static enum err next_cursor(const struct run *r, struct arena *mem, const struct hit *last,
                            const char **out)
{
    struct cursor c = cursor_of(last);

    c.n_fixes = r->cursor.n_fixes;
    memcpy(c.fixes, r->cursor.fixes, sizeof(c.fixes));
    return cursor_text(r->s->o.seal, mem, &r->ask->account, r->ask->query, &c, out);
}

static enum err gather_all(struct run *r, struct arena *mem, struct search_answer *out)
{
    const struct ask *q = &r->q;
    size_t k = q->page_size + 1; /* one more tells whether there is a next page */
    struct sum sum = {.tallies = arena_alloc(mem, FACET_END * sizeof(*sum.tallies)),
                      .more = arena_alloc(mem, k * sizeof(*sum.more)),
                      .k = k};

    for (size_t i = 0; i < r->now->n; i++)
        if (segment_is_visible(r->now->items[i].segment, &r->ask->account))
            add_segment(mem, &r->now->items[i], q, r->has_cursor ? &r->cursor : NULL, r->owner,
                        &sum, &out->total);
    finish_panes(mem, q, sum.tallies, out);
    out->n = sum.n < q->page_size ? sum.n : q->page_size;
    out->hits = arena_alloc(mem, out->n * sizeof(*out->hits));
    for (size_t i = 0; i < out->n; i++)
        out->hits[i].id = sum.hits[i].segment->ids[sum.hits[i].ordinal];
    if (sum.n <= q->page_size)
        return ERR_OK;
    return next_cursor(r, mem, &sum.hits[q->page_size - 1], &out->next_cursor);
}

static enum err find_owner(struct run *r, struct arena *mem)
{
    bool asked = asks_for_owned(r->q.rest);

    return asked ? owned_find(r->s->owned, r->s->o.store, &r->ask->account, r->ask->owns_catalogue,
                              r->now, mem, &r->owner)
                 : ERR_OK;
}

/* Only rows of profiles have addresses. */
static enum err find_addresses(struct run *r, struct arena *mem)
{
    const struct search_options *o = &r->s->o;
    struct address_book book = {o->companies ? NULL : o->store, o->seal, r->ask->account,
                                r->ask->owns_catalogue};
    int64_t from = clock_mono_us();
    enum err err = address_is_asked(r->q.rest) ? address_find(&book, r->q.rest, mem) : ERR_OK;

    r->aside_us = clock_mono_us() - from;
    return err;
}

/* What is searchable now, until the arena dies. errors: ERR_NOT_READY */
static enum err take_snapshot(struct search *s, struct arena *mem, const struct snapshot **out,
                              int64_t *change)
{
    struct deferred *lease = arena_defer(mem, snapshot_unref, NULL);
    struct snapshot *now = NULL;

    pthread_mutex_lock(&s->lock);
    if (s->ready)
        now = snapshot_ref(s->now);
    *change = s->change;
    pthread_mutex_unlock(&s->lock);
    if (!now)
        return ERR_NOT_READY;
    arena_defer_arg(lease, now);
    *out = now;
    return ERR_OK;
}

/* Accounts that share a place wait for each other's changes too; it is short. */
static atomic_int_fast64_t *committed_by(struct search *s, const struct uuid *account)
{
    uint32_t h;

    memcpy(&h, account->b + 12, sizeof(h));
    return &s->committed[h % COMMITTED];
}

/* What the account itself has committed it finds; what the index cannot do in time comes later. */
static void wait_for_own(struct search *s, const struct uuid *account)
{
    int64_t change = atomic_load(committed_by(s, account));
    bool behind;

    pthread_mutex_lock(&s->lock);
    behind = s->ready && s->change < change;
    pthread_mutex_unlock(&s->lock);
    if (behind && !search_wait(s, change, OWN_WAIT_MS))
        log_event(LOG_WARN, "search.late", LOG_INT("change", change));
}

static enum err begin(struct search *s, const struct search_ask *ask, struct arena *mem,
                      struct run *r, struct problem *why)
{
    enum err err;

    *r = (struct run){.s = s, .ask = ask};
    r->has_cursor = ask->query->cursor && *ask->query->cursor;
    err = ask_parse(mem, ask->query, s->o.companies, &r->q, why);
    if (!err && r->has_cursor)
        err = cursor_parse(s->o.seal, mem, &ask->account, ask->query, &r->cursor, why);
    if (err)
        return err;
    wait_for_own(s, &ask->account);
    err = take_snapshot(s, mem, &r->now, &r->change);
    if (err)
        return err;
    if (s->o.companies && !ask->query->sort && r->q.sort == SORT_SCORE)
        r->q.sort = SORT_NAME; /* companies have no score */
    fix_typos(mem, r->now, &ask->account, &r->q, &r->cursor, r->has_cursor);
    err = find_addresses(r, mem);
    return err ? err : find_owner(r, mem);
}

enum err search_run(struct search *s, const struct search_ask *ask, struct arena *mem,
                    struct search_answer *out, struct problem *why)
{
    int64_t from = clock_mono_us();
    struct run *r = arena_alloc(mem, sizeof(*r));
    enum err err = begin(s, ask, mem, r, why);

    *out = (struct search_answer){.asked = &r->q, .change = r->change};
    if (!err)
        out->of_owner = r->owner || address_is_asked(r->q.rest);
    if (!err)
        err = gather_all(r, mem, out);
    if (!err)
        say_corrections(mem, &r->cursor, out);
    out->took_us = clock_mono_us() - from - r->aside_us;
    return err;
}

/* Does a word of the value, or of the country that it is, begin so? */
static bool value_begins(struct arena *mem, const char *value, const char *prefix)
{
    const char *text = utf8_fold(mem, value);
    size_t n = strlen(prefix), len;
    bool inside = false; /* a word */

    for (; *text; text += len) {
        int32_t c = utf8_next(text, &len);

        if (!inside && strncmp(text, prefix, n) == 0)
            return true;
        inside = utf8_is_letter(c);
    }
    return false;
}

static void keep_beginning(struct arena *mem, struct tally *t, enum facet f, const char *prefix)
{
    size_t n = 0;

    prefix = utf8_fold(mem, prefix);
    for (size_t i = 0; i < t->n && *prefix; i++) {
        const char *name = f == FACET_country ? country_name(t->v[i].value) : NULL;

        if (value_begins(mem, t->v[i].value, prefix) || (name && value_begins(mem, name, prefix)))
            t->v[n++] = t->v[i];
    }
    t->n = *prefix ? n : t->n;
}

enum err search_values(struct search *s, const struct search_ask *ask, enum facet f,
                       const char *prefix, struct arena *mem, struct facet_pane *out,
                       struct problem *why)
{
    struct run *r = arena_alloc(mem, sizeof(*r));
    struct tally *tallies = arena_alloc(mem, FACET_END * sizeof(*tallies));
    enum err err = begin(s, ask, mem, r, why);

    if (err)
        return err;
    memset(r->q.panes, 0, sizeof(r->q.panes));
    r->q.panes[f] = true;
    r->q.sort = SORT_SCORE; /* nothing is ranked */
    for (size_t i = 0; i < r->now->n; i++) {
        struct eval e;
        struct set full;
        bool all;

        if (!segment_is_visible(r->now->items[i].segment, &ask->account))
            continue;
        eval_begin(&e, mem, &r->now->items[i], &r->q, r->owner);
        eval_rest(&e);
        full = eval_result(&e, 0, &all);
        add_panes(mem, &e, &full, all, tallies);
    }
    keep_beginning(mem, &tallies[f], f, prefix);
    *out = (struct facet_pane){
        facet_name(f),
        tally_top(mem, &tallies[f], ask->query->page_size ? r->q.page_size : (size_t)PANE_VALUES)};
    return ERR_OK;
}

/* The kinds of values of a field; ends with 0. */
static const int suggest_kinds[][7] = {
    [SUGGEST_TITLE] = {VALUES_TITLE},
    [SUGGEST_COMPANY] = {VALUES_COMPANY},
    [SUGGEST_PLACE] = {FACET_country, FACET_state, FACET_city},
    [SUGGEST_TECHNOLOGY] = {FACET_technology},
    [SUGGEST_ANY] = {VALUES_TITLE, VALUES_COMPANY, FACET_country, FACET_state, FACET_city,
                     FACET_technology},
};

static const char *kind_name(int kind)
{
    return kind == VALUES_TITLE     ? "title"
           : kind == VALUES_COMPANY ? "company"
                                    : facet_name((enum facet)kind);
}

static int by_count(const void *a, const void *b)
{
    const struct suggestion *x = a, *y = b;
    int c = strcmp(x->value, y->value);

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return c ? c : strcmp(x->field, y->field);
}

enum err search_suggest(struct search *s, const struct uuid *account, enum suggest_field field,
                        const char *prefix, size_t most, struct arena *mem, struct list *out)
{
    struct suggestion *v = arena_alloc(mem, 7 * most * sizeof(*v));
    struct facet_value *values = arena_alloc(mem, most * sizeof(*values));
    const struct snapshot *now;
    size_t n = 0, each = field == SUGGEST_ANY && most > SUGGEST_EACH ? SUGGEST_EACH : most;
    int64_t change;
    enum err err = take_snapshot(s, mem, &now, &change);

    for (const int *kind = suggest_kinds[field]; !err && *kind; kind++) {
        size_t k = suggest_values(mem, now, account, *kind, prefix, each, values);

        for (size_t i = 0; i < k; i++)
            v[n++] = (struct suggestion){
                values[i].value, *kind == FACET_country ? country_name(values[i].value) : NULL,
                kind_name(*kind), values[i].count};
    }
    qsort(v, n, sizeof(*v), by_count);
    *out = (struct list){v, n < most ? n : most};
    return err;
}

struct list search_explain(const struct search_answer *a, const struct profile *row,
                           struct arena *mem)
{
    return explain_row(mem, a->asked, row);
}

void search_note_commit(struct search *s, const struct uuid *account, int64_t change)
{
    atomic_int_fast64_t *slot = committed_by(s, account);
    int_fast64_t was = atomic_load(slot);

    while (was < change && !atomic_compare_exchange_weak(slot, &was, change))
        ;
    if (s->o.beside)
        search_note_commit(s->o.beside, account, change);
}

void search_note_owned(struct search *s, const struct uuid *account, const struct uuid *profile)
{
    owned_note(s->owned, account, profile);
}

bool search_wait(struct search *s, int64_t change, int64_t ms)
{
    struct timespec from, now;
    int64_t left = ms;
    bool there;

    clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_mutex_lock(&s->lock);
    while (!(s->ready && s->change >= change) && !s->stop && left > 0) {
        index_wait_ms(s, left);
        clock_gettime(CLOCK_MONOTONIC, &now);
        left = ms - (now.tv_sec - from.tv_sec) * 1000 - (now.tv_nsec - from.tv_nsec) / 1000000;
    }
    there = s->ready && s->change >= change;
    pthread_mutex_unlock(&s->lock);
    return there && (!s->o.beside || search_wait(s->o.beside, change, left > 0 ? left : 0));
}

void search_stats(struct search *s, struct search_stats *out)
{
    struct snapshot *now = index_now(s);
    bool unread = false;

    *out = (struct search_stats){.segments = (int64_t)now->n};
    for (size_t i = 0; i < now->n; i++) {
        const struct live *l = &now->items[i];

        out->documents += (int64_t)live_count(l);
        unread |= atomic_load(&l->segment->unread);
        if (l->segment->mapped)
            out->mapped_bytes += (int64_t)l->segment->size;
        else
            out->heap_bytes += (int64_t)l->segment->size;
    }
    pthread_mutex_lock(&s->lock);
    out->ready = s->ready;
    out->built.ppm = s->ready ? 1000000 : s->built_ppm;
    out->change = s->change;
    out->busy = s->work || s->busy || unread;
    pthread_mutex_unlock(&s->lock);
    snapshot_unref(now);
}

enum err search_put(struct search *s, const struct profile *rows, size_t n)
{
    index_apply(s, rows, n, NULL, 0, 0);
    return ERR_OK;
}

enum err search_delete(struct search *s, const struct uuid *ids, size_t n)
{
    index_apply(s, NULL, 0, ids, n, 0);
    return ERR_OK;
}
