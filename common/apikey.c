#include "common/apikey.h"

#include <stddef.h>
#include <string.h>

static const char live[] = "lgp_live_", test_[] = "lgp_test_";
static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { PREFIX = sizeof(live) - 1, CHECKED = PREFIX + APIKEY_RANDOM };

static uint32_t crc32_of(const char *data, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= (uint8_t)data[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* The checksum of the first CHECKED characters, the last digit last. */
static void write_check(const char *text, char *out)
{
    uint32_t crc = crc32_of(text, CHECKED);

    for (int i = APIKEY_LEN - CHECKED; i--; crc /= APIKEY_BASE)
        out[i] = alphabet[crc % APIKEY_BASE];
}

void apikey_write(bool test, const uint8_t *digits, char out[APIKEY_LEN + 1])
{
    memcpy(out, test ? test_ : live, PREFIX);
    for (int i = 0; i < APIKEY_RANDOM; i++)
        out[PREFIX + i] = alphabet[digits[i]];
    write_check(out, out + CHECKED);
    out[APIKEY_LEN] = '\0';
}

bool apikey_begins(const char *text)
{
    return strncmp(text, live, PREFIX) == 0 || strncmp(text, test_, PREFIX) == 0;
}

bool apikey_is_whole(const char *text)
{
    char check[APIKEY_LEN - CHECKED];

    if (!apikey_begins(text) || strnlen(text, APIKEY_LEN + 1) != APIKEY_LEN ||
        strspn(text + PREFIX, alphabet) != APIKEY_LEN - PREFIX)
        return false;
    write_check(text, check);
    return memcmp(check, text + CHECKED, sizeof(check)) == 0;
}

bool apikey_is_test(const char *text)
{
    return strncmp(text, test_, PREFIX) == 0;
}

bool apikey_is_within(const char *text)
{
    return strstr(text, live) || strstr(text, test_);
}
