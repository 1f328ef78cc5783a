/*
 * Time, through one table so that tests can move it.
 *
 * Leases, limits and time-outs follow the monotonic clock; only what people read follows the real
 * one.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A moment: milliseconds since 1970-01-01 UTC; 0 is "never". On the wire RFC 3339 in UTC. */
struct stamp {
    int64_t ms;
};

struct clock {
    int64_t (*real_ms)(void);
    int64_t (*mono_us)(void);
};

extern const struct clock clock_system;

/* The process's clock; NULL puts the system's back.  For tests and main only. */
void clock_use(const struct clock *c);

int64_t clock_real_ms(void);
int64_t clock_mono_us(void);
struct stamp clock_now(void);

enum { STAMP_TEXT = 25 };
/* "2026-11-24T08:38:21.123Z", or "" for never; returns out. */
const char *stamp_text(struct stamp t, char out[STAMP_TEXT]);
/*
 * RFC 3339 ("2026-11-24", "2026-11-24T08:38:21Z", with fraction and offset), after 1970-01-01
 * 00:00:00 and before the year 10000 in UTC.  False: not a time, and *out is as it was.
 */
bool stamp_parse(const char *text, struct stamp *out);

#endif
