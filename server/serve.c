#include "server/serve.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/log.h"
#include "server/answers.h"
#include "server/audit.h"
#include "server/auth.h"
#include "server/boot.h"
#include "server/control.h"
#include "server/http.h"
#include "server/items.h"
#include "server/jobs.h"
#include "server/keyuse.h"
#include "server/limits_redis.h"
#include "server/mail.h"
#include "server/playground.h"
#include "server/sandbox.h"
#include "server/seal.h"
#include "server/search/search.h"
#include "server/sweeper.h"

struct running {
    struct server srv;
    struct http *http;
    struct control *control;
    struct sweeper *sweeper;
    struct identity identity;
};

/* No dump, core or new privilege; a sanitizer's own machinery needs the first two. */
static void harden(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef SANITIZED
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* Before any thread starts, so that all of them inherit the mask. */
static void block_signals(sigset_t *stop)
{
    sigemptyset(stop);
    sigaddset(stop, SIGINT);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGHUP);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Not with a sanitizer, whose machinery needs more. */
static enum err enter_sandbox(const struct options *o, struct problem *why)
{
#ifdef SANITIZED
    (void)o;
    (void)why;
    return ERR_OK;
#else
    if (!o->sandbox)
        log_event(LOG_WARN, "sandbox.off", LOG_STR("means", "every system call may be made"));
    return o->sandbox ? sandbox_enter(why) : ERR_OK;
#endif
}

static enum err start_limits(struct server *srv, const struct options *o, struct problem *why)
{
    struct limits_redis *redis = NULL;
    enum err err = o->redis
                       ? limits_redis_open(o->redis, o->redis_password_file, srv->seal, &redis, why)
                       : ERR_OK;

    if (err)
        return err;
    srv->limits = limits_new(o->rates);
    if (!srv->limits) {
        limits_redis_close(redis);
        return ERR_NO_MEMORY;
    }
    limits_share(srv->limits, redis);
    return ERR_OK;
}

static enum err start_search(struct server *srv, struct arena *mem)
{
    struct search_options so = {.dir = arena_printf(mem, "%s/index", srv->options->data),
                                .store = srv->store,
                                .seal = srv->seal};
    struct search_options co = so;
    enum err err;

    co.dir = arena_printf(mem, "%s/index-companies", srv->options->data);
    co.companies = true;
    err = search_open(&co, &srv->companies);
    so.beside = srv->companies;
    return err ? err : search_open(&so, &srv->search);
}

static enum err start_http(struct running *run, const struct options *o, struct problem *why)
{
    struct http_options ho = {
        .address = o->address,
        .port = (int)o->port,
        .cert_pem = run->identity.cert_pem,
        .key_pem = run->identity.key_pem,
        .per_address = (int)o->connections_per_address,
        .in_all = (int)o->connections,
    };

    return http_start(&run->srv, &ho, &run->http, why);
}

static enum err start(struct running *run, const struct options *o, struct arena *mem,
                      struct problem *why)
{
    struct server *srv = &run->srv;
    enum err err = boot_open(srv, o, mem, why);

    if (!err)
        err = boot_identity(o, mem, &run->identity, why);
    if (err)
        return err;
    err = start_limits(srv, o, why);
    if (!err)
        err = start_search(srv, mem);
    srv->items = items_new();
    srv->answers = answers_new();
    srv->playground = playground_new(srv);
    if (!err)
        err = audit_start(srv, &srv->auditor);
    if (!err)
        err = auth_start(srv, &srv->auth);
    if (!err)
        err = mail_start(srv, &srv->mail, why);
    if (!err)
        err = jobs_start(srv, (int)o->workers, &srv->jobs);
    if (!err)
        err = sweeper_start(srv->store, &run->sweeper);
    if (!err)
        err = control_start(srv, &run->control, why);
    return err ? err : start_http(run, o, why);
}

/* In the reverse order of starting; what did not start is NULL. */
static void stop(struct running *run)
{
    struct server *srv = &run->srv;

    atomic_store(&srv->stopping, true);
    if (run->http)
        http_stop(run->http);
    control_stop(run->control);
    sweeper_stop(run->sweeper);
    jobs_stop(srv->jobs);
    mail_stop(srv->mail);
    playground_free(srv->playground);
    auth_stop(srv->auth);
    audit_stop(srv->auditor);
    answers_free(srv->answers);
    items_free(srv->items);
    search_close(srv->search);
    search_close(srv->companies);
    limits_free(srv->limits);
    boot_close(srv);
}

/*
 * Until a signal asks for something; 0: the store takes no commit any more.  A new start reads what
 * is really on the disk, which nobody knows after a failed fsync.
 */
static int wait_signal(struct running *run, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};

    for (;;) {
        struct store_stats stats;
        int sig = sigtimedwait(signals, NULL, &second);

        if (sig > 0)
            return sig;
        store_stats(run->srv.store, &stats);
        if (stats.stopped)
            return 0;
    }
}

/* What may change while the server runs: its certificate, and keys that were added to its ring. */
static void reload(struct running *run, const struct options *o)
{
    struct arena *mem = arena_new();
    struct identity now = {0};
    struct problem why = {0};
    enum err err = keyuse_take_up(&run->srv, &why);

    if (!err)
        err = boot_identity(o, mem, &now, &why);
    if (!err)
        err = http_reload(run->http, now.cert_pem, now.key_pem, &why);
    if (err)
        log_event(LOG_ERROR, "server.reload", LOG_STR("error", why.text));
    else
        log_event(LOG_INFO, "server.reload", LOG_STR("pin", now.pin));
    arena_free(mem);
}

static void say_ready(struct running *run, const struct options *o, struct arena *mem)
{
    bool v6 = strchr(o->address, ':') != NULL;
    const char *token = NULL;

    if (!auth_is_bootstrapped(run->srv.auth) && !auth_bootstrap_token(run->srv.auth, mem, &token))
        printf("bootstrap-token %s\n"
               "The first super_admin is made with it within 15 minutes: POST /api/bootstrap, or "
               "`leadgend --data DIR user add`.\n",
               token);
    printf("ready https://%s%s%s:%d %s\n", v6 ? "[" : "", o->address, v6 ? "]" : "",
           http_port(run->http), run->identity.pin);
    fflush(stdout);
}

int serve(const struct options *o)
{
    struct running run = {0};
    struct arena *mem = arena_new();
    struct problem why = {0};
    sigset_t signals;
    enum err err;
    int sig = 0;

    harden();
    block_signals(&signals);
    err = enter_sandbox(o, &why);
    if (!err)
        err = start(&run, o, mem, &why);
    if (err) {
        fprintf(stderr, "leadgend: %s%s%s\n", why.field, why.field[0] ? ": " : "",
                why.text[0] ? why.text : err_title(err));
    } else {
        say_ready(&run, o, mem);
        log_event(LOG_INFO, "server.ready", LOG_INT("port", http_port(run.http)));
        while ((sig = wait_signal(&run, &signals)) == SIGHUP)
            reload(&run, o);
        log_event(LOG_INFO, "server.stopping", LOG_INT("signal", sig));
    }
    stop(&run);
    arena_free(mem);
    return err || !sig ? EXIT_FAILURE : EXIT_SUCCESS;
}
