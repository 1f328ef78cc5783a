/* Single-use tokens: the text goes to a person, its keyed hash is the id of the stored ticket. */
#include <sodium.h>
#include <string.h>

#include "server/auth_private.h"

enum { TICKET_BYTES = 32 };

const char *ticket_make(const struct seal *s, struct arena *mem, struct uuid *id)
{
    uint8_t random[TICKET_BYTES];
    const char *text;

    randombytes_buf(random, sizeof(random));
    text = base64_text(mem, random, sizeof(random));
    *id = ticket_id(s, text);
    return text;
}

struct uuid ticket_id(const struct seal *s, const char *text)
{
    struct uuid id = {0};

    seal_hash(s, SEAL_TOKEN, text, strlen(text), id.b, sizeof(id.b));
    return id;
}

struct uuid ticket_id_under(const struct seal *s, uint32_t key, const char *text)
{
    struct uuid id = {0};

    (void)seal_hash_under(s, key, SEAL_TOKEN, text, strlen(text), id.b, sizeof(id.b));
    return id;
}

bool ticket_is(const struct seal *s, const char *text, const struct uuid *id)
{
    return !uuid_is_zero(id) &&
           seal_hash_is(s, SEAL_TOKEN, text, strlen(text), id->b, sizeof(id->b));
}

enum err ticket_find(struct server *srv, const char *text, struct arena *mem, struct ticket *out)
{
    uint32_t ids[SEAL_KEYS];
    enum err err = ERR_NOT_FOUND;

    for (size_t i = seal_live(srv->seal, false, ids); i-- && err == ERR_NOT_FOUND;) {
        struct uuid id = ticket_id_under(srv->seal, ids[i], text);

        err = store_get(srv->store, &ticket_type, &id, 0, mem, out);
    }
    return err;
}

struct deleting {
    struct step *steps;
    size_t *n;
};

static bool add_delete(void *arg, const void *rec)
{
    const struct ticket *t = rec;
    const struct deleting *d = arg;

    for (size_t i = 0; i < *d->n; i++)
        if (d->steps[i].kind == STEP_DELETE && uuid_equal(&d->steps[i].id, &t->id))
            return true;
    d->steps[(*d->n)++] = (struct step){.kind = STEP_DELETE, .type = &ticket_type, .id = t->id};
    return true;
}

enum err tickets_delete(struct store *s, const struct uuid *user, int64_t before_ms,
                        struct arena *mem, struct step *steps, size_t *n)
{
    struct stamp before = {before_ms};
    struct query q = {.type = &ticket_type,
                      .where = {{"user", OP_EQ, user}, {"ends", OP_LT, &before}},
                      .limit = DEAD_MOST};
    struct deleting d = {steps, n};

    return store_find(s, &q, mem, add_delete, &d);
}
