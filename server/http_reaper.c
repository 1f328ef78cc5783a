#include "server/http_reaper.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/clock.h"

static const struct deadlines defaults = {
    .greeting = 10000,
    .headers = 5000,
    .body_grace = 10000,
    .reply_stall = 30000,
    .idle_stranger = 15000,
    .idle_known = 300000,
    .floor_stranger = 1024,
    .floor_known = 256,
    .look = 500,
};

struct lease {
    struct lease *next, *before;
    int fd;
    void *owner;
    enum phase phase;
    bool known, greeted, cut;
    int64_t accepted_ms;
    int64_t since_ms; /* the phase's start, or the reply's last progress */
    size_t received;
    uint64_t acked;
};

struct reaper {
    struct deadlines d;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool stop;
    struct lease *all, *oldest; /* the newest first */
    int most, living;           /* living: not cut yet */
};

static int64_t now_ms(void)
{
    return clock_mono_us() / 1000;
}

/* A reply's bytes that wait for the peer, none of which it has taken for long: a stall. */
static bool is_stalled(struct reaper *r, struct lease *l, int64_t now)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    int waiting = 0;

    if (ioctl(l->fd, SIOCOUTQ, &waiting) || getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &n) ||
        waiting == 0 || info.tcpi_bytes_acked != l->acked) {
        l->acked = info.tcpi_bytes_acked;
        l->since_ms = now;
        return false;
    }
    return now - l->since_ms > r->d.reply_stall;
}

static bool is_late(struct reaper *r, struct lease *l, int64_t now)
{
    int64_t lasted = now - l->since_ms;
    long floor = l->known ? r->d.floor_known : r->d.floor_stranger;

    switch (l->phase) {
    case PHASE_GREETING:
        return lasted > r->d.greeting;
    case PHASE_HEADERS:
        return lasted > r->d.headers || (!l->greeted && now - l->accepted_ms > r->d.greeting);
    case PHASE_BODY:
        return lasted > r->d.body_grace + (int64_t)(l->received / (size_t)floor) * 1000;
    case PHASE_REPLY:
        return is_stalled(r, l, now);
    case PHASE_IDLE:
        return lasted > (l->known ? r->d.idle_known : r->d.idle_stranger);
    case PHASE_WORK:
        break;
    }
    return false;
}

static void cut(struct reaper *r, struct lease *l)
{
    r->living -= !l->cut;
    l->cut = true;
    shutdown(l->fd, SHUT_RDWR);
}

/* What a stranger's peer keeps waiting. */
static bool is_idle(const struct lease *l)
{
    return !l->known && !l->cut && l->phase != PHASE_WORK && l->phase != PHASE_REPLY;
}

static void make_room(struct reaper *r)
{
    struct lease *l = r->oldest;

    while (l && !is_idle(l))
        l = l->before;
    if (l)
        cut(r, l);
}

static void *run(void *arg)
{
    struct reaper *r = arg;

    pthread_mutex_lock(&r->lock);
    while (!r->stop) {
        struct timespec until;
        int64_t now = now_ms();

        for (struct lease *l = r->all; l; l = l->next)
            if (is_late(r, l, now))
                cut(r, l);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += r->d.look * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&r->wake, &r->lock, &until);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Each zero member takes its default. */
static void complete(struct deadlines *d)
{
    long *at = (long *)d;
    const long *def = (const long *)&defaults;

    for (size_t i = 0; i < sizeof(*d) / sizeof(long); i++)
        if (!at[i])
            at[i] = def[i];
}

struct reaper *reaper_start(const struct deadlines *d, int most)
{
    struct reaper *r = calloc(1, sizeof(*r));
    pthread_condattr_t attr;

    if (!r)
        return NULL;
    r->d = d ? *d : defaults;
    complete(&r->d);
    r->most = most;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&r->thread, NULL, run, r)) {
        pthread_mutex_destroy(&r->lock);
        pthread_cond_destroy(&r->wake);
        free(r);
        return NULL;
    }
    return r;
}

void reaper_stop(struct reaper *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->wake);
    free(r);
}

struct lease *reaper_add(struct reaper *r, int fd, void *owner)
{
    struct lease *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->fd = fd;
    l->owner = owner;
    l->accepted_ms = l->since_ms = now_ms();
    pthread_mutex_lock(&r->lock);
    if (r->living >= r->most)
        make_room(r);
    l->next = r->all;
    if (l->next)
        l->next->before = l;
    else
        r->oldest = l;
    r->all = l;
    r->living++;
    pthread_mutex_unlock(&r->lock);
    return l;
}

void *reaper_owner(const struct lease *l)
{
    return l->owner;
}

void reaper_remove(struct reaper *r, struct lease *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&r->lock);
    if (l->before)
        l->before->next = l->next;
    else
        r->all = l->next;
    if (l->next)
        l->next->before = l->before;
    else
        r->oldest = l->before;
    r->living -= !l->cut;
    pthread_mutex_unlock(&r->lock);
    free(l);
}

void reaper_phase(struct reaper *r, struct lease *l, enum phase p)
{
    if (!l)
        return;
    pthread_mutex_lock(&r->lock);
    l->phase = p;
    l->greeted |= p > PHASE_HEADERS;
    l->since_ms = now_ms();
    l->received = 0;
    pthread_mutex_unlock(&r->lock);
}

void reaper_known(struct reaper *r, struct lease *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&r->lock);
    l->known = true;
    pthread_mutex_unlock(&r->lock);
}

void reaper_received(struct reaper *r, struct lease *l, size_t n)
{
    if (!l)
        return;
    pthread_mutex_lock(&r->lock);
    l->received += n;
    pthread_mutex_unlock(&r->lock);
}

int reaper_busy(struct reaper *r)
{
    int n = 0;

    pthread_mutex_lock(&r->lock);
    for (struct lease *l = r->all; l; l = l->next)
        n += l->phase == PHASE_BODY || l->phase == PHASE_WORK || l->phase == PHASE_REPLY;
    pthread_mutex_unlock(&r->lock);
    return n;
}

void reaper_cut_all(struct reaper *r)
{
    pthread_mutex_lock(&r->lock);
    for (struct lease *l = r->all; l; l = l->next)
        cut(r, l);
    pthread_mutex_unlock(&r->lock);
}
