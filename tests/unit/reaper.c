/* Deadlines of connections, on a clock of our own and real sockets. */
#include "server/http_reaper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/test.h"

/* Several looks of the reaper: what it has not cut by then, it keeps; and the end of patience. */
enum { LOOKS_MS = 150, SOON_MS = 10000, MOST = 10 };

static const struct deadlines short_ones = {
    .greeting = 10000,
    .headers = 5000,
    .body_grace = 10000,
    .reply_stall = 30000,
    .idle_stranger = 15000,
    .idle_known = 300000,
    .floor_stranger = 1000,
    .floor_known = 100,
    .look = 20,
};

static atomic_int_fast64_t now_us;

static int64_t fake_mono(void)
{
    return now_us;
}

static int64_t fake_real(void)
{
    return 0;
}

static const struct clock fake = {fake_real, fake_mono};

/* A connection over TCP, because SIOCOUTQ is TCP's. */
struct pair {
    int ours, theirs;
    struct lease *lease;
};

static struct pair connect_pair(struct reaper *r)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct pair p = {.theirs = socket(AF_INET, SOCK_STREAM, 0)};

    CHECK(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &n) == 0);
    CHECK(connect(p.theirs, (struct sockaddr *)&at, sizeof(at)) == 0);
    p.ours = accept(listener, NULL, NULL);
    close(listener);
    p.lease = reaper_add(r, p.ours, NULL);
    return p;
}

static void release(struct reaper *r, struct pair *p)
{
    reaper_remove(r, p->lease);
    close(p->ours);
    close(p->theirs);
}

static bool is_cut(const struct pair *p, int ms)
{
    struct pollfd f = {.fd = p->ours}; /* POLLHUP: shut down both ways */

    return poll(&f, 1, ms) == 1;
}

static void pass(int64_t ms)
{
    atomic_fetch_add(&now_us, ms * 1000);
}

static struct reaper *start(void)
{
    clock_use(&fake);
    now_us = INT64_C(1000000000);
    return reaper_start(&short_ones, MOST);
}

static void stop(struct reaper *r)
{
    reaper_stop(r);
    clock_use(NULL);
}

enum { LIVES = 9 };

/* One connection of each kind: after `early` it is there, after `late` more it is gone. */
static void each_phase_ends(void)
{
    struct reaper *r = start();
    struct pair p[LIVES];

    for (int i = 0; i < LIVES; i++)
        p[i] = connect_pair(r);
    /* 0 greets for ever; 1 and 2 have sent a request line, 2 after 9 s of greeting */
    reaper_phase(r, p[1].lease, PHASE_HEADERS);
    /* 3 and 4 send bodies, too slowly for a stranger */
    reaper_known(r, p[4].lease);
    for (int i = 3; i <= 4; i++) {
        reaper_phase(r, p[i].lease, PHASE_BODY);
        reaper_received(r, p[i].lease, 2000);
    }
    /* 5 and 6 are idle, 7 works, 8 is answered and has taken everything */
    reaper_known(r, p[6].lease);
    reaper_phase(r, p[5].lease, PHASE_IDLE);
    reaper_phase(r, p[6].lease, PHASE_IDLE);
    reaper_phase(r, p[7].lease, PHASE_WORK);
    reaper_phase(r, p[8].lease, PHASE_REPLY);
    CHECK(reaper_busy(r) == 4);

    pass(5001);
    CHECK(is_cut(&p[1], SOON_MS));
    pass(3999);
    reaper_phase(r, p[2].lease, PHASE_HEADERS);
    pass(1001); /* 10 s */
    CHECK(is_cut(&p[0], SOON_MS));
    CHECK(is_cut(&p[2], SOON_MS));
    CHECK(!is_cut(&p[3], 0));
    pass(2000); /* 12 s: 2,000 bytes have bought two */
    CHECK(is_cut(&p[3], SOON_MS));
    CHECK(!is_cut(&p[5], 0));
    pass(3000); /* 15 s */
    CHECK(is_cut(&p[5], SOON_MS));
    CHECK(!is_cut(&p[4], LOOKS_MS));
    pass(15001); /* 30 s: 2,000 bytes buy twenty */
    CHECK(is_cut(&p[4], SOON_MS));
    CHECK(!is_cut(&p[6], LOOKS_MS));
    pass(270000); /* 300 s */
    CHECK(is_cut(&p[6], SOON_MS));
    CHECK(!is_cut(&p[7], LOOKS_MS));
    CHECK(!is_cut(&p[8], 0));
    reaper_cut_all(r);
    CHECK(is_cut(&p[7], 0) && is_cut(&p[8], 0));
    for (int i = 0; i < LIVES; i++)
        release(r, &p[i]);
    stop(r);
}

static void fill(int fd)
{
    static const char block[65536];

    while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
        ;
    CHECK(errno == EAGAIN);
}

/* Wait until the reaper has looked at a stalled reply at least once. */
static void let_it_look(const struct pair *p)
{
    CHECK(!is_cut(p, LOOKS_MS));
}

static void a_reply_ends_for_lack_of_progress(void)
{
    struct reaper *r = start();
    struct pair p = connect_pair(r);
    char sink[65536];
    ssize_t n;

    reaper_phase(r, p.lease, PHASE_REPLY);
    fill(p.ours);
    let_it_look(&p);
    for (int i = 0; i < 3; i++) { /* 60 s in all, but something is taken each time */
        pass(20000);
        for (int k = 0; k < 64 && (n = recv(p.theirs, sink, sizeof(sink), MSG_DONTWAIT)) > 0; k++)
            ;
        fill(p.ours);
        let_it_look(&p);
    }
    pass(31000);
    for (int i = 0; i < 100 && !is_cut(&p, LOOKS_MS); i++)
        pass(31000);
    CHECK(is_cut(&p, 0));
    release(r, &p);
    stop(r);
}

/* Of more than there are places for, the oldest strangers go that let one wait. */
static void the_oldest_makes_room(void)
{
    struct reaper *r = start();
    struct pair p[MOST + 3];

    for (int i = 0; i < MOST; i++)
        p[i] = connect_pair(r);
    reaper_known(r, p[0].lease);
    reaper_phase(r, p[0].lease, PHASE_IDLE);
    reaper_phase(r, p[1].lease, PHASE_WORK);
    reaper_phase(r, p[2].lease, PHASE_REPLY);
    reaper_phase(r, p[4].lease, PHASE_BODY);
    for (int i = 0; i < MOST; i++)
        CHECK(!is_cut(&p[i], 0));
    p[MOST] = connect_pair(r);
    CHECK(is_cut(&p[3], 0) && !is_cut(&p[4], 0));
    p[MOST + 1] = connect_pair(r);
    CHECK(is_cut(&p[4], 0) && !is_cut(&p[5], 0));
    release(r, &p[5]); /* one left by itself: nobody has to go */
    p[MOST + 2] = connect_pair(r);
    CHECK(!is_cut(&p[0], 0) && !is_cut(&p[1], 0) && !is_cut(&p[2], 0) && !is_cut(&p[6], 0));
    for (int i = 0; i < MOST + 3; i++)
        if (i != 5)
            release(r, &p[i]);
    stop(r);
}

static const struct test tests[] = {
    {"reaper: each phase ends at its deadline", each_phase_ends},
    {"reaper: the oldest stranger makes room, nobody who is known or at work",
     the_oldest_makes_room},
    {"reaper: a reply ends for lack of progress, not for length",
     a_reply_ends_for_lack_of_progress},
};

TEST_MAIN(tests)
