/* Networks of addresses, and what a proxy says of the client behind it. */
#include "server/peer.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/test.h"

static void address_of(const char *text, uint8_t out[16])
{
    memset(out, 0, 16);
    out[10] = out[11] = 0xff;
    if (strchr(text, ':'))
        CHECK(inet_pton(AF_INET6, text, out) == 1);
    else
        CHECK(inet_pton(AF_INET, text, out + 12) == 1);
}

static void networks(void)
{
    static const struct {
        const char *address, *list;
        bool in;
    } want[] = {
        {"127.0.0.1", "127.0.0.0/8 ::1/128", true},
        {"::1", "127.0.0.0/8 ::1/128", true},
        {"::2", "127.0.0.0/8 ::1/128", false},
        {"128.0.0.1", "127.0.0.0/8", false},
        {"10.0.0.7", "10.0.0.7", true},
        {"10.0.0.8", "10.0.0.7", false},
        {"10.0.0.255", "10.0.0.128/25", true},
        {"10.0.0.127", "10.0.0.128/25", false},
        {"1.2.3.4", "0.0.0.0/0", true},
        {"2001:db8::1", "0.0.0.0/0", false},
        {"::ffff:10.0.0.7", "10.0.0.0/24", true},
        {"1.2.3.4", "", false},
        {"1.2.3.4", "nonsense 1.2.3.4/99 1.2.3/8", false},
        {"1.2.3.4", "1.2.3.4/", false},
        {"1.2.3.4", "0.0.0.0/x", false},
        {"1.2.3.4", "0.0.0.0/-1", false},
        {"1.2.3.4", "0.0.0.0/0x", false},
    };

    for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
        uint8_t at[16];

        address_of(want[i].address, at);
        if (peer_in(at, want[i].list) != want[i].in)
            fprintf(stderr, "%s in %s\n", want[i].address, want[i].list);
        CHECK(peer_in(at, want[i].list) == want[i].in);
    }
}

static void lists(void)
{
    CHECK(peer_list_is_sound(NULL));
    CHECK(peer_list_is_sound(""));
    CHECK(peer_list_is_sound("127.0.0.0/8 ::1/128, 10.0.0.1"));
    CHECK(!peer_list_is_sound("127.0.0.0/8 nonsense"));
    CHECK(!peer_list_is_sound("127.0.0.0/33"));
    CHECK(!peer_list_is_sound(
        "0000000000000000000000000000000000000000000000000000000000000000000000000001"));
}

static void what_proxies_say(void)
{
    static const struct {
        const char *peer, *said, *proxies, *want;
    } rows[] = {
        {"10.0.0.1", "1.2.3.4", "10.0.0.0/8", "1.2.3.4"},
        {"10.0.0.1", "1.2.3.4", "", "10.0.0.1"},                   /* nobody is listed */
        {"9.9.9.9", "1.2.3.4", "10.0.0.0/8", "9.9.9.9"},           /* this peer is not */
        {"10.0.0.1", "6.6.6.6, 1.2.3.4", "10.0.0.0/8", "1.2.3.4"}, /* the client's own lie */
        {"10.0.0.1", "1.2.3.4,10.0.0.2", "10.0.0.0/8", "1.2.3.4"}, /* two proxies */
        {"10.0.0.1", " 1.2.3.4 \t,\t10.0.0.2 ", "10.0.0.0/8", "1.2.3.4"},
        {"10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "10.0.0.1", "10.0.0.2"},
        {"10.0.0.1", "127.0.0.1, unknown", "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", "127.0.0.1, unknown, 10.0.0.2", "10.0.0.0/8", "10.0.0.2"},
        {"10.0.0.1", "127.0.0.1,", "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", ",,,", "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", "", "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", NULL, "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", "127.0.0.1/8", "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", "1.2.3.4:80", "10.0.0.0/8", "10.0.0.1"},
        {"10.0.0.1", "2001:db8::7", "10.0.0.0/8", "2001:db8::7"},
        {"::1", "2001:db8::7", "::1/128", "2001:db8::7"},
        {"::1", "::ffff:127.0.0.1", "::1/128", "127.0.0.1"}, /* a lie of a listed one is its own */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t at[16], want[16];

        address_of(rows[i].peer, at);
        address_of(rows[i].want, want);
        peer_forwarded(rows[i].said, rows[i].proxies, at);
        if (memcmp(at, want, 16) != 0)
            fprintf(stderr, "row %zu\n", i);
        CHECK(memcmp(at, want, 16) == 0);
    }
}

static const struct test tests[] = {
    {"peer: networks", networks},
    {"peer: lists", lists},
    {"peer: what proxies say", what_proxies_say},
};

TEST_MAIN(tests)
