/*
 * A kept HTTPS connection for load: TLS records straight from GnuTLS, one request at a time, never
 * blocking.  Load shares the machine with the server, so it does as little as it can.
 */
#ifndef TESTS_LOAD_CLIENT_H
#define TESTS_LOAD_CLIENT_H

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
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "server/tls.h"

enum { LOAD_REPLY_MAX = 128 * 1024 };

struct load_client {
    const char *url;
    gnutls_session_t tls;
    int fd;
    bool asked;
    size_t len, want; /* of the reply: what is here, and the whole; 0: not known yet */
    char reply[LOAD_REPLY_MAX];
};

static inline void load_die(const char *fmt, ...) PRINTF_LIKE(1, 2);
static inline void load_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("load: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static inline char *load_file(struct arena *mem, const char *path)
{
    FILE *f = fopen(path, "re");
    char *text;
    long n;

    if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        load_die("cannot read %s", path);
    text = arena_alloc(mem, (size_t)n + 1);
    if (fread(text, 1, (size_t)n, f) != (size_t)n)
        load_die("cannot read %s", path);
    fclose(f);
    return text;
}

/* The first line of a file. */
static inline const char *load_line(struct arena *mem, const char *path)
{
    char *text = load_file(mem, path);

    text[strcspn(text, "\r\n")] = '\0';
    return text;
}

/* https://ADDRESS:PORT of this machine. */
static inline int load_connect(const char *url)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64] = "";
    unsigned port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (sscanf(url, "https://%63[0-9.]:%u", host, &port) != 2 ||
        inet_pton(AF_INET, host, &to.sin_addr) != 1)
        load_die("not https://ADDRESS:PORT: %s", url);
    to.sin_port = htons((uint16_t)port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
        load_die("cannot connect to %s: %s", url, strerror(errno));
    return fd;
}

static inline void load_check_pin(const struct load_client *c, const char *expected)
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
        tls_pin(mem, (const char *)pem.data, &pin) || strcmp(pin, expected) != 0)
        load_die("%s is another server", c->url);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(cert);
    arena_free(mem);
}

/* Connected, shaken hands and watched by the epoll with `data` of the caller. */
static inline void load_open(struct load_client *c, const char *url, const char *pin,
                             gnutls_certificate_credentials_t cred, int poll, void *data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    int rc;

    c->url = url;
    c->fd = load_connect(url);
    gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(c->tls, TLS_PRIORITIES, NULL);
    gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, cred);
    gnutls_transport_set_int(c->tls, c->fd);
    do {
        rc = gnutls_handshake(c->tls);
    } while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc < 0)
        load_die("handshake with %s: %s", url, gnutls_strerror(rc));
    load_check_pin(c, pin);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static inline void load_close(struct load_client *c)
{
    gnutls_bye(c->tls, GNUTLS_SHUT_WR);
    gnutls_deinit(c->tls);
    close(c->fd);
}

static inline void load_send(struct load_client *c, const char *text, size_t n)
{
    c->asked = true;
    c->len = c->want = 0;
    if (gnutls_record_send(c->tls, text, n) != (ssize_t)n)
        load_die("a request could not be sent");
}

/* The bytes of the whole reply, 0: its head is not here yet. */
static inline size_t load_reply_size(const struct load_client *c)
{
    const char *end = strstr(c->reply, "\r\n\r\n"), *length;

    if (!end)
        return 0;
    length = strstr(c->reply, "\r\nContent-Length: ");
    if (!length || length > end)
        load_die("a reply without a length: %.60s", c->reply);
    return (size_t)(end - c->reply) + 4 + strtoul(length + 17, NULL, 10);
}

/* Take what has come; true: the whole reply is here. */
static inline bool load_read(struct load_client *c)
{
    for (;;) {
        ssize_t n = gnutls_record_recv(c->tls, c->reply + c->len, LOAD_REPLY_MAX - 1 - c->len);

        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
            return false;
        if (n <= 0)
            load_die("%s hung up: %s", c->url, n ? gnutls_strerror((int)n) : "end");
        c->len += (size_t)n;
        c->reply[c->len] = '\0';
        if (!c->want && c->asked)
            c->want = load_reply_size(c);
        if (c->want > LOAD_REPLY_MAX - 1 || (c->want && c->len > c->want))
            load_die("a reply that is too long");
        if (c->want && c->len == c->want) {
            c->asked = false;
            return true;
        }
    }
}

static inline long load_status(const struct load_client *c)
{
    return strtol(c->reply + 9, NULL, 10);
}

static inline const char *load_body(const struct load_client *c)
{
    const char *end = strstr(c->reply, "\r\n\r\n");

    return end ? end + 4 : "";
}

/* Times in microseconds, in the order they were taken. */
struct load_times {
    uint32_t *us;
    size_t n, size;
};

static inline void load_note(struct load_times *t, int64_t us)
{
    if (t->n == t->size) {
        t->size = t->size ? t->size * 2 : 65536;
        t->us = xrealloc(t->us, t->size * sizeof(*t->us));
    }
    t->us[t->n++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static inline int load_by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* In milliseconds; sorts them. */
static inline double load_percentile(struct load_times *t, double p)
{
    if (!t->n)
        return 0;
    qsort(t->us, t->n, sizeof(*t->us), load_by_time);
    return t->us[(size_t)((double)(t->n - 1) * p)] / 1000.0;
}

/* Processor time of this program. */
static inline int64_t load_cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

#endif
