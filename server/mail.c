/*
 * The outbox: one thread looks for what is due, oldest first, and writes down how it went before it
 * takes the next.
 */
#include "server/mail.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/file.h"
#include "common/log.h"
#include "server/auth_private.h"
#include "server/mail_private.h"
#include "server/options.h"

enum { IDLE_MS = 5000, DUE_MOST = 16, PASSWORD_FILE_MAX = 1024 };
enum { MESSAGE_MAX = 64 * 1024, WHY_MAX = 160 };

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* A little more than a day in all. */
static const int64_t delays[] = {
    10 * SECOND, 30 * SECOND, 1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE,
    30 * MINUTE, 1 * HOUR,    2 * HOUR,   4 * HOUR,   8 * HOUR,   12 * HOUR,
};

struct mailer {
    struct server *srv;
    struct arena *mem; /* options and the password */
    struct smtp *smtp;
    const char *from;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    uint64_t wakes;
    atomic_bool stop;
    bool waits; /* the server did not answer: said once, until it does */
};

int64_t mail_delay(int64_t attempts)
{
    size_t n = sizeof(delays) / sizeof(*delays);

    if (attempts < 1)
        return 0;
    return (uint64_t)attempts <= n ? delays[attempts - 1] : -1;
}

struct due {
    struct uuid ids[DUE_MOST];
    size_t n;
    int64_t now, next; /* next: when the first of the others is due */
};

static bool take_due(void *arg, const void *rec)
{
    const struct mail *m = rec;
    struct due *d = arg;

    if (m->next.ms > d->now) {
        d->next = m->next.ms < d->next ? m->next.ms : d->next;
        return true;
    }
    d->ids[d->n++] = m->id;
    return d->n < DUE_MOST;
}

static enum err find_due(struct mailer *m, struct arena *mem, struct due *d)
{
    static const char *const queued = "queued";
    static const char *const names[] = {"id", "next", NULL};
    struct query q = {.type = &mail_type, .fields = fields_named(&mail_type, names)};

    q.where[0] = (struct cond){"state", OP_EQ, &queued};
    *d = (struct due){.now = clock_real_ms(), .next = INT64_MAX};
    return store_find(m->srv->store, &q, mem, take_due, d);
}

/* false: it is not written down, and what was done would be done again. */
static bool commit(struct mailer *m, const struct step *step)
{
    struct plan plan = {.steps = step, .n = 1, .bulk = true};
    enum err err = store_commit(m->srv->store, &plan);

    if (!err || err == ERR_CONFLICT) /* a conflict: the super_admin has deleted it */
        return true;
    log_event(LOG_ERROR, "mail.unsaved", LOG_STR("error", err_slug(err)));
    return false;
}

static bool put_off(struct mailer *m, struct mail *mail, bool for_good, const char *why)
{
    static const char *const names[] = {"state", "attempts", "next", "error", NULL};
    struct step step = {.kind = STEP_UPDATE,
                        .type = &mail_type,
                        .rec = mail,
                        .fields = fields_named(&mail_type, names)};
    int64_t delay = mail_delay(++mail->attempts);

    mail->error = why;
    mail->next.ms = clock_real_ms() + (delay < 0 ? 0 : delay);
    if (for_good || delay < 0) {
        mail->state = "dead";
        log_event(LOG_WARN, "mail.dead", LOG_STR("kind", mail->kind ? mail->kind : ""),
                  LOG_INT("attempts", mail->attempts));
    }
    return commit(m, &step);
}

static void say_outcome(struct mailer *m, enum smtp_outcome outcome, const char *why)
{
    if (outcome == SMTP_LATER && !m->waits)
        log_event(LOG_WARN, "mail.waits", LOG_STR("why", why));
    if (outcome == SMTP_SENT && m->waits)
        log_event(LOG_INFO, "mail.flows", LOG_INT("after", 1));
    m->waits = outcome == SMTP_LATER;
}

static void free_buf(void *b)
{
    buf_free(b);
}

/* false: the store is in trouble; wait. */
static bool send_one(struct mailer *m, const struct uuid *id, struct arena *mem)
{
    struct step gone = {.kind = STEP_DELETE, .type = &mail_type, .id = *id};
    struct buf *b = arena_alloc(mem, sizeof(*b));
    char *why = arena_alloc(mem, WHY_MAX);
    struct mail mail = {0};
    enum smtp_outcome outcome;
    enum err err = store_get(m->srv->store, &mail_type, id, 0, mem, &mail);

    b->max = MESSAGE_MAX;
    arena_defer(mem, free_buf, b);
    if (err)
        return err == ERR_NOT_FOUND;
    err = mail_message(mem, m->from, &mail, b);
    if (err == ERR_INVALID)
        return put_off(m, &mail, true, "it cannot be written as a message");
    if (err)
        return false;
    outcome = smtp_send(m->smtp, mail.to, b->data, b->len, why, WHY_MAX);
    if (atomic_load(&m->stop) && outcome != SMTP_SENT)
        return true;
    say_outcome(m, outcome, why);
    if (outcome == SMTP_SENT)
        return commit(m, &gone);
    return put_off(m, &mail, outcome == SMTP_NEVER, why);
}

/* Until something is queued, the next is due, or (queued without a word) a while has passed. */
static void wait_awhile(struct mailer *m, uint64_t seen, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&m->lock);
    while (seen == m->wakes && !atomic_load(&m->stop))
        if (pthread_cond_timedwait(&m->work, &m->lock, &until))
            break;
    pthread_mutex_unlock(&m->lock);
}

static void *run(void *arg)
{
    struct mailer *m = arg;

    while (!atomic_load(&m->stop)) {
        struct arena *mem = arena_new();
        struct due due;
        uint64_t seen;
        int64_t ms = IDLE_MS;
        bool well;

        pthread_mutex_lock(&m->lock);
        seen = m->wakes;
        pthread_mutex_unlock(&m->lock);
        well = !find_due(m, mem, &due);
        for (size_t i = 0; well && i < due.n && !atomic_load(&m->stop); i++)
            well = send_one(m, &due.ids[i], mem);
        arena_free(mem);
        if (well && due.next - due.now < ms)
            ms = due.next - due.now;
        if (!well || !due.n)
            wait_awhile(m, seen, ms);
    }
    return NULL;
}

/* From the credential that systemd passes, or the file named; others must not be able to read it.
 */
static enum err read_password(struct mailer *m, const struct options *o, const char **out,
                              struct problem *why)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY"), *path = o->smtp_password_file;
    const char *text;
    struct stat st;
    size_t n;

    if (!path && credentials)
        path = arena_printf(m->mem, "%s/smtp_password", credentials);
    if (!path)
        return problem_set(why, "smtp_password_file", "say where the password of smtp_user is");
    if (stat(path, &st) == 0 && st.st_mode & 077 && o->smtp_password_file)
        return problem_set(why, "smtp_password_file", "others can read it; chmod 600 it");
    if (file_read(path, PASSWORD_FILE_MAX, m->mem, &text, &n))
        return problem_set(why, "smtp_password_file", "cannot read it");
    *out = arena_strndup(m->mem, text, strcspn(text, "\r\n"));
    return ERR_OK;
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"127.0.0.1", "[::1]", "localhost"};
    const char *host = strstr(url, "://");

    for (size_t i = 0; host && i < sizeof(hosts) / sizeof(*hosts); i++) {
        size_t n = strlen(hosts[i]);

        if (strncmp(host + 3, hosts[i], n) == 0 && (!host[3 + n] || host[3 + n] == ':'))
            return true;
    }
    return false;
}

static enum err open_smtp(struct mailer *m, const struct options *o, struct problem *why)
{
    struct smtp_options so = {
        .url = o->smtp, .ca = o->smtp_ca, .user = o->smtp_user, .stop = &m->stop};
    enum err err = ERR_OK;

    if (strncmp(o->smtp, "smtp://", 7) != 0 && strncmp(o->smtp, "smtps://", 8) != 0)
        return problem_set(why, "smtp", "it must read smtp://HOST:PORT or smtps://HOST:PORT");
    if (strpbrk(strstr(o->smtp, "://") + 3, "/@"))
        return problem_set(why, "smtp", "only host and port; for the rest see smtp_user");
    if (!o->mail_from || !mail_is_address(o->mail_from))
        return problem_set(why, "mail_from", "say which address mails come from");
    so.plain = strcmp(o->smtp_tls, "none") == 0;
    if (!so.plain && strcmp(o->smtp_tls, "required") != 0)
        return problem_set(why, "smtp_tls", "it must be required or none");
    if (so.plain && !is_loopback(o->smtp))
        return problem_set(why, "smtp_tls", "only a server on this machine may do without TLS");
    if (so.plain && o->smtp_user)
        return problem_set(why, "smtp_tls", "without TLS no password is sent: leave out smtp_user");
    if (o->smtp_user)
        err = read_password(m, o, &so.password, why);
    if (err)
        return err;
    so.from = m->from = o->mail_from;
    m->smtp = smtp_new(&so);
    return m->smtp ? ERR_OK : ERR_NO_MEMORY;
}

static void free_mailer(struct mailer *m)
{
    smtp_free(m->smtp);
    arena_free(m->mem);
    free(m);
}

enum err mail_start(struct server *srv, struct mailer **out, struct problem *why)
{
    struct mailer *m;
    pthread_condattr_t monotonic;
    enum err err;

    *out = NULL;
    if (!srv->options->smtp) {
        log_event(LOG_WARN, "mail.unconfigured", LOG_STR("outbox", "kept"));
        return ERR_OK;
    }
    m = xcalloc(1, sizeof(*m));
    m->srv = srv;
    m->mem = arena_new();
    err = open_smtp(m, srv->options, why);
    if (err) {
        free_mailer(m);
        return err;
    }
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&m->thread, NULL, run, m)) {
        free_mailer(m);
        return ERR_UNAVAILABLE;
    }
    *out = m;
    return ERR_OK;
}

void mail_stop(struct mailer *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    atomic_store(&m->stop, true);
    pthread_cond_signal(&m->work);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    pthread_cond_destroy(&m->work);
    pthread_mutex_destroy(&m->lock);
    free_mailer(m);
}

void mail_wake(struct mailer *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->wakes++;
    pthread_cond_signal(&m->work);
    pthread_mutex_unlock(&m->lock);
}
