/*
 * The thread that keeps the index in few segments and on disk.  It merges what is too much for the
 * follower while searching and writing go on: the parts it works on cannot change, and what dies in
 * them meanwhile is carried over when the result takes their place.
 */
#include <string.h>

#include "common/log.h"
#include "server/search/index.h"

enum { SAVE_CHANGES = 50000, SAVE_US = 10000000, RETRY_US = 10000000, IDLE_MS = 1000 };

/* One merge, from the choice of its parts to its result. */
struct work {
    struct live items[PARTS_MAX]; /* as they were when it began; references of its own */
    struct part parts[PARTS_MAX];
    size_t n, documents;
};

static bool is_first_of_domain(const struct snapshot *now, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (uuid_equal(&now->items[i].segment->domain, &now->items[place].segment->domain))
            return false;
    return true;
}

/* Choose parts and claim them. false: nothing is to be merged. */
static bool work_begin(struct search *s, struct work *w)
{
    struct snapshot *now;
    struct tiers t = {0};
    size_t k = 0;

    *w = (struct work){0};
    pthread_mutex_lock(&s->writing);
    now = index_now(s);
    for (size_t i = 0; i < now->n && !k; i++)
        if (is_first_of_domain(now, i))
            k = tiers_choose(s, now, &now->items[i].segment->domain, SIZE_MAX, &t);
    for (w->n = 0; w->n < k; w->n++) {
        const struct live *l = &now->items[t.places[w->n]];

        w->items[w->n] = live_ref(l);
        w->parts[w->n] =
            (struct part){.segment = l->segment, .dead = l->dead ? l->dead->bits : NULL};
        s->claimed[w->n] = l->segment;
    }
    s->n_claimed = k;
    w->documents = t.documents;
    pthread_mutex_unlock(&s->writing);
    snapshot_unref(now);
    return k > 0;
}

static const struct live *find_live(const struct snapshot *now, const struct segment *segment)
{
    for (size_t i = 0; i < now->n; i++)
        if (now->items[i].segment == segment)
            return &now->items[i];
    return NULL;
}

static bool is_part(const struct work *w, const struct segment *segment)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].segment == segment)
            return true;
    return false;
}

/* Who died in the parts since the merge began is dead in its result. */
static void carry_deaths(const struct work *w, const struct snapshot *now, struct live *merged)
{
    for (size_t p = 0; p < w->n; p++) {
        const struct live *l = find_live(now, w->items[p].segment);

        if (l && l->dead == w->items[p].dead)
            continue;
        for (uint32_t i = 0; i < w->items[p].segment->n; i++)
            if (w->parts[p].to[i] != UINT32_MAX && (!l || live_is_dead(l, i)))
                live_kill(merged, w->parts[p].to[i]);
    }
}

/* The result takes the place of its parts; takes it over (NULL: nobody lived). */
static void work_publish(struct search *s, struct work *w, struct segment *merged)
{
    struct snapshot *now, *next;

    pthread_mutex_lock(&s->writing);
    now = index_now(s);
    next = snapshot_new(now->n + 1);
    next->n = 0;
    for (size_t i = 0; i < now->n; i++)
        if (!is_part(w, now->items[i].segment))
            next->items[next->n++] = live_ref(&now->items[i]);
    if (merged) {
        struct live *l = &next->items[next->n];

        l->segment = merged;
        carry_deaths(w, now, l);
        if (live_count(l))
            next->n++;
        else
            live_unref(l);
    }
    s->n_claimed = 0;
    index_publish(s, next, 0);
    pthread_mutex_unlock(&s->writing);
    pthread_mutex_lock(&s->lock);
    s->version++; /* or the next start would merge the same files again, and keep both */
    pthread_mutex_unlock(&s->lock);
    snapshot_unref(now);
}

static void work_end(struct search *s, struct work *w)
{
    pthread_mutex_lock(&s->writing);
    s->n_claimed = 0;
    pthread_mutex_unlock(&s->writing);
    for (size_t i = 0; i < w->n; i++) {
        free(w->parts[i].to);
        live_unref(&w->items[i]);
    }
}

/* *more: something was merged, and there may be more to do. */
static enum err merge_once(struct search *s, bool *more)
{
    int64_t from = clock_mono_us();
    struct segment *merged;
    struct work w;
    enum err err;

    *more = work_begin(s, &w);
    if (!*more)
        return ERR_OK;
    err = segments_merge(w.parts, w.n, w.documents > LARGE_MERGE ? s->dir : NULL, &merged);
    if (!err)
        work_publish(s, &w, merged);
    log_event(LOG_DEBUG, "search.merged", LOG_INT("parts", w.n), LOG_INT("documents", w.documents),
              LOG_INT("ms", (clock_mono_us() - from) / 1000), LOG_STR("outcome", err_slug(err)));
    work_end(s, &w);
    return err;
}

/* Whether it is time, given when the files were written last. */
static bool save_is_due(const struct search *s, int64_t saved_us)
{
    if (!s->dir || !s->ready || s->version == s->saved_version)
        return false;
    return s->stop || s->change - s->saved_change >= SAVE_CHANGES ||
           clock_mono_us() - saved_us >= SAVE_US;
}

struct keeper {
    int64_t saved_us, retry_us; /* retry_us: after a failure nothing is tried before */
    bool failing;
};

static void note_outcome(struct keeper *k, enum err err)
{
    if (err && !k->failing)
        log_event(LOG_ERROR, "search.not_saved", LOG_STR("error", err_slug(err)));
    k->failing = err != ERR_OK;
    k->retry_us = err ? clock_mono_us() + RETRY_US : 0;
}

/* One thing that is due; with `lock` held, which it lets go of meanwhile. false: nothing is. */
static bool keep_once(struct search *s, struct keeper *k)
{
    bool merge = s->work && !s->stop, save = save_is_due(s, k->saved_us), more = false;
    enum err err;

    if ((!merge && !save) || (k->retry_us > clock_mono_us() && !s->stop))
        return false;
    s->busy = true;
    s->saving = save;
    s->work = save && s->work; /* the follower may raise it again meanwhile */
    pthread_mutex_unlock(&s->lock);
    err = save ? index_save(s) : merge_once(s, &more);
    pthread_mutex_lock(&s->lock);
    s->busy = s->saving = false;
    s->work |= more;
    if (save)
        k->saved_us = clock_mono_us();
    note_outcome(k, err);
    pthread_cond_broadcast(&s->moved);
    return !(s->stop && err);
}

static struct segment *find_unread(struct search *s)
{
    struct snapshot *now = index_now(s);
    struct segment *out = NULL;

    for (size_t i = 0; i < now->n && !out; i++)
        if (atomic_load(&now->items[i].segment->unread))
            out = segment_ref(now->items[i].segment);
    snapshot_unref(now);
    return out;
}

/* Read one segment through that was taken unread; with `lock` held as above. false: all are. */
static bool read_once(struct search *s)
{
    struct segment *segment;
    bool fine;

    pthread_mutex_unlock(&s->lock);
    segment = find_unread(s);
    fine = !segment || segment_read(segment);
    if (!fine) {
        log_event(LOG_ERROR, "search.damaged", LOG_STR("file", segment->file));
        if (!s->o.store)
            index_clear(s);
    }
    pthread_mutex_lock(&s->lock);
    if (!fine && s->o.store) { /* the follower builds it anew, and makes it ready again */
        s->ready = false;
        s->damaged = s->woken = true;
        pthread_cond_broadcast(&s->moved);
    }
    segment_unref(segment);
    return segment != NULL;
}

void *index_keep(void *arg)
{
    struct search *s = arg;
    struct keeper k = {.saved_us = clock_mono_us()};

    pthread_mutex_lock(&s->lock);
    for (;;) {
        if (keep_once(s, &k))
            continue;
        if (s->stop)
            break;
        if (!read_once(s))
            index_wait_ms(s, IDLE_MS);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
