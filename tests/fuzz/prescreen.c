/*
 * The header pre-screen against a strict reading of the raw bytes.  In front of it stands what
 * libmicrohttpd 0.9.75 does to a header section: lines end in LF, NULs end texts, a folded line is
 * glued to the name before it.  What the screen lets through must be what RFC 9112 says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/http_screen.h"

enum { PIECES = 64 };

/* The library's side */

struct split {
    char *at, *end; /* what is left */
    char *last, *value;
    char *folded[PIECES]; /* copies that the library would have in its pool */
    size_t n_folded;
};

static char *next_line(struct split *s, size_t *n)
{
    char *line = s->at, *lf = memchr(line, '\n', (size_t)(s->end - line));

    if (!lf)
        return NULL;
    s->at = lf + 1;
    *lf = '\0';
    *n = (size_t)(lf - line);
    if (lf > line && lf[-1] == '\r') {
        lf[-1] = '\0';
        --*n;
    }
    return line;
}

static bool split_header(struct split *s, char *line)
{
    char *colon = strchr(line, ':');

    if (!colon)
        return false;
    *colon = '\0';
    s->last = line;
    s->value = colon + 1 + strspn(colon + 1, " \t");
    return true;
}

static bool fold(struct split *s, const char *line)
{
    size_t n = strlen(s->last), more;
    char *copy;

    line += strspn(line, " \t");
    more = strlen(line);
    if (s->n_folded == PIECES)
        return false;
    copy = malloc(n + more + 1);
    if (!copy)
        abort();
    memcpy(copy, s->last, n);
    memcpy(copy + n, line, more + 1);
    s->folded[s->n_folded++] = s->last = copy;
    return true;
}

static bool split_headers(struct split *s, struct screen *screen)
{
    size_t n;

    for (char *line; (line = next_line(s, &n));) {
        if (s->last && (*line == ' ' || *line == '\t')) {
            if (!fold(s, line))
                return false;
            continue;
        }
        if (s->last)
            screen_header(screen, s->last, s->value);
        if (!*line)
            return true;
        if (!split_header(s, line))
            return false;
    }
    return false;
}

/* method, target and version; spare blanks are skipped as the library does. */
static bool split_line(struct split *s, char *piece[3])
{
    size_t n;
    char *line = next_line(s, &n), *to;

    if (!line || !n || !(piece[1] = memchr(line, ' ', n)))
        return false;
    to = line + n;
    piece[0] = line;
    *piece[1]++ = '\0';
    while (piece[1] < to && *piece[1] == ' ')
        piece[1]++;
    piece[2] = to - 1;
    while (piece[2] > piece[1] && *piece[2] == ' ')
        piece[2]--;
    while (piece[2] > piece[1] && *piece[2] != ' ')
        piece[2]--;
    if (piece[2] <= piece[1])
        return false;
    *piece[2]++ = '\0';
    return to - piece[2] == 8;
}

static bool lets_through(char *data, size_t n, size_t *length, const char **end)
{
    struct split s = {.at = data, .end = data + n};
    struct screen screen = {0};
    char *piece[3];
    bool fine = false;

    if (split_line(&s, piece)) {
        screen_line(&screen, piece[0], piece[1], strlen(piece[1]), piece[2]);
        fine = split_headers(&s, &screen) && screen_is_fine(&screen, s.at) &&
               screen_target_is_fine(piece[1]);
    }
    for (size_t i = 0; i < s.n_folded; i++)
        free(s.folded[i]);
    *length = screen.length;
    *end = s.at;
    return fine;
}

/* The strict side: bytes only. */

static bool is_token_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t tokens(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (i < n && is_token_byte(p[i]))
        i++;
    return i;
}

/* A CRLF; or a NUL and a LF, which the library leaves looking the same. */
static bool is_end(const uint8_t *p)
{
    return (p[0] == '\r' || p[0] == '\0') && p[1] == '\n';
}

/* The last line's end and the empty line: four bytes, by the same token. */
static bool is_tail(const uint8_t *p)
{
    for (int i = 0; i < 4; i++)
        if (p[i] != '\0' && p[i] != '\r' && p[i] != '\n')
            return false;
    return p[3] == '\n';
}

/* field-content up to its line's end; n: up to the end of the section */
static size_t until_end(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 4 <= n; i++) {
        if (i + 4 == n ? is_tail(p + i) : is_end(p + i))
            return i;
        if (p[i] != '\t' && (p[i] < 0x20 || p[i] == 0x7f))
            break;
    }
    abort();
}

static bool is_named(const uint8_t *p, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp((const char *)p, name, n) == 0;
}

static size_t number(const uint8_t *p, size_t n)
{
    size_t sum = 0;

    if (!n || n > 18)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            abort();
        sum = sum * 10 + (size_t)(p[i] - '0');
    }
    return sum;
}

struct seen {
    size_t hosts, lengths, codings, length;
};

/* "name: value"; how long it is with its end. */
static size_t read_header(const uint8_t *p, size_t n, struct seen *seen)
{
    size_t name = tokens(p, n), from = name + 1, to;

    if (!name || from > n || p[name] != ':')
        abort();
    to = from + until_end(p + from, n - from);
    while (from < to && (p[from] == ' ' || p[from] == '\t'))
        from++;
    seen->hosts += is_named(p, name, "host");
    if (is_named(p, name, "content-length")) {
        seen->lengths++;
        seen->length = number(p + from, to - from);
    }
    if (is_named(p, name, "transfer-encoding")) {
        seen->codings++;
        if (!is_named(p + from, to - from, "chunked"))
            abort();
    }
    return to + 2;
}

/* Abort unless the n bytes are a header section as RFC 9112 has it; the length it gives. */
static size_t read_strictly(const uint8_t *p, size_t n)
{
    size_t at = tokens(p, n);
    struct seen seen = {0};

    if (!at || at >= n || p[at++] != ' ' || at >= n || p[at] != '/')
        abort();
    while (at < n && p[at] > 0x20 && p[at] < 0x7f)
        at++;
    if (n - at < 11 || memcmp(p + at, " HTTP/1.1\r\n", 11) != 0)
        abort();
    at += 11;
    while (at + 2 < n)
        at += read_header(p + at, n - at, &seen);
    if (at + 2 != n || seen.hosts != 1 || seen.lengths + seen.codings > 1)
        abort();
    return seen.length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *copy = malloc(n + 1);
    size_t length;
    const char *end;

    if (!copy)
        return 0;
    if (n)
        memcpy(copy, data, n);
    copy[n] = '\0';
    if (lets_through(copy, n, &length, &end) && read_strictly(data, (size_t)(end - copy)) != length)
        abort();
    free(copy);
    return 0;
}
