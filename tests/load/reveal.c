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
#include "common/uuid.h"
#include "tests/load/client.h"

enum { ROUNDS = 3, TARGETS_MAX = 4, IDS_MAX = 4 * 1000 * 1000 };

struct client {
    struct load_client http;
    struct target *target;
    int64_t asked_us;
};

struct target {
    const char *url, *pin, *token;
    char (*ids)[UUID_TEXT];
    size_t n_ids, next_id;
    struct client *clients;
    int poll;
    /* what came back, of all rounds */
    struct load_times times;
    int64_t statuses[600];
    double rates[ROUNDS];
};

static int n_clients, waiting;

static void read_ids(struct target *t, struct arena *mem, const char *path)
{
    const char *text = load_file(mem, path);

    t->ids = xcalloc(IDS_MAX, UUID_TEXT);
    for (const char *p = text; *p && t->n_ids < IDS_MAX; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == UUID_TEXT - 1)
            memcpy(t->ids[t->n_ids++], p, UUID_TEXT - 1);
    if (t->n_ids == 0)
        load_die("%s holds no ids", path);
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
    if (n >= (int)sizeof(text))
        load_die("a request that is too long");
    c->asked_us = clock_mono_us();
    waiting++;
    load_send(&c->http, text, (size_t)n);
    return true;
}

/* A status other than 200, or a reveal that cost nothing, is not what is measured. */
static void take(struct client *c)
{
    struct target *t = c->target;
    long status = load_status(&c->http);
    bool charged = strstr(load_body(&c->http), "\"charged\":1,") != NULL;

    waiting--;
    t->statuses[status < 0 || status > 599 ? 0 : status == 200 && !charged ? 1 : status]++;
    load_note(&t->times, clock_mono_us() - c->asked_us);
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
            load_die("no reply for 5 s from %s", t->url);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;

            if (!load_read(&c->http))
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

    printf("%-24s %7.0f reveals/s  p50 %.1f ms  p99 %.1f ms  %lld charged\n", t->url, mean_rate(t),
           load_percentile(&t->times, 0.5), load_percentile(&t->times, 0.99), (long long)good(t));
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
    t->url = words[0];
    t->pin = words[1];
    t->token = load_line(mem, words[2]);
    t->poll = epoll_create1(EPOLL_CLOEXEC);
    read_ids(t, mem, words[3]);
    t->clients = xcalloc((size_t)n_clients, sizeof(*t->clients));
    for (int i = 0; i < n_clients; i++) {
        t->clients[i].target = t;
        load_open(&t->clients[i].http, t->url, t->pin, cred, t->poll, &t->clients[i]);
    }
}

static void close_target(struct target *t)
{
    for (int i = 0; i < n_clients; i++)
        load_close(&t->clients[i].http);
    close(t->poll);
    free(t->clients);
    free(t->ids);
    free(t->times.us);
}

int main(int argc, char **argv)
{
    struct target targets[TARGETS_MAX] = {0};
    int n = (argc - 3) / 4;
    gnutls_certificate_credentials_t cred;
    struct arena *mem = arena_new();
    int64_t start, cpu_us;
    double seconds;
    bool clean = true;

    if (argc < 7 || (argc - 3) % 4 || n > TARGETS_MAX)
        load_die("usage: CLIENTS SECONDS (URL PIN TOKEN-FILE IDS-FILE)...");
    n_clients = (int)strtol(argv[1], NULL, 10);
    seconds = strtod(argv[2], NULL);
    if (n_clients < 1 || n_clients > 1000 || seconds <= 0)
        load_die("1 to 1000 clients, and rounds of more than no time");
    gnutls_certificate_allocate_credentials(&cred);
    for (int i = 0; i < n; i++)
        open_target(&targets[i], mem, argv + 3 + 4 * i, cred);
    start = clock_mono_us();
    cpu_us = load_cpu_us();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < n; i++)
            run_round(&targets[i], round, (int64_t)(seconds * 1e6));
    cpu_us = load_cpu_us() - cpu_us;
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
