#include "server/boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "server/keyuse.h"
#include "server/records.h"
#include "server/seal.h"
#include "server/tls.h"

enum { PEM_MAX = 64 * 1024 };

static enum err make_dir(const char *option, const char *path, struct problem *why)
{
    if (!path)
        return problem_set(why, option, "the option %s is missing", option);
    if (file_make_dir(path)) {
        problem_set(why, option, "cannot make the directory: %s", strerror(errno));
        return ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

static enum err open_store(struct server *srv, const struct options *o, struct problem *why)
{
    struct store_options so = {.dir = o->data,
                               .seal = srv->seal,
                               .readers = (int)o->readers,
                               .commit_most = (int)o->commit_most};
    enum err err = store_open(&so, &srv->store, why);

    for (const struct type *const *t = stored_types; !err && *t; t++) {
        err = store_ensure(srv->store, *t);
        if (err)
            problem_set(why, "data", "cannot make the table %s", (*t)->name);
    }
    return err;
}

/* A new one beside data of an old one would only be in the way of the right one. */
static bool has_ring(const char *keys, struct arena *mem)
{
    return keys && access(arena_printf(mem, "%s/ring", keys), F_OK) == 0;
}

enum err boot_open(struct server *srv, const struct options *o, struct arena *mem,
                   struct problem *why)
{
    enum err err;

    srv->options = o;
    srv->started_us = clock_mono_us();
    err = make_dir("data", o->data, why);
    if (!err && store_is_there(o->data) && !has_ring(o->keys, mem))
        err =
            problem_set(why, "keys", "%.80s holds no key ring, and the data were written under one",
                        o->keys ? o->keys : "the directory");
    if (!err)
        err = make_dir("keys", o->keys, why);
    if (!err)
        err = seal_open(o->keys, &srv->seal, why);
    if (!err)
        err = open_store(srv, o, why);
    return err ? err : keyuse_load_floor(srv);
}

void boot_close(struct server *srv)
{
    store_close(srv->store);
    seal_close(srv->seal);
    srv->store = NULL;
    srv->seal = NULL;
}

/* Through links: what renews certificates keeps the current one behind a link. */
static enum err read_pem(struct arena *mem, const char *path, const char **out)
{
    char *real = realpath(path, NULL);
    enum err err;
    size_t n;

    if (!real)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    err = file_read(real, PEM_MAX, mem, out, &n);
    free(real);
    return err;
}

const char *boot_credentials(struct arena *mem)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    return dir && access(arena_printf(mem, "%s/ring", dir), R_OK) == 0 ? arena_strdup(mem, dir)
                                                                       : NULL;
}

static enum err make_pair(struct arena *mem, const char *key, const char *cert,
                          struct identity *out, struct problem *why)
{
    enum err err = tls_make(mem, &out->key_pem, &out->cert_pem);

    if (!err)
        err = file_write(key, out->key_pem, strlen(out->key_pem), 0600);
    if (!err)
        err = file_write(cert, out->cert_pem, strlen(out->cert_pem), 0600);
    if (err)
        problem_set(why, "keys", "cannot make the server's certificate");
    else
        log_event(LOG_INFO, "tls.made", LOG_STR("kind", "self-signed"));
    return err;
}

enum err boot_identity(const struct options *o, struct arena *mem, struct identity *out,
                       struct problem *why)
{
    const char *key = o->tls_key ? o->tls_key : arena_printf(mem, "%s/tls.key", o->keys);
    const char *cert = o->tls_cert ? o->tls_cert : arena_printf(mem, "%s/tls.crt", o->keys);
    enum err err = read_pem(mem, key, &out->key_pem);

    if (!err)
        err = read_pem(mem, cert, &out->cert_pem);
    if (err == ERR_NOT_FOUND && !o->tls_key)
        err = make_pair(mem, key, cert, out, why);
    else if (err)
        problem_set(why, "keys", "cannot read the certificate and its key");
    if (!err)
        err = tls_pin(mem, out->cert_pem, &out->pin);
    return err;
}
