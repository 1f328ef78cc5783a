#include "common/uuid.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "common/clock.h"

static const uint8_t zero[16];

static void stamp_form(struct uuid *u, int64_t ms)
{
    for (int i = 0; i < 6; i++)
        u->b[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
    u->b[6] = (uint8_t)(0x70 | (u->b[6] & 0x0f));
    u->b[8] = (uint8_t)(0x80 | (u->b[8] & 0x3f));
}

/*
 * 12 bits of counter in rand_a (RFC 9562 6.2, method 1): it starts low each millisecond and, when
 * it runs over, borrows the next millisecond, so order never breaks.
 */
struct uuid uuid_new(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t last_ms;
    static unsigned counter;
    struct uuid u;
    int64_t now = clock_real_ms();

    randombytes_buf(u.b, sizeof(u.b));
    pthread_mutex_lock(&lock);
    if (now > last_ms) {
        last_ms = now;
        counter = u.b[7] & 0x7f;
    } else if (++counter > 0xfff) {
        last_ms++;
        counter = 0;
    }
    now = last_ms;
    u.b[6] = (uint8_t)(counter >> 8);
    u.b[7] = (uint8_t)counter;
    pthread_mutex_unlock(&lock);
    stamp_form(&u, now);
    return u;
}

struct uuid uuid_at(int64_t ms, const void *data, size_t n)
{
    struct uuid u;

    crypto_generichash(u.b, sizeof(u.b), data, n, NULL, 0);
    stamp_form(&u, ms);
    return u;
}

bool uuid_is_zero(const struct uuid *u)
{
    return memcmp(u->b, zero, sizeof(zero)) == 0;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof(a->b));
}

const char *uuid_text(const struct uuid *u, char out[UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[u->b[i] >> 4];
        *p++ = hex[u->b[i] & 15];
    }
    *p = '\0';
    return out;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool uuid_parse(const char *text, struct uuid *out)
{
    const char *p = text;

    for (int i = 0; i < 16; i++) {
        int hi, lo;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
            return false;
        hi = nibble(p[0]);
        lo = hi < 0 ? -1 : nibble(p[1]);
        if (lo < 0)
            return false;
        out->b[i] = (uint8_t)(hi << 4 | lo);
        p += 2;
    }
    return *p == '\0';
}
