/* The one thing of GnuTLS that has nothing to do with TLS. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "server/tls.h"

void tls_hmac_sha1(const void *key, size_t key_len, const void *data, size_t n, uint8_t out[20])
{
    /* It fails for want of memory only; a code made of nothing must not be one that fits. */
    if (gnutls_hmac_fast(GNUTLS_MAC_SHA1, key, key_len, data, n, out))
        abort();
}
