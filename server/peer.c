#include "server/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };

/* "24"; at most `most` */
static bool parse_bits(const char *text, unsigned most, unsigned *out)
{
    size_t n = strlen(text);

    if (n == 0 || n > 3 || strspn(text, "0123456789") != n)
        return false;
    *out = (unsigned)strtoul(text, NULL, 10);
    return *out <= most;
}

/* "10.0.0.0/8", "::1"; what cannot be read is no network, and so lets nobody in. */
static bool parse_network(char *text, uint8_t net[16], unsigned *bits)
{
    char *slash = strchr(text, '/');
    struct in_addr v4;

    if (slash)
        *slash++ = '\0';
    *bits = 128;
    if (inet_pton(AF_INET6, text, net) == 1)
        return !slash || parse_bits(slash, 128, bits);
    if (inet_pton(AF_INET, text, &v4) != 1 || (slash && !parse_bits(slash, 32, bits)))
        return false;
    *bits = slash ? *bits + 96 : 128;
    memset(net, 0, 10);
    net[10] = net[11] = 0xff;
    memcpy(net + 12, &v4, 4);
    return true;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return !rest || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

/* The next word of a list into one[64]; false: the list is at its end. */
static bool next_word(const char **list, char one[WORD])
{
    size_t n;

    *list += strspn(*list, " \t,");
    n = strcspn(*list, " \t,");
    snprintf(one, WORD, "%.*s", n < WORD ? (int)n : 0, *list); /* too long: no network */
    *list += n;
    return n > 0;
}

bool peer_in(const uint8_t address[16], const char *networks)
{
    char one[WORD];
    uint8_t net[16];
    unsigned bits;

    while (networks && next_word(&networks, one))
        if (parse_network(one, net, &bits) && same_bits(address, net, bits))
            return true;
    return false;
}

bool peer_list_is_sound(const char *networks)
{
    char one[WORD];
    uint8_t net[16];
    unsigned bits;

    while (networks && next_word(&networks, one))
        if (!parse_network(one, net, &bits))
            return false;
    return true;
}

void peer_forwarded(const char *forwarded, const char *proxies, uint8_t address[16])
{
    size_t end = forwarded ? strlen(forwarded) : 0;

    while (end && peer_in(address, proxies)) {
        char one[WORD];
        uint8_t said[16];
        unsigned bits;
        size_t from = end;

        while (from && forwarded[from - 1] != ',')
            from--;
        while (end > from && strchr(" \t", forwarded[end - 1]))
            end--;
        from += strspn(forwarded + from, " \t");
        if (from >= end || end - from >= WORD)
            return;
        snprintf(one, WORD, "%.*s", (int)(end - from), forwarded + from);
        if (strchr(one, '/') || !parse_network(one, said, &bits))
            return;
        memcpy(address, said, 16);
        while (from && forwarded[from - 1] != ',')
            from--;
        end = from ? from - 1 : 0;
    }
}
