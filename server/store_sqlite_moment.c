/*
 * Which records were written since when: for each id, hashed, the moment of its last write.  While
 * a plan is being carried out its records count as written at any moment, so that what is read then
 * is never taken for what holds; whoever is told that the plan has succeeded finds them so, too.
 */
#include <string.h>

#include "server/store_sqlite.h"

static atomic_int_fast64_t *place(struct sqlite_store *s, const struct uuid *id)
{
    uint64_t h;

    memcpy(&h, id->b + 8, sizeof(h)); /* of either version the random half */
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return &s->written[h >> 48];
}

static const struct uuid *id_of(const struct step *p)
{
    return p->kind == STEP_INSERT || p->kind == STEP_UPDATE ? p->rec : &p->id;
}

static void note(struct sqlite_store *s, const struct plan *p, int64_t moment)
{
    for (size_t i = 0; i < p->n; i++)
        atomic_store(place(s, id_of(&p->steps[i])), moment);
}

void lite_moment_open(struct sqlite_store *s, const struct plan *p)
{
    note(s, p, INT64_MAX);
}

void lite_moment_close(struct sqlite_store *s, const struct plan *p)
{
    note(s, p, atomic_fetch_add(&s->moment, 1) + 1);
}

int64_t lite_moment(struct store *base)
{
    return atomic_load(&((struct sqlite_store *)base)->moment);
}

bool lite_written_since(struct store *base, const struct uuid *id, int64_t moment)
{
    return atomic_load(place((struct sqlite_store *)base, id)) > moment;
}
