#include "server/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "common/log.h"

enum { YEARS = 10, SERIAL = 16, PIPE_MAX = 64 * 1024, ROUNDS = 32 };

static void free_datum(void *data)
{
    gnutls_free(data);
}

/* A PEM text in the arena; the library's copy is wiped. */
static const char *take_text(struct arena *mem, gnutls_datum_t *d)
{
    const char *text;

    arena_defer(mem, free_datum, d->data);
    text = arena_strndup(mem, (const char *)d->data, d->size);
    gnutls_memset(d->data, 0, d->size);
    return text;
}

static int set_names(gnutls_x509_crt_t crt)
{
    static const unsigned char v4[4] = {127, 0, 0, 1};
    static const unsigned char v6[16] = {[15] = 1};
    char host[256] = "";
    int rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost",
                                           sizeof("localhost") - 1);

    if (!rc)
        rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost",
                                                  sizeof("localhost") - 1, GNUTLS_FSAN_SET);
    if (!rc)
        rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v4, sizeof(v4),
                                                  GNUTLS_FSAN_APPEND);
    if (!rc)
        rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v6, sizeof(v6),
                                                  GNUTLS_FSAN_APPEND);
    if (!rc && gethostname(host, sizeof(host) - 1) == 0 && host[0] &&
        strcmp(host, "localhost") != 0)
        rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
                                                  (unsigned)strlen(host), GNUTLS_FSAN_APPEND);
    return rc;
}

static int set_dates(gnutls_x509_crt_t crt)
{
    time_t now = time(NULL);
    /* A day of grace for clients whose clock is behind. */
    int rc = gnutls_x509_crt_set_activation_time(crt, now - 24 * 3600);

    return rc ? rc
              : gnutls_x509_crt_set_expiration_time(crt, now + (time_t)YEARS * 365 * 24 * 3600);
}

static int set_uses(gnutls_x509_crt_t crt)
{
    unsigned char serial[SERIAL];
    int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

    serial[0] &= 0x7f; /* positive, RFC 5280 4.1.2.2 */
    serial[0] |= 0x01;
    if (!rc)
        rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
    if (!rc)
        rc = gnutls_x509_crt_set_version(crt, 3);
    if (!rc)
        rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (!rc)
        rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    return rc ? rc : gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
    int rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                          GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);

    if (!rc)
        rc = gnutls_x509_crt_set_key(crt, key);
    if (!rc)
        rc = set_names(crt);
    if (!rc)
        rc = set_dates(crt);
    if (!rc)
        rc = set_uses(crt);
    return rc ? rc : gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

enum err tls_make(struct arena *mem, const char **key_pem, const char **cert_pem)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t crt = NULL;
    gnutls_datum_t key_text = {0}, cert_text = {0};
    int rc = gnutls_x509_privkey_init(&key);

    if (!rc)
        rc = gnutls_x509_crt_init(&crt);
    if (!rc)
        rc = fill(crt, key);
    if (!rc)
        rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                               &key_text);
    if (!rc)
        rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_text);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    if (key_text.data)
        *key_pem = take_text(mem, &key_text);
    if (cert_text.data)
        *cert_pem = take_text(mem, &cert_text);
    if (!rc)
        return ERR_OK;
    log_event(LOG_ERROR, "tls.make", LOG_STR("error", gnutls_strerror(rc)));
    return ERR_UNAVAILABLE;
}

static int key_hash(gnutls_x509_crt_t crt, const gnutls_datum_t *pem, unsigned char out[32])
{
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t der = {0};
    int rc = gnutls_x509_crt_import(crt, pem, GNUTLS_X509_FMT_PEM);

    if (!rc)
        rc = gnutls_pubkey_init(&key);
    if (!rc)
        rc = gnutls_pubkey_import_x509(key, crt, 0);
    if (!rc)
        rc = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
    if (!rc)
        rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, out);
    gnutls_pubkey_deinit(key);
    gnutls_free(der.data);
    return rc;
}

enum err tls_pin(struct arena *mem, const char *cert_pem, const char **pin)
{
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)cert_pem, (unsigned)strlen(cert_pem)};
    unsigned char hash[32];
    gnutls_datum_t raw = {hash, sizeof(hash)}, text = {0};
    gnutls_x509_crt_t crt = NULL;
    int rc = gnutls_x509_crt_init(&crt);

    if (!rc)
        rc = key_hash(crt, &pem, hash);
    gnutls_x509_crt_deinit(crt);
    if (!rc)
        rc = gnutls_base64_encode2(&raw, &text);
    if (rc)
        return ERR_INVALID;
    *pin = arena_printf(mem, "sha256//%.*s", (int)text.size, (char *)text.data);
    gnutls_free(text.data);
    return ERR_OK;
}

/* The bytes one side has sent and the other has not read yet. */
struct pipe {
    unsigned char data[PIPE_MAX];
    size_t from, to;
};

struct end {
    struct pipe *in, *out;
    gnutls_session_t session;
    gnutls_certificate_credentials_t creds;
};

static ssize_t push(gnutls_transport_ptr_t at, const void *data, size_t n)
{
    struct end *e = at;

    if (n > PIPE_MAX - e->out->to)
        n = PIPE_MAX - e->out->to;
    memcpy(e->out->data + e->out->to, data, n);
    e->out->to += n;
    return (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t at, void *data, size_t n)
{
    struct end *e = at;
    size_t have = e->in->to - e->in->from;

    if (have == 0) {
        gnutls_transport_set_errno(e->session, EAGAIN);
        return -1;
    }
    n = n < have ? n : have;
    memcpy(data, e->in->data + e->in->from, n);
    e->in->from += n;
    return (ssize_t)n;
}

static int pull_ready(gnutls_transport_ptr_t at, unsigned ms)
{
    struct end *e = at;

    (void)ms;
    return e->in->to > e->in->from;
}

static int end_init(struct end *e, unsigned side, struct pipe *in, struct pipe *out)
{
    int rc = gnutls_init(&e->session, side | GNUTLS_NONBLOCK);

    e->in = in;
    e->out = out;
    if (!rc)
        rc = gnutls_certificate_allocate_credentials(&e->creds);
    if (!rc)
        rc = gnutls_priority_set_direct(e->session, TLS_PRIORITIES, NULL);
    if (!rc)
        rc = gnutls_credentials_set(e->session, GNUTLS_CRD_CERTIFICATE, e->creds);
    if (rc)
        return rc;
    gnutls_transport_set_ptr(e->session, e);
    gnutls_transport_set_push_function(e->session, push);
    gnutls_transport_set_pull_function(e->session, pull);
    gnutls_transport_set_pull_timeout_function(e->session, pull_ready);
    return 0;
}

static void end_release(struct end *e)
{
    if (e->session)
        gnutls_deinit(e->session);
    if (e->creds)
        gnutls_certificate_free_credentials(e->creds);
}

static int shake(struct end *client, struct end *server)
{
    int c = GNUTLS_E_AGAIN, s = GNUTLS_E_AGAIN;

    for (int i = 0; i < ROUNDS && (c || s); i++) {
        if (c)
            c = gnutls_handshake(client->session);
        if (s)
            s = gnutls_handshake(server->session);
        if ((c && gnutls_error_is_fatal(c)) || (s && gnutls_error_is_fatal(s)))
            break;
    }
    return s ? s : c;
}

enum err tls_self_test(const char *key_pem, const char *cert_pem)
{
    gnutls_datum_t key = {(unsigned char *)(uintptr_t)key_pem, (unsigned)strlen(key_pem)};
    gnutls_datum_t cert = {(unsigned char *)(uintptr_t)cert_pem, (unsigned)strlen(cert_pem)};
    struct pipe *pipes = calloc(2, sizeof(*pipes));
    struct end client = {0}, server = {0};
    int rc = pipes ? 0 : GNUTLS_E_MEMORY_ERROR;

    if (!rc)
        rc = end_init(&client, GNUTLS_CLIENT, &pipes[0], &pipes[1]);
    if (!rc)
        rc = end_init(&server, GNUTLS_SERVER, &pipes[1], &pipes[0]);
    if (!rc)
        rc = gnutls_certificate_set_x509_key_mem(server.creds, &cert, &key, GNUTLS_X509_FMT_PEM);
    if (!rc)
        rc = shake(&client, &server);
    end_release(&client);
    end_release(&server);
    free(pipes);
    if (rc)
        log_event(LOG_ERROR, "tls.self_test", LOG_STR("error", gnutls_strerror(rc)));
    return rc ? ERR_INVALID : ERR_OK;
}
