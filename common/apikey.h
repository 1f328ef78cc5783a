/*
 * API keys as text, so that scanners and typing errors are found without asking the server:
 *
 *     lgp_live_ or lgp_test_      what it opens: the account, or made-up data
 *     43 characters of 0-9A-Za-z  random, 256 bits
 *     6 characters of the same    CRC-32 (RFC 1952 8) of all before, as a number of base 62
 *
 * In one expression: lgp_(live|test)_[0-9A-Za-z]{49}.
 */
#ifndef COMMON_APIKEY_H
#define COMMON_APIKEY_H

#include <stdbool.h>
#include <stdint.h>

enum { APIKEY_RANDOM = 43, APIKEY_LEN = 9 + APIKEY_RANDOM + 6, APIKEY_BASE = 62 };

/* digits: APIKEY_RANDOM numbers below APIKEY_BASE. */
void apikey_write(bool test, const uint8_t *digits, char out[APIKEY_LEN + 1]);
/* Is it one, by form and checksum?  Whether it is known is the server's to say. */
bool apikey_is_whole(const char *text);
bool apikey_is_test(const char *text);
/* Does the text begin like one, whole or not? */
bool apikey_begins(const char *text);
/* Is there something in it that begins like one? */
bool apikey_is_within(const char *text);

#endif
