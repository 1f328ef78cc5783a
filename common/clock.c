#include "common/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t system_real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t system_mono_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const struct clock clock_system = {system_real_ms, system_mono_us};

static _Atomic(const struct clock *) current = &clock_system;

void clock_use(const struct clock *c)
{
    atomic_store(&current, c ? c : &clock_system);
}

int64_t clock_real_ms(void)
{
    return atomic_load(&current)->real_ms();
}

int64_t clock_mono_us(void)
{
    return atomic_load(&current)->mono_us();
}

struct stamp clock_now(void)
{
    return (struct stamp){clock_real_ms()};
}

/* 9999-12-31T23:59:59.999Z */
#define STAMP_MAX INT64_C(253402300799999)

const char *stamp_text(struct stamp t, char out[STAMP_TEXT])
{
    time_t sec = (time_t)(t.ms / 1000);
    int ms = (int)(t.ms % 1000);
    struct tm tm;
    size_t n;

    out[0] = '\0';
    if (t.ms <= 0 || t.ms > STAMP_MAX || !gmtime_r(&sec, &tm))
        return out;
    n = strftime(out, STAMP_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, STAMP_TEXT - n, ".%03dZ", ms);
    return out;
}

/* Exactly n digits, their value; -1 otherwise. */
static int digits(const char **at, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return -1;
        v = v * 10 + (**at - '0');
    }
    return v;
}

/* "Z", "+hh:mm" or "-hh:mm" to minutes. */
static bool parse_offset(const char **at, int *minutes)
{
    int sign = **at == '-' ? -1 : 1;
    int h, m;

    *minutes = 0;
    if (**at == 'Z' || **at == 'z') {
        ++*at;
        return true;
    }
    if (**at != '+' && **at != '-')
        return false;
    ++*at;
    h = digits(at, 2);
    if (h < 0 || h > 23 || *(*at)++ != ':')
        return false;
    m = digits(at, 2);
    if (m < 0 || m > 59)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

/* ".5", at least one digit; what is finer than a millisecond is dropped. */
static bool parse_fraction(const char **at, int *ms)
{
    int scale = 100;

    *ms = 0;
    if (**at != '.')
        return true;
    ++*at;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; ++*at, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

static bool parse_clock(const char **at, struct tm *tm)
{
    if (**at != 'T' && **at != 't' && **at != ' ')
        return false;
    ++*at;
    tm->tm_hour = digits(at, 2);
    if (tm->tm_hour < 0 || tm->tm_hour > 23 || *(*at)++ != ':')
        return false;
    tm->tm_min = digits(at, 2);
    if (tm->tm_min < 0 || tm->tm_min > 59 || *(*at)++ != ':')
        return false;
    tm->tm_sec = digits(at, 2);
    return tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

static bool parse_date(const char **at, struct tm *tm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = digits(at, 4), mon, day;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

    if (y < 1970 || *(*at)++ != '-')
        return false;
    mon = digits(at, 2);
    if (mon < 1 || mon > 12 || *(*at)++ != '-')
        return false;
    day = digits(at, 2);
    if (day < 1 || day > days[mon - 1] + (mon == 2 && leap))
        return false;
    tm->tm_year = y - 1900;
    tm->tm_mon = mon - 1;
    tm->tm_mday = day;
    return true;
}

bool stamp_parse(const char *text, struct stamp *out)
{
    struct tm tm = {0};
    int ms = 0, minutes = 0;
    int64_t t;

    if (!parse_date(&text, &tm))
        return false;
    if (*text && (!parse_clock(&text, &tm) || !parse_fraction(&text, &ms) ||
                  !parse_offset(&text, &minutes) || *text))
        return false;
    t = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * 1000 + ms;
    if (t <= 0 || t > STAMP_MAX) /* an offset leads beyond what can be written */
        return false;
    out->ms = t;
    return true;
}
