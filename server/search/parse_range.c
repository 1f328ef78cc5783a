/* Numbers and dates of the grammar, and the ranges that they make. */
#include <string.h>
#include <strings.h>

#include "server/search/query.h"

#define EXPECTED_NUMBER "a number or a range is expected, such as 80, >=80 or 50..500"
#define EXPECTED_DATE "a date or a range is expected, such as 2026-01-31, 2026-01 or >2026-01-01"

enum { DAY_MS = 86400000 };

static const struct {
    enum facet facet;
    enum column column;
    const char *const *buckets; /* NULL: months, which are ranges themselves */
} columns[] = {
    {FACET_score, COLUMN_SCORE, band_buckets},
    {FACET_quality, COLUMN_QUALITY, band_buckets},
    {FACET_employees, COLUMN_EMPLOYEES, employees_buckets},
    {FACET_revenue, COLUMN_REVENUE, revenue_buckets},
    {FACET_updated, COLUMN_UPDATED, NULL},
};

bool range_column(enum facet f, enum column *out)
{
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
        if (columns[i].facet != f)
            continue;
        *out = columns[i].column;
        return true;
    }
    return false;
}

const char *range_bucket(enum facet f, const char *text)
{
    const char *const *names = NULL;

    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
        if (columns[i].facet == f)
            names = columns[i].buckets;
    for (; names && *names; names++)
        if (strcasecmp(*names, text) == 0)
            return *names;
    return NULL;
}

/* Digits, then K, M or B for money and people. */
static bool parse_number(enum column c, const char *text, int64_t *lo, int64_t *hi)
{
    static const char letters[] = "kmb";
    int64_t n = 0, times = 1;
    size_t i = 0;

    for (; text[i] >= '0' && text[i] <= '9' && i < 15; i++)
        n = n * 10 + (text[i] - '0');
    if (i == 0)
        return false;
    if (text[i] && (c == COLUMN_EMPLOYEES || c == COLUMN_REVENUE)) {
        const char *at = strchr(letters, text[i] | 0x20);

        for (ptrdiff_t power = at ? at - letters + 1 : 0; power; power--)
            times *= 1000;
        i += at != NULL;
    }
    if (text[i] || n > INT64_MAX / times)
        return false;
    *lo = *hi = n * times;
    return true;
}

/* The first and last millisecond of a day, a month or a moment. */
static bool parse_date(struct arena *mem, const char *text, int64_t *lo, int64_t *hi)
{
    size_t n = strlen(text);
    struct stamp from, to;

    if (n == 7) {
        if (!stamp_parse(arena_printf(mem, "%s-01", text), &from))
            return false;
        to.ms = from.ms + (int64_t)31 * DAY_MS;
        for (int day = 28; day < 31; day++) {
            struct stamp next;

            if (stamp_parse(arena_printf(mem, "%s-%d", text, day + 1), &next))
                continue;
            to.ms = from.ms + (int64_t)day * DAY_MS;
            break;
        }
    } else if (stamp_parse(text, &from)) {
        to.ms = from.ms + (n == 10 ? DAY_MS : 1);
    } else {
        return false;
    }
    *lo = from.ms;
    *hi = to.ms - 1;
    return true;
}

static bool parse_one(struct arena *mem, enum column c, const char *text, int64_t *lo, int64_t *hi)
{
    return c == COLUMN_UPDATED ? parse_date(mem, text, lo, hi) : parse_number(c, text, lo, hi);
}

/* A number at the operator's other side. */
static bool parse_compared(struct arena *mem, enum column c, const char *text, int64_t *lo,
                           int64_t *hi)
{
    bool more = *text == '>', equal = text[1] == '=';
    int64_t from, to;

    if (!parse_one(mem, c, text + 1 + equal, &from, &to))
        return false;
    if (more)
        *lo = equal ? from : to + (to < INT64_MAX);
    else
        *hi = equal ? to : from - 1;
    return true;
}

static bool parse_between(struct arena *mem, enum column c, const char *text, const char *dots,
                          int64_t *lo, int64_t *hi)
{
    const char *left = arena_strndup(mem, text, (size_t)(dots - text)), *right = dots + 2;
    int64_t unused;

    if (!*left && !*right)
        return false;
    return (!*left || parse_one(mem, c, left, lo, &unused)) &&
           (!*right || parse_one(mem, c, right, &unused, hi));
}

const char *range_parse(struct arena *mem, enum column c, const char *text, int64_t *lo,
                        int64_t *hi)
{
    /* 0 is unknown but for the bands, which everybody has */
    int64_t least = c == COLUMN_SCORE || c == COLUMN_QUALITY ? 0 : 1;
    const char *dots = strstr(text, "..");
    bool fine, between = false;

    *lo = least;
    *hi = INT64_MAX;
    if (*text == '>' || *text == '<') {
        fine = parse_compared(mem, c, text, lo, hi);
    } else if (dots) {
        fine = parse_between(mem, c, text, dots, lo, hi);
        between = dots != text && dots[2];
    } else {
        fine = parse_one(mem, c, text, lo, hi);
    }
    if (!fine)
        return c == COLUMN_UPDATED ? EXPECTED_DATE : EXPECTED_NUMBER;
    if (between && *lo > *hi)
        return "the smaller end of a range comes first";
    *lo = *lo > least ? *lo : least;
    return NULL;
}
