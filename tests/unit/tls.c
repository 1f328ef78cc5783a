/* The certificate the first start makes: it works, it is unique, and its pin is libcurl's. */
#include "server/tls.h"

#include "tests/test.h"

/* openssl req -x509 ...; the pin by
 * openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary |
 * base64 */
static const char known_cert[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdzCCAR2gAwIBAgIUCIazJMT/fS/jlYOpJ+tmiOIOQW4wCgYIKoZIzj0EAwIw\n"
    "EDEOMAwGA1UEAwwFa25vd24wIBcNMjYxMTI0MTAxMDMwWhgPMjA4MTA4MjcxMDEw\n"
    "MzBaMBAxDjAMBgNVBAMMBWtub3duMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "WiDUfCLqYivuWW7nj1NrjZ7UUMHABtYFxK0cahA3v/YHIs3Qe5ZNOh/pnPdjItaq\n"
    "zRrRb9tmmXBBMOg4AehIbKNTMFEwHQYDVR0OBBYEFA9esAhcMK7Vc4hAAGJN48vl\n"
    "rxmVMB8GA1UdIwQYMBaAFA9esAhcMK7Vc4hAAGJN48vlrxmVMA8GA1UdEwEB/wQF\n"
    "MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgQRT/OMU1gsxwa7VDYGVxh7potl5Sh5tm\n"
    "WbqNhC8qVzECIQDR6UjZ42ProYOxzf6eKG0dxfxMfa1ShGP1hQmSsEDsng==\n"
    "-----END CERTIFICATE-----\n";
static const char known_pin[] = "sha256//yPvcBj5ZC2w3rGTCp6+GMkKcmLMHy1IKplFq2fkXIy4=";

static void makes_a_pair_that_shakes_hands(void)
{
    struct arena *mem = arena_new();
    const char *key = NULL, *cert = NULL;

    CHECK(tls_make(mem, &key, &cert) == ERR_OK);
    CHECK(strncmp(key, "-----BEGIN PRIVATE KEY-----", 27) == 0);
    CHECK(strncmp(cert, "-----BEGIN CERTIFICATE-----", 27) == 0);
    CHECK(tls_self_test(key, cert) == ERR_OK);
    arena_free(mem);
}

static void a_pair_that_does_not_match_is_refused(void)
{
    struct arena *mem = arena_new();
    const char *key = NULL, *cert = NULL, *other = NULL, *unused = NULL;

    CHECK(tls_make(mem, &key, &cert) == ERR_OK);
    CHECK(tls_make(mem, &other, &unused) == ERR_OK);
    CHECK(strcmp(key, other) != 0);
    CHECK(tls_self_test(other, cert) == ERR_INVALID);
    CHECK(tls_self_test("nonsense", cert) == ERR_INVALID);
    arena_free(mem);
}

static void the_pin_is_the_one_that_curl_takes(void)
{
    struct arena *mem = arena_new();
    const char *pin = NULL;

    CHECK(tls_pin(mem, known_cert, &pin) == ERR_OK);
    CHECK(pin && strcmp(pin, known_pin) == 0);
    CHECK(tls_pin(mem, "nonsense", &pin) == ERR_INVALID);
    arena_free(mem);
}

static const struct test tests[] = {
    {"a made pair works", makes_a_pair_that_shakes_hands},
    {"a pair that does not match is refused", a_pair_that_does_not_match_is_refused},
    {"the pin is libcurl's", the_pin_is_the_one_that_curl_takes},
};

TEST_MAIN(tests)
