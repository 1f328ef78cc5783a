#include "server/counts.h"

#include <string.h>

enum { HEAD = 8, ID = 16, ROW = 24 };

static int64_t load(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return (int64_t)v;
}

static void save(uint8_t *p, int64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)((uint64_t)value >> 8 * i);
}

/* The first row that is not below the id. */
static size_t find(const uint8_t *data, size_t n, const struct uuid *of)
{
    size_t low = 0, high = n < HEAD ? 0 : (n - HEAD) / ROW;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (memcmp(data + HEAD + mid * ROW, of->b, ID) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return HEAD + low * ROW;
}

static bool is_at(const uint8_t *data, size_t n, size_t at, const struct uuid *of)
{
    return at + ROW <= n && memcmp(data + at, of->b, ID) == 0;
}

int64_t counts_get(const struct bytes *b, int64_t period, const struct uuid *of)
{
    size_t at;

    if (b->n < HEAD || load(b->p) < period)
        return 0;
    at = find(b->p, b->n, of);
    return is_at(b->p, b->n, at, of) ? load(b->p + at + ID) : 0;
}

static bool insert(uint8_t *data, size_t *n, size_t at, const struct uuid *of, int64_t value)
{
    if ((*n - HEAD) / ROW >= COUNTS_MOST)
        return false;
    memmove(data + at + ROW, data + at, *n - at);
    memcpy(data + at, of->b, ID);
    save(data + at + ID, value);
    *n += ROW;
    return true;
}

bool counts_add(uint8_t *data, size_t *n, int64_t period, const struct uuid *of, int64_t by,
                int64_t most)
{
    bool is_new_period = *n < HEAD || load(data) < period;
    size_t size = is_new_period ? HEAD : *n, at;
    int64_t sum, now = 0;
    bool known;

    at = is_new_period ? HEAD : find(data, size, of);
    known = is_at(data, size, at, of);
    if (known)
        now = load(data + at + ID);
    if (__builtin_add_overflow(now, by, &sum) || (by > 0 && sum > most))
        return false;
    sum = sum < 0 ? 0 : sum;
    if (is_new_period)
        save(data, period);
    *n = size;
    if (known)
        save(data + at + ID, sum);
    return known || !sum || insert(data, n, at, of, sum) || most == INT64_MAX;
}
