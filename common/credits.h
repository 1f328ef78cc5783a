/*
 * Credits: whole hundredths in memory and in the store, exact decimals of whole credits ("1",
 * "0.5") on the wire, on the command line and on the screen.  No floats near money.
 */
#ifndef COMMON_CREDITS_H
#define COMMON_CREDITS_H

#include <stdbool.h>
#include <stdint.h>

struct credits {
    int64_t hundredths;
};

/* Largest amount that is accepted or kept: 10^12 credits. */
#define CREDITS_MAX INT64_C(100000000000000)

enum { CREDITS_TEXT = 24 };

/* "12480", "0.5", "-3"; returns out. */
const char *credits_text(struct credits c, char out[CREDITS_TEXT]);
/* "credit" for exactly one, else "credits". */
const char *credits_word(struct credits c);
/* An optional minus, digits, at most two decimals, nothing else; within +-CREDITS_MAX. */
bool credits_parse(const char *text, struct credits *out);

#endif
