/*
 * A closed loop of durable reveals through HTTPS: N kept connections, each of them revealing the
 * next contact as soon as the last one is paid for, driven by one thread.  Two servers take turns,
 * so that what else the machine does meets both.
 *
 *   reveal CLIENTS SECONDS-A-ROUND (URL PIN TOKEN-FILE IDS-FILE)...
 *
 * It shares the machine with the servers, so it does as little as it can: TLS records straight from
 * GnuTLS, one epoll, requests written once.  A closed loop hides stalls from its percentiles: they
 * are of what was asked, not of what a steady stream of people would have met.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/uuid.h"
#include "server/tls.h"

enum { ROUNDS = 3, TARGETS_MAX = 4, REPLY_MAX = 16 * 1024, IDS_MAX = 4 * 1000 * 1000 };

struct client {
    struct target *target;
    gnutls_session_t tls;
    int fd;
    bool asked;
    int64_t asked_us;
    size_t len;
    char reply[REPLY_MAX];
};

struct target {
    const char *url, *pin, *token;
    char (*ids)[UUID_TEXT];
    size_t n_ids, next_id;
    struct client *clients;
    int poll;
    /* what came back, of all rounds */
    uint32_t *times_us;
    size_t n_times, size_times;
    int64_t statuses[600];
    double rates[ROUNDS];
};

static int n_clients, waiting;

static void die(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("reveal: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static char *read_file(struct arena *mem, const char *path)
{
    FILE *f = fopen(path, "re");
    char *text;
    long n;

    if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        die("cannot read %s", path);
    text = arena_alloc(mem, (size_t)n + 1);
    if (fread(text, 1, (size_t)n, f) != (size_t)n)
        die("cannot read %s", path);
    fclose(f);
    return text;
}

static void read_ids(struct target *t, struct arena *mem, const char *path)
{
    const char *text = read_file(mem, path);

    t->ids = xcalloc(IDS_MAX, UUID_TEXT);
    for (const char *p = text; *p && t->n_ids < IDS_MAX; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == UUID_TEXT - 1)
            memcpy(t->ids[t->n_ids++], p, UUID_TEXT - 1);
    if (t->n_ids == 0)
        die("%s holds no ids", path);
}

/* https://ADDRESS:PORT of this machine. */
static int connect_to(const char *url)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64] = "";
    unsigned port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (sscanf(url, "https://%63[0-9.]:%u", host, &port) != 2 ||
        inet_pton(AF_INET, host, &to.sin_addr) != 1)
        die("not https://ADDRESS:PORT: %s", url);
    to.sin_port = htons((uint16_t)port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
        die("cannot connect to %s: %s", url, strerror(errno));
    return fd;
}

static void check_pin(const struct client *c)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(c->tls, &n);
    struct arena *mem = arena_new();
    gnutls_datum_t pem = {0};
    const char *pin = NULL;
    gnutls_x509_crt_t cert;

    gnutls_x509_crt_init(&cert);
    if (n == 0 || gnutls_x509_crt_import(cert, chain, GNUTLS_X509_FMT_DER) ||
        gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem) ||
        tls_pin(mem, (const char *)pem.data, &pin) || strcmp(pin, c->target->pin) != 0)
        die("%s is another server", c->target->url);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(cert);
    arena_free(mem);
}

static void open_client(struct client *c, struct target *t, gnutls_certificate_credentials_t cred)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int rc;

    c->target = t;
    c->fd = connect_to(t->url);
    gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(c->tls, TLS_PRIORITIES, NULL);
    gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, cred);
    gnutls_transport_set_int(c->tls, c->fd);
    do {
        rc = gnutls_handshake(c->tls);
    } while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc < 0)
        die("handshake with %s: %s", t->url, gnutls_strerror(rc));
    check_pin(c);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    epoll_ctl(t->poll, EPOLL_CTL_ADD, c->fd, &event);
}

/* False: there are no more contacts. */
static bool ask(struct client *c)
{
    static const char body[] = "{\"fields\":[\"email\"]}";
    struct target *t = c->target;
    struct uuid key = uuid_new();
    char text[4096], key_text[UUID_TEXT];
    int n;

    if (t->next_id == t->n_ids)
        return false;
    n = snprintf(text, sizeof(text),
                 "POST /api/profiles/%s/reveal HTTP/1.1\r\nHost: localhost\r\n"
                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                 "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
                 t->ids[t->next_id++], t->token, uuid_text(&key, key_text), sizeof(body) - 1, body);
    c->asked = true;
    c->asked_us = clock_mono_us();
    c->len = 0;
    waiting++;
    if (n >= (int)sizeof(text) || gnutls_record_send(c->tls, text, (size_t)n) != n)
        die("a request could not be sent");
    return true;
}

/* The bytes of a whole reply, 0: it is not whole yet. */
static size_t reply_size(const struct client *c)
{
    const char *end = strstr(c->reply, "\r\n\r\n"), *length;

    if (!end)
        return 0;
    length = strstr(c->reply, "\r\nContent-Length: ");
    if (!length || length > end)
        die("a reply without a length: %.60s", c->reply);
    return (size_t)(end - c->reply) + 4 + strtoul(length + 17, NULL, 10);
}

static void note(struct target *t, int64_t us)
{
    if (t->n_times == t->size_times) {
        t->size_times = t->size_times ? t->size_times * 2 : 65536;
        t->times_us = xrealloc(t->times_us, t->size_times * sizeof(*t->times_us));
    }
    t->times_us[t->n_times++] = (uint32_t)us;
}

/* A status other than 200, or a reveal that cost nothing, is not what is measured. */
static void take(struct client *c)
{
    struct target *t = c->target;
    long status = strtol(c->reply + 9, NULL, 10);
    bool charged = strstr(c->reply, "\"charged\":1,") != NULL;

    c->asked = false;
    waiting--;
    t->statuses[status < 0 || status > 599 ? 0 : status == 200 && !charged ? 1 : status]++;
    note(t, clock_mono_us() - c->asked_us);
}

/* True: its reply is here. */
static bool read_client(struct client *c)
{
    for (;;) {
        ssize_t n = gnutls_record_recv(c->tls, c->reply + c->len, REPLY_MAX - 1 - c->len);
        size_t want;

        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
            return false;
        if (n <= 0)
            die("%s hung up: %s", c->target->url, n ? gnutls_strerror((int)n) : "end");
        c->len += (size_t)n;
        c->reply[c->len] = '\0';
        want = c->asked ? reply_size(c) : 0;
        if (want > REPLY_MAX - 1 || (want && c->len > want))
            die("a reply that is too long");
        if (want == c->len)
            return true;
    }
}

static int64_t good(const struct target *t)
{
    return t->statuses[200];
}

static void run_round(struct target *t, int round, int64_t length_us)
{
    struct epoll_event events[64];
    int64_t start = clock_mono_us(), before = good(t), end = start;

    for (int i = 0; i < n_clients; i++)
        ask(&t->clients[i]);
    while (waiting) {
        int n = epoll_wait(t->poll, events, 64, 5000);

        if (n <= 0)
            die("no reply for 5 s from %s", t->url);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;

            if (!read_client(c))
                continue;
            take(c);
            end = clock_mono_us();
            if (end - start < length_us)
                ask(c);
        }
    }
    t->rates[round] = (double)(good(t) - before) * 1e6 / (double)(end - start);
    printf("round %d  %-24s %7.0f reveals/s\n", round + 1, t->url, t->rates[round]);
    fflush(stdout);
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double mean_rate(const struct target *t)
{
    double sum = 0;

    for (int i = 0; i < ROUNDS; i++)
        sum += t->rates[i];
    return sum / ROUNDS;
}

/* False: some requests were neither charged reveals nor of people who may not be contacted. */
static bool report(struct target *t)
{
    bool clean = true;

    qsort(t->times_us, t->n_times, sizeof(*t->times_us), by_time);
    printf("%-24s %7.0f reveals/s  p50 %.1f ms  p99 %.1f ms  %lld charged\n", t->url, mean_rate(t),
           t->times_us[t->n_times / 2] / 1000.0, t->times_us[t->n_times * 99 / 100] / 1000.0,
           (long long)good(t));
    for (int s = 0; s < 600; s++) {
        if (s == 200 || !t->statuses[s])
            continue;
        clean &= s == 451;
        printf("  %lld with %s %d\n", (long long)t->statuses[s],
               s == 1 ? "200 and no charge," : "status", s == 1 ? 200 : s);
    }
    if (t->next_id == t->n_ids)
        printf("  it ran out of contacts; give it more, or shorter rounds\n");
    return clean;
}

static void open_target(struct target *t, struct arena *mem, char **words,
                        gnutls_certificate_credentials_t cred)
{
    char *token = read_file(mem, words[2]);

    token[strcspn(token, "\r\n")] = '\0';
    t->url = words[0];
    t->pin = words[1];
    t->token = token;
    t->poll = epoll_create1(EPOLL_CLOEXEC);
    read_ids(t, mem, words[3]);
    t->clients = xcalloc((size_t)n_clients, sizeof(*t->clients));
    for (int i = 0; i < n_clients; i++)
        open_client(&t->clients[i], t, cred);
}

static void close_target(struct target *t)
{
    for (int i = 0; i < n_clients; i++) {
        gnutls_bye(t->clients[i].tls, GNUTLS_SHUT_WR);
        gnutls_deinit(t->clients[i].tls);
        close(t->clients[i].fd);
    }
    close(t->poll);
    free(t->clients);
    free(t->ids);
    free(t->times_us);
}

static int64_t cpu_of(const struct rusage *u)
{
    return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * INT64_C(1000000) + u->ru_utime.tv_usec +
           u->ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
    struct target targets[TARGETS_MAX] = {0};
    int n = (argc - 3) / 4;
    gnutls_certificate_credentials_t cred;
    struct arena *mem = arena_new();
    struct rusage used;
    int64_t start, cpu_us;
    double seconds;
    bool clean = true;

    if (argc < 7 || (argc - 3) % 4 || n > TARGETS_MAX)
        die("usage: CLIENTS SECONDS (URL PIN TOKEN-FILE IDS-FILE)...");
    n_clients = (int)strtol(argv[1], NULL, 10);
    seconds = strtod(argv[2], NULL);
    if (n_clients < 1 || n_clients > 1000 || seconds <= 0)
        die("1 to 1000 clients, and rounds of more than no time");
    gnutls_certificate_allocate_credentials(&cred);
    for (int i = 0; i < n; i++)
        open_target(&targets[i], mem, argv + 3 + 4 * i, cred);
    start = clock_mono_us();
    getrusage(RUSAGE_SELF, &used);
    cpu_us = -cpu_of(&used);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < n; i++)
            run_round(&targets[i], round, (int64_t)(seconds * 1e6));
    getrusage(RUSAGE_SELF, &used);
    cpu_us += cpu_of(&used);
    start = clock_mono_us() - start;
    for (int i = 0; i < n; i++)
        clean &= report(&targets[i]);
    printf("this program took %lld %% of one core\n", (long long)(cpu_us * 100 / start));
    if (n > 1)
        printf("ratio first/second: %.1f (expected: at least 2)\n",
               mean_rate(&targets[0]) / mean_rate(&targets[1]));
    for (int i = 0; i < n; i++)
        close_target(&targets[i]);
    gnutls_certificate_free_credentials(cred);
    arena_free(mem);
    return !clean;
}
