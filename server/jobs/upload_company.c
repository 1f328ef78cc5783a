/*
 * The company of a row.  Most rows repeat what the company's last row said: a hash of that is kept,
 * so that only news are looked up and merged.
 */
#include <string.h>

#include "common/copy.h"
#include "server/identity.h"
#include "server/jobs/upload_chunk.h"
#include "server/records.h"

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n) /* FNV-1a */
{
    const uint8_t *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
    return text ? hash_bytes(h, text, strlen(text) + 1) : hash_bytes(h, "\xff", 1);
}

static uint64_t facts_of(const struct company *c)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (const struct field *f = company_type.fields; f->name; f++) {
        const struct strs *list = field_at(f, c);

        if (f->flags & (FIELD_SERVER | FIELD_INTERNAL))
            continue;
        if (f->kind == KIND_STR)
            h = hash_text(h, *(const char *const *)field_at(f, c));
        else if (f->kind == KIND_INT)
            h = hash_bytes(h, field_at(f, c), sizeof(int64_t));
        for (size_t i = 0; f->kind == KIND_STRS && i < list->n; i++)
            h = hash_text(h, list->v[i]);
    }
    return h;
}

static uint64_t writable_fields(void)
{
    uint64_t set = 0;

    for (const struct field *f = company_type.fields; f->name; f++)
        if (!(f->flags & (FIELD_SERVER | FIELD_INTERNAL)))
            set |= type_bit(&company_type, f);
    return set;
}

static struct written_company *find_written(struct chunk *c, const struct uuid *key)
{
    size_t at = chunk_newest(c->company_slots, key);

    return at != SIZE_MAX ? &c->companies[at] : NULL;
}

static bool take_company(void *arg, const void *rec)
{
    *(struct company *)arg = *(const struct company *)rec;
    return false;
}

/* As hunt_older() of upload_match.c. */
static enum err find_older(struct importer *im, const struct company *own, struct company *out)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < im->n_older && !err && uuid_is_zero(&out->id); i++) {
        struct company same = *own;
        struct query q = {.type = &company_type, .limit = 1};

        identity_company(im->srv->seal, im->older[i], &same, im->row_mem);
        q.where[0] = (struct cond){"key", OP_EQ, &same.key};
        err = store_find(im->srv->store, &q, im->row_mem, take_company, out);
        if (!err && !uuid_is_zero(&out->id)) {
            out->key = own->key;
            out->ring = im->ring;
        }
    }
    return err;
}

/* The company in the open part: one that is there, or a copy of what is elsewhere. */
static enum err bring(struct importer *im, const struct company *own, struct written_company **out)
{
    const struct uuid *key = &own->key;
    struct chunk *c = im->filling;
    struct written_company *w = find_written(c, key), *old = w ? w : find_written(im->flying, key);
    struct query q = {.type = &company_type, .limit = 1};
    enum err err = ERR_OK;

    *out = w;
    if (w && w >= c->companies + c->closed.companies)
        return ERR_OK;
    *out = w = &c->companies[c->n.companies];
    *w = (struct written_company){0};
    if (old) {
        w->c = old->c;
    } else {
        err = find_older(im, own, &w->c);
        q.where[0] = (struct cond){"key", OP_EQ, key};
        if (!err && uuid_is_zero(&w->c.id))
            err = store_find(im->srv->store, &q, im->row_mem, take_company, &w->c);
    }
    return err;
}

static void make(struct importer *im, struct written_company *w, const struct company *facts)
{
    w->c = *facts;
    w->c.id = uuid_at(im->job->created.ms, facts->key.b, sizeof(facts->key.b));
    w->c.created = clock_now();
    if (!w->c.name)
        w->c.name = w->c.domain;
    w->insert = true;
}

static void settle(struct importer *im, struct written_company *w, const struct upload_row *row)
{
    struct chunk *c = im->filling;
    static const char *const also[] = {"updated", "job", "key", "ring", NULL};
    uint64_t fields = writable_fields(), changed;
    struct company lent;

    if (row->weak_domain && w->c.domain)
        fields &= ~type_bit(&company_type, type_field(&company_type, "domain"));
    if (uuid_is_zero(&w->c.id))
        make(im, w, &row->c);
    changed = merge_record(&company_type, &w->c, &row->c, fields);
    if (!changed && !w->insert)
        return;
    w->changed |= changed | fields_named(&company_type, also);
    w->c.updated = clock_now();
    w->c.job = im->job->id;
    lent = w->c;
    record_copy(&company_type, c->mem, &w->c, &lent);
    if (w == &c->companies[c->n.companies])
        chunk_know(c->company_slots, &w->c.key, c->n.companies++);
}

enum err company_link(struct importer *im, struct upload_row *row)
{
    struct company *own = &row->c;
    struct written_company *w;
    struct known_company *k;
    uint64_t facts;
    enum err err;

    if (!row->has_company)
        return ERR_OK;
    own->account = im->job->target;
    identity_company(im->srv->seal, im->ring, own, im->row_mem);
    if (uuid_is_zero(&own->key))
        return ERR_OK;
    facts = facts_of(own);
    k = &im->known[((uint32_t)own->key.b[2] | (uint32_t)own->key.b[3] << 8) % KNOWN_COMPANIES];
    if (!uuid_equal(&k->key, &own->key) || k->facts != facts) {
        err = bring(im, own, &w);
        if (err)
            return err;
        settle(im, w, row);
        *k = (struct known_company){own->key, w->c.id, facts};
    }
    row->p.company_id = k->id;
    return ERR_OK;
}
