/* From a path to a row, and networks of addresses. */
#include <arpa/inet.h>
#include <string.h>

#include "server/router.h"

/* The segment at *at (after its slash), and where the next begins. */
static bool next_segment(const char **at, const char **segment, size_t *n)
{
    if (**at != '/')
        return false;
    *segment = *at + 1;
    *n = strcspn(*segment, "/");
    *at = *segment + *n;
    return true;
}

/* 0: no match; else the higher, the more segments are literal, the earlier the more they weigh. */
static unsigned match(const char *pattern, const char *path)
{
    unsigned score = 1;
    const char *p, *s;
    size_t pn, sn;

    while (*pattern && *path) {
        if (!next_segment(&pattern, &p, &pn) || !next_segment(&path, &s, &sn) || !sn)
            return 0;
        score *= 2;
        if (p[0] == ':')
            continue;
        if (pn != sn || memcmp(p, s, pn) != 0)
            return 0;
        score++;
    }
    return *pattern || *path ? 0 : score;
}

static void keep_params(struct request *r, const char *pattern, const char *path)
{
    const char *p, *s;
    size_t pn, sn, n = 0;

    while (next_segment(&pattern, &p, &pn) && next_segment(&path, &s, &sn))
        if (p[0] == ':' && n < PARAMS_MAX)
            r->params[n++] = arena_strndup(r->mem, s, sn);
}

static const char *allowed(struct request *r)
{
    const char *list = NULL;

    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *row = *t; row->method; row++)
            if (match(row->path, r->path))
                list = list ? arena_printf(r->mem, "%s, %s", list, row->method) : row->method;
    return list;
}

enum err router_find(struct request *r)
{
    unsigned best = 0, any = 0;

    for (const struct route *const *t = route_tables; *t; t++) {
        for (const struct route *row = *t; row->method; row++) {
            unsigned score = match(row->path, r->path);

            any |= score;
            if (score > best && strcmp(row->method, r->method) == 0) {
                best = score;
                r->route = row;
            }
        }
    }
    if (r->route) {
        keep_params(r, r->route->path, r->path);
        return ERR_OK;
    }
    if (!any)
        return ERR_NOT_FOUND;
    request_header_add(r, "Allow", allowed(r));
    return ERR_METHOD;
}

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

bool router_address_in(const uint8_t address[16], const char *networks)
{
    while (networks && *networks) {
        char one[64];
        uint8_t net[16];
        unsigned bits;
        size_t n;

        networks += strspn(networks, " \t,");
        n = strcspn(networks, " \t,");
        if (n && n < sizeof(one)) {
            memcpy(one, networks, n);
            one[n] = '\0';
            if (parse_network(one, net, &bits) && same_bits(address, net, bits))
                return true;
        }
        networks += n;
    }
    return false;
}
