#include "common/credits.h"

#include <inttypes.h>
#include <stdio.h>

const char *credits_text(struct credits c, char out[CREDITS_TEXT])
{
    const char *sign = c.hundredths < 0 ? "-" : "";
    uint64_t u = c.hundredths < 0 ? 0 - (uint64_t)c.hundredths : (uint64_t)c.hundredths;
    unsigned part = (unsigned)(u % 100);

    if (part == 0)
        snprintf(out, CREDITS_TEXT, "%s%" PRIu64, sign, u / 100);
    else if (part % 10 == 0)
        snprintf(out, CREDITS_TEXT, "%s%" PRIu64 ".%u", sign, u / 100, part / 10);
    else
        snprintf(out, CREDITS_TEXT, "%s%" PRIu64 ".%02u", sign, u / 100, part);
    return out;
}

const char *credits_word(struct credits c)
{
    return c.hundredths == 100 ? "credit" : "credits";
}

bool credits_parse(const char *text, struct credits *out)
{
    bool minus = *text == '-';
    int64_t v = 0;
    int decimals = 0;

    text += minus;
    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        v = v * 10 + (*text - '0');
        if (v > CREDITS_MAX / 100)
            return false;
    }
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && decimals < 2; text++, decimals++)
            v = v * 10 + (*text - '0');
        if (!decimals)
            return false;
    }
    for (; decimals < 2; decimals++)
        v *= 10;
    if (*text || v > CREDITS_MAX)
        return false;
    out->hundredths = minus ? -v : v;
    return true;
}
