#include "server/playground.h"

#include <dirent.h>
#include <pthread.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "server/options.h"
#include "server/records.h"
#include "server/sample.h"
#include "server/search/search.h"

enum { SEED = 1, READERS = 2 };

struct world {
    struct playground base; /* first */
    struct server *real;
    struct server srv;
    struct arena *mem;
    pthread_mutex_t lock; /* of opening it */
    bool ready;
};

static void close_all(struct world *s)
{
    search_close(s->srv.search);
    search_close(s->srv.companies);
    store_close(s->srv.store);
    s->srv.search = s->srv.companies = NULL;
    s->srv.store = NULL;
}

/* What an earlier process left, perhaps of another version. */
static void empty_dir(struct arena *mem, const char *dir)
{
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlink(arena_printf(mem, "%s/%s", dir, e->d_name));
    if (d)
        closedir(d);
}

static enum err open_store(struct world *s, const char *dir)
{
    struct store_options so = {.dir = dir, .seal = s->real->seal, .readers = READERS};
    struct problem why = {0};
    enum err err = store_open(&so, &s->srv.store, &why);

    for (const struct type *const *t = stored_types; !err && *t; t++)
        err = store_ensure(s->srv.store, *t);
    return err ? err : sample_load(s->srv.store, s->real->seal, PLAYGROUND_ROWS, SEED, NULL, NULL);
}

/* The indexes are in memory alone; they are small. */
static enum err open_indexes(struct world *s)
{
    struct search_options so = {.seal = s->real->seal, .store = s->srv.store};
    struct search_options co = so;
    enum err err;

    co.companies = true;
    err = search_open(&co, &s->srv.companies);
    so.beside = s->srv.companies;
    return err ? err : search_open(&so, &s->srv.search);
}

static enum err open_all(struct world *s)
{
    const char *dir = arena_printf(s->mem, "%s/playground", s->real->options->data);
    enum err err = file_make_dir(dir);

    if (err)
        return err;
    empty_dir(s->mem, dir);
    s->srv.options = s->real->options;
    s->srv.seal = s->real->seal;
    s->srv.auth = s->real->auth;
    s->srv.limits = s->real->limits;
    err = open_store(s, dir);
    return err ? err : open_indexes(s);
}

static enum err playground_server(struct playground *base, struct server **out)
{
    struct world *s = (struct world *)base;
    enum err err = ERR_OK;

    pthread_mutex_lock(&s->lock);
    if (!s->ready) {
        err = open_all(s);
        s->ready = !err;
        if (err) {
            log_event(LOG_ERROR, "playground.open", LOG_STR("outcome", err_slug(err)));
            close_all(s);
        }
    }
    pthread_mutex_unlock(&s->lock);
    *out = &s->srv;
    return err;
}

struct playground *playground_new(struct server *srv)
{
    struct world *s = xcalloc(1, sizeof(*s));

    s->base.server = playground_server;
    s->real = srv;
    s->mem = arena_new();
    pthread_mutex_init(&s->lock, NULL);
    return &s->base;
}

void playground_free(struct playground *base)
{
    struct world *s = (struct world *)base;

    if (!s)
        return;
    close_all(s);
    pthread_mutex_destroy(&s->lock);
    arena_free(s->mem);
    free(s);
}
