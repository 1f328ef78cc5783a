/*
 * The server's certificate: made at the first start, and the pin by which clients know it.  The
 * caller keeps the texts; the key is a secret.
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/mem.h"

/*
 * What both ends may negotiate (GnuTLS priority string): TLS 1.3 and 1.2, AEAD with ephemeral
 * elliptic curves only.  Signatures and groups must be named, else every handshake fails.
 */
#define TLS_PRIORITIES                                                                          \
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"               \
    ":+ECDHE-ECDSA:+ECDHE-RSA:+AEAD:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384"                      \
    ":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384"                                \
    ":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-SHA256:+SIGN-EDDSA-ED25519" \
    ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+COMP-ALL:+CTYPE-X509:%SERVER_PRECEDENCE"

/*
 * A new ECDSA P-256 key and a certificate signed by it, as PEM texts: for localhost, 127.0.0.1, ::1
 * and this machine's name, valid for 10 years.  errors: ERR_UNAVAILABLE (logged)
 */
enum err tls_make(struct arena *mem, const char **key_pem, const char **cert_pem) MUST_CHECK;

/*
 * "sha256//" and the base64 of SHA-256 of the certificate's SubjectPublicKeyInfo, as
 * CURLOPT_PINNEDPUBLICKEY takes it (RFC 7469 2.4).  errors: ERR_INVALID: not a certificate
 */
enum err tls_pin(struct arena *mem, const char *cert_pem, const char **pin) MUST_CHECK;

/*
 * One real handshake with this pair under TLS_PRIORITIES, in memory: a pair that does not match,
 * or that nothing can be negotiated with, loads without complaint and then fails every client.
 * errors: ERR_INVALID
 */
enum err tls_self_test(const char *key_pem, const char *cert_pem) MUST_CHECK;

/* HMAC-SHA1 (RFC 2104), for one-time codes; libsodium has none. */
void tls_hmac_sha1(const void *key, size_t key_len, const void *data, size_t n, uint8_t out[20]);

#endif
