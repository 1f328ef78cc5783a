/* base64url without padding (RFC 4648 5), one spelling for each value. */
#include <sodium.h>
#include <string.h>

#include "server/auth_private.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64_text(struct arena *mem, const void *data, size_t n)
{
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(mem, size);

    return sodium_bin2base64(out, size, data, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* libsodium 1.0.18 takes some bytes above 0x7f for letters: it is not asked about them. */
bool base64_bytes(const char *text, size_t n, uint8_t *out, size_t max, size_t *len)
{
    return strspn(text, alphabet) >= n &&
           sodium_base642bin(out, max, text, n, NULL, len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}
