/*
 * Searches through HTTPS, while contacts are revealed: kept connections driven by one thread, at a
 * given rate whatever the server does (open loop), or as fast as it answers (rate=0).
 *
 *   search URL PIN TOKEN-FILE [NAME=NUMBER]... [ids=FILE]
 *
 * A request is due at its moment (Poisson), whether or not a connection is free: its time is from
 * there to its last byte, so that a stall of the server, or of this program, is in the percentiles.
 * Each answer must be 200, have rows, and the total that the same question had before; each reveal
 * must have been charged, or the person must not be contacted.
 */
#include <math.h>
#include <sys/prctl.h>

#include "common/uuid.h"
#include "tests/load/client.h"
#include "tests/load/questions.h"

enum { CLIENTS_MAX = 1000, IDS_MAX = 1000 * 1000, PATIENCE_MS = 5000 };

/* What can be said: NAME=NUMBER. */
struct wishes {
    double rows, sample_seed, seed, clients, rate, seconds, warm, writers, writes, gzip;
    double p99, least; /* the bounds, in ms and a second; 0: none */
};

struct run;

struct client {
    struct load_client http;
    struct stream *stream;
    struct question *question;
    int64_t due_us;
};

/* One kind of request, with its own connections. */
struct stream {
    struct run *run;
    const char *name;
    bool (*ask)(struct client *c); /* false: there is no more to ask */
    bool (*is_good)(struct client *c);
    double rate;
    int64_t next_us;
    struct client *clients, **idle;
    size_t n, n_idle, first, waiting; /* the idle are a ring: who is never used is cut off */
    struct load_times times;
    int64_t statuses[600], bad, bytes, last_us;
};

struct run {
    struct wishes w;
    const char *token;
    struct questions questions;
    char (*ids)[UUID_TEXT];
    size_t n_ids, next_id;
    int poll;
    uint64_t dice;
    int64_t start_us, count_us, end_us, cpu_us;
    struct stream searches, reveals;
};

static bool ask_search(struct client *c)
{
    struct run *r = c->stream->run;
    char text[QUESTION_MAX + 2048];
    int n;

    c->question = questions_next(&r->questions);
    n = snprintf(text, sizeof(text),
                 "POST /api/profiles/search HTTP/1.1\r\nHost: localhost\r\n"
                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n%s"
                 "Content-Length: %zu\r\n\r\n%s",
                 r->token, r->w.gzip > 0 ? "Accept-Encoding: gzip\r\n" : "",
                 strlen(c->question->body), c->question->body);
    if (n >= (int)sizeof(text))
        load_die("a question that is too long");
    load_send(&c->http, text, (size_t)n);
    return true;
}

static bool is_good_search(struct client *c)
{
    const char *body = load_body(&c->http);
    long long total = 0;

    if (load_status(&c->http) != 200)
        return false;
    if (c->stream->run->w.gzip > 0)
        return memcmp(body, "\x1f\x8b", 2) == 0;
    if (sscanf(body, "{\"total\":%lld,\"items\":[{\"id\":\"", &total) != 1 || total < 1)
        return false;
    if (c->question->total < 0)
        c->question->total = total;
    return c->question->total == total;
}

static bool ask_reveal(struct client *c)
{
    static const char body[] = "{\"fields\":[\"email\"]}";
    struct run *r = c->stream->run;
    struct uuid key = uuid_new();
    char text[4096], key_text[UUID_TEXT];
    int n;

    if (r->next_id == r->n_ids)
        return false;
    n = snprintf(text, sizeof(text),
                 "POST /api/profiles/%s/reveal HTTP/1.1\r\nHost: localhost\r\n"
                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                 "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
                 r->ids[r->next_id++], r->token, uuid_text(&key, key_text), sizeof(body) - 1, body);
    load_send(&c->http, text, (size_t)n);
    return true;
}

static bool is_good_reveal(struct client *c)
{
    long status = load_status(&c->http);

    return status == 451 ||
           (status == 200 && strstr(load_body(&c->http), "\"charged\":1,") != NULL);
}

static int64_t gap_us(struct run *r, double rate)
{
    double u = ((double)bench_dice(&r->dice, 1u << 30) + 1) / (1u << 30);

    return (int64_t)(-log(u) * 1e6 / rate);
}

/* Send what is due as far as there are connections. */
static void send_due(struct stream *s, int64_t now)
{
    while (s->n_idle && s->next_us <= now && s->next_us < s->run->end_us) {
        struct client *c = s->idle[s->first];

        s->first = (s->first + 1) % s->n;
        s->n_idle--;

        c->due_us = s->rate > 0 ? s->next_us : now;
        if (!s->ask(c))
            load_die("there is no more to ask of %s", s->name);
        s->waiting++;
        s->next_us = s->rate > 0 ? s->next_us + gap_us(s->run, s->rate) : now;
    }
    if (s->rate <= 0)
        s->next_us = now;
}

static void take(struct client *c)
{
    struct stream *s = c->stream;
    int64_t now = clock_mono_us();
    long status = load_status(&c->http);

    s->idle[(s->first + s->n_idle++) % s->n] = c;
    s->waiting--;
    if (c->due_us < s->run->count_us)
        return;
    s->last_us = now;
    s->statuses[status < 0 || status > 599 ? 0 : status]++;
    s->bad += !s->is_good(c);
    s->bytes += (int64_t)c->http.len;
    load_note(&s->times, now - c->due_us);
}

static bool is_over(const struct stream *s)
{
    return !s->n || (s->next_us >= s->run->end_us && !s->waiting);
}

static void wait_for_replies(struct run *r, int64_t until_us)
{
    struct epoll_event events[64];
    int64_t us = until_us - clock_mono_us();
    struct timespec t = {.tv_sec = us > 0 ? us / 1000000 : 0,
                         .tv_nsec = us > 0 ? us % 1000000 * 1000 : 0};
    int n = epoll_pwait2(r->poll, events, 64, &t, NULL);

    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;

        if (load_read(&c->http))
            take(c);
    }
}

static void run(struct run *r)
{
    struct stream *streams[] = {&r->searches, &r->reveals};
    int64_t give_up;

    r->start_us = clock_mono_us();
    r->count_us = r->start_us + (int64_t)(r->w.warm * 1e6);
    r->end_us = r->count_us + (int64_t)(r->w.seconds * 1e6);
    give_up = r->end_us + (int64_t)(r->w.seconds * 2e6) + PATIENCE_MS * 1000;
    r->searches.next_us = r->reveals.next_us = r->start_us;
    while (!is_over(&r->searches) || !is_over(&r->reveals)) {
        int64_t now = clock_mono_us(), next = now + PATIENCE_MS * 1000;

        if (now > give_up)
            load_die("the server is so far behind that this is no measurement");
        for (int i = 0; i < 2; i++) {
            send_due(streams[i], now);
            if (streams[i]->n_idle && streams[i]->next_us < r->end_us && streams[i]->next_us < next)
                next = streams[i]->next_us;
        }
        wait_for_replies(r, next);
    }
}

static void stream_open(struct stream *s, struct run *r, size_t n, const char *url, const char *pin,
                        gnutls_certificate_credentials_t cred)
{
    s->run = r;
    s->n = s->n_idle = n;
    s->clients = xcalloc(n + 1, sizeof(*s->clients));
    s->idle = xcalloc(n + 1, sizeof(struct client *));
    for (size_t i = 0; i < n; i++) {
        s->clients[i].stream = s;
        s->idle[i] = &s->clients[i];
        load_open(&s->clients[i].http, url, pin, cred, r->poll, &s->clients[i]);
    }
}

static void stream_close(struct stream *s)
{
    for (size_t i = 0; i < s->n; i++)
        load_close(&s->clients[i].http);
    free(s->clients);
    free(s->idle);
    free(s->times.us);
}

static double rate_of(const struct stream *s)
{
    int64_t us = s->last_us - s->run->count_us;

    return us > 0 ? (double)s->times.n * 1e6 / (double)us : 0;
}

static void report(struct stream *s)
{
    size_t n = s->times.n;

    if (!s->n)
        return;
    printf("%-8s n %zu  ", s->name, n);
    if (s->rate > 0)
        printf("asked %.0f/s  ", s->rate);
    printf("got %.0f/s  p50 %.2f  p99 %.2f  p99.9 %.2f  most %.1f ms  %lld bytes a reply",
           rate_of(s), load_percentile(&s->times, 0.5), load_percentile(&s->times, 0.99),
           load_percentile(&s->times, 0.999), load_percentile(&s->times, 1),
           (long long)(n ? s->bytes / (int64_t)n : 0));
    for (int i = 0; i < 600; i++)
        if (i != 200 && s->statuses[i])
            printf("  %lld with status %d", (long long)s->statuses[i], i);
    if (s->bad)
        printf("  %lld WRONG", (long long)s->bad);
    printf("\n");
}

/* False: wrong, or over a bound. */
static bool judge(struct run *r)
{
    struct stream *s = &r->searches;
    double p99 = load_percentile(&s->times, 0.99);
    bool slow = (r->w.p99 > 0 && p99 > r->w.p99) || (r->w.least > 0 && rate_of(s) < r->w.least);

    report(s);
    report(&r->reveals);
    printf("%zu known questions and %zu that nobody asked before%s; this program took %lld %% of "
           "one core\n",
           (size_t)KNOWN, r->questions.next_fresh - r->questions.repeated,
           r->questions.repeated ? " (they RAN OUT)" : "",
           (long long)((load_cpu_us() - r->cpu_us) * 100 / (clock_mono_us() - r->start_us)));
    if (r->w.p99 > 0)
        printf("bound: p99 at most %.0f ms, at least %.0f/s: %s\n", r->w.p99, r->w.least,
               slow ? "OVER" : "ok");
    return !slow && !s->bad && !r->reveals.bad && s->times.n;
}

static void read_ids(struct run *r, struct arena *mem, const char *path)
{
    const char *text = load_file(mem, path);

    r->ids = xcalloc(IDS_MAX, UUID_TEXT);
    for (const char *p = text; *p && r->n_ids < IDS_MAX; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == UUID_TEXT - 1)
            memcpy(r->ids[r->n_ids++], p, UUID_TEXT - 1);
    if (r->n_ids == 0)
        load_die("%s holds no ids", path);
}

static const struct {
    const char *name;
    size_t offset;
} names[] = {
#define NAME(name)                           \
    {                                        \
#name, offsetof(struct wishes, name) \
    }
    NAME(rows), NAME(sample_seed), NAME(seed),   NAME(clients), NAME(rate), NAME(seconds),
    NAME(warm), NAME(writers),     NAME(writes), NAME(gzip),    NAME(p99),  NAME(least),
};

static void take_word(struct run *r, struct arena *mem, const char *word)
{
    size_t n = strcspn(word, "=");

    if (strncmp(word, "ids=", 4) == 0) {
        read_ids(r, mem, word + 4);
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strlen(names[i].name) == n && memcmp(names[i].name, word, n) == 0 && word[n]) {
            *(double *)((char *)&r->w + names[i].offset) = strtod(word + n + 1, NULL);
            return;
        }
    load_die("what is %s?", word);
}

int main(int argc, char **argv)
{
    static struct run r = {
        .w = {.rows = 2000000,
              .sample_seed = 1,
              .seed = 7,
              .clients = 64,
              .rate = 4000,
              .seconds = 20,
              .warm = 2,
              .writers = 16,
              .writes = 200},
        .searches = {.name = "searches", .ask = ask_search, .is_good = is_good_search},
        .reveals = {.name = "reveals", .ask = ask_reveal, .is_good = is_good_reveal},
    };
    struct arena *mem = arena_new();
    gnutls_certificate_credentials_t cred;
    size_t fresh;
    bool good;

    if (argc < 4)
        load_die("usage: URL PIN TOKEN-FILE [NAME=NUMBER]... [ids=FILE]");
    r.token = load_line(mem, argv[3]);
    for (int i = 4; i < argc; i++)
        take_word(&r, mem, argv[i]);
    if (r.w.rows < 1 || r.w.clients < 1 || r.w.clients > CLIENTS_MAX || r.w.writers > CLIENTS_MAX)
        load_die("there must be rows, and 1 to %d clients", CLIENTS_MAX);
    r.dice = (uint64_t)r.w.seed;
    r.searches.rate = r.w.rate;
    r.reveals.rate = r.w.writes;
    fresh = (size_t)((r.w.seconds + r.w.warm) * (r.w.rate > 0 ? r.w.rate : 20000) / 4) + 100;
    questions_init(&r.questions, (int64_t)r.w.rows, (uint64_t)r.w.sample_seed, (uint64_t)r.w.seed,
                   fresh);
    r.poll = epoll_create1(EPOLL_CLOEXEC);
    prctl(PR_SET_TIMERSLACK, 1);
    gnutls_certificate_allocate_credentials(&cred);
    stream_open(&r.searches, &r, (size_t)r.w.clients, argv[1], argv[2], cred);
    if (r.n_ids && r.w.writes > 0)
        stream_open(&r.reveals, &r, (size_t)r.w.writers, argv[1], argv[2], cred);
    r.cpu_us = load_cpu_us();
    run(&r);
    good = judge(&r);
    stream_close(&r.searches);
    stream_close(&r.reveals);
    questions_release(&r.questions);
    gnutls_certificate_free_credentials(cred);
    free(r.ids);
    arena_free(mem);
    return !good;
}
