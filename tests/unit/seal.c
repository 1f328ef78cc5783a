#include "server/seal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

static char dir[] = "/tmp/seal-XXXXXX";
static char keys[64], ring_path[80];

static const struct seal_place place = {"profile", "email", {{1}}, {{2}}};

static struct seal *open_ring(void)
{
    struct problem why = {0};
    struct seal *s = NULL;

    CHECK(seal_open(keys, &s, &why) == ERR_OK);
    CHECK_STR(why.text, "");
    return s;
}

static void write_ring(uint8_t *data, size_t n)
{
    struct seal_digest d;
    FILE *f = fopen(ring_path, "wb");

    seal_digest_begin(&d);
    seal_digest_add(&d, data, n);
    seal_digest_end(&d, data + n);
    CHECK(f && fwrite(data, 1, n + 32, f) == n + 32 && fclose(f) == 0);
}

static bool opens(const struct seal *s, const struct seal_place *at, const uint8_t *in, size_t n,
                  const char *want)
{
    uint8_t out[256] = {0};

    return seal_open_value(s, at, in, n, out) == ERR_OK &&
           memcmp(out, want, n - SEAL_OVERHEAD) == 0;
}

static void opens_what_it_closed(void)
{
    struct seal *s = open_ring();
    uint8_t a[6 + SEAL_OVERHEAD], b[6 + SEAL_OVERHEAD], none[SEAL_OVERHEAD];

    seal_close_value(s, &place, "secret", 6, a);
    seal_close_value(s, &place, "secret", 6, b);
    seal_close_value(s, &place, "", 0, none);
    CHECK(memcmp(a, b, sizeof(a)) != 0); /* the nonce is random */
    CHECK(opens(s, &place, a, sizeof(a), "secret"));
    CHECK(opens(s, &place, b, sizeof(b), "secret"));
    CHECK(opens(s, &place, none, sizeof(none), ""));
    seal_close(s);
    s = open_ring(); /* the same ring again */
    CHECK(opens(s, &place, a, sizeof(a), "secret"));
    seal_close(s);
}

static void refuses_every_altered_byte(void)
{
    struct seal *s = open_ring();
    uint8_t a[6 + SEAL_OVERHEAD], out[6];

    seal_close_value(s, &place, "secret", 6, a);
    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] ^= 1;
        CHECK(seal_open_value(s, &place, a, sizeof(a), out) == ERR_INVALID);
        a[i] ^= 1;
    }
    for (size_t n = 0; n < sizeof(a); n++)
        CHECK(seal_open_value(s, &place, a, n, out) == ERR_INVALID);
    CHECK(seal_open_value(s, &place, a, sizeof(a), out) == ERR_OK);
    seal_close(s);
}

static void refuses_another_place(void)
{
    struct seal *s = open_ring();
    struct seal_place table = place, column = place, row = place, account = place, shifted = place;
    uint8_t a[6 + SEAL_OVERHEAD], out[6];

    table.table = "company";
    column.column = "phone";
    row.row.b[15] ^= 1;
    account.account.b[0] ^= 1;
    shifted.table = "profil";
    shifted.column = "eemail";
    seal_close_value(s, &place, "secret", 6, a);
    CHECK(seal_open_value(s, &table, a, sizeof(a), out) == ERR_INVALID);
    CHECK(seal_open_value(s, &column, a, sizeof(a), out) == ERR_INVALID);
    CHECK(seal_open_value(s, &row, a, sizeof(a), out) == ERR_INVALID);
    CHECK(seal_open_value(s, &account, a, sizeof(a), out) == ERR_INVALID);
    CHECK(seal_open_value(s, &shifted, a, sizeof(a), out) == ERR_INVALID);
    seal_close(s);
}

static void hashes_by_purpose(void)
{
    struct seal *s = open_ring();
    uint8_t a[32], b[32], c[32];

    seal_hash(s, SEAL_BLIND, "x", 1, a, sizeof(a));
    seal_hash(s, SEAL_BLIND, "x", 1, b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) == 0);
    for (int p = SEAL_IDENTITY; p <= SEAL_ADDRESS; p++) {
        seal_hash(s, (enum seal_purpose)p, "x", 1, c, sizeof(c));
        CHECK(memcmp(a, c, sizeof(a)) != 0);
    }
    seal_close(s);
    s = open_ring();
    seal_hash(s, SEAL_BLIND, "x", 1, b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) == 0);
    seal_close(s);
}

static void a_new_key_seals_and_the_old_one_still_opens(void)
{
    struct seal *before = open_ring(), *after;
    struct problem why;
    uint8_t old[6 + SEAL_OVERHEAD], new[6 + SEAL_OVERHEAD], out[6], h1[16], h2[16];
    uint32_t ids[SEAL_KEYS];

    seal_close_value(before, &place, "secret", 6, old);
    seal_hash(before, SEAL_BLIND, "x", 1, h1, sizeof(h1));
    CHECK(seal_rotate(keys, &why) == ERR_OK);
    after = open_ring();
    seal_close_value(after, &place, "secret", 6, new);
    seal_hash(after, SEAL_BLIND, "x", 1, h2, sizeof(h2));
    CHECK(memcmp(old + 1, new + 1, 4) != 0); /* the key's id */
    CHECK(opens(after, &place, old, sizeof(old), "secret"));
    CHECK(opens(after, &place, new, sizeof(new), "secret"));
    CHECK(seal_open_value(before, &place, new, sizeof(new), out) == ERR_INVALID);
    CHECK(memcmp(h1, h2, sizeof(h1)) != 0);
    CHECK(seal_hash_is(after, SEAL_BLIND, "x", 1, h1, sizeof(h1)));
    CHECK(seal_hash_is(after, SEAL_BLIND, "x", 1, h2, sizeof(h2)));
    CHECK(!seal_hash_is(after, SEAL_TOKEN, "x", 1, h1, sizeof(h1)));
    CHECK(!seal_hash_is(before, SEAL_BLIND, "x", 1, h2, sizeof(h2)));
    CHECK(seal_reload(before, keys, &why) == ERR_OK); /* the running one takes it up */
    CHECK(seal_newest(before) == seal_newest(after) && seal_live(before, false, ids) == 2);
    CHECK(opens(before, &place, new, sizeof(new), "secret"));
    CHECK(seal_reload(before, "/tmp/nowhere/keys", &why) != ERR_OK);
    memcpy(new + 1, old + 1, 4); /* another key's id on it */
    CHECK(seal_open_value(after, &place, new, sizeof(new), out) == ERR_INVALID);
    seal_close(before);
    seal_close(after);
}

/* Gone for all but its public half; the newest is never. */
static void a_removed_key_opens_nothing(void)
{
    struct seal *s = open_ring(), *again;
    uint8_t old[6 + SEAL_OVERHEAD], out[6], hash[16], digest[SEAL_DIGEST] = {3};
    uint8_t signature[SEAL_SIGNATURE], public_key[SEAL_PUBLIC];
    uint32_t ids[SEAL_KEYS], id, first = seal_newest(s);
    struct seal_key info;
    struct problem why;
    size_t n;

    seal_close_value(s, &place, "secret", 6, old);
    seal_hash(s, SEAL_TOKEN, "x", 1, hash, sizeof(hash));
    seal_sign(s, first, digest, signature);
    CHECK(seal_rotate(keys, &why) == ERR_OK && seal_reload(s, keys, &why) == ERR_OK);
    n = seal_live(s, false, ids);
    CHECK(opens(s, &place, old, sizeof(old), "secret"));
    CHECK(seal_remove(s, keys, first, &why) == ERR_OK);
    CHECK(seal_remove(s, keys, seal_newest(s), &why) == ERR_OK);
    again = open_ring();
    for (int i = 0; i < 2; i++) {
        const struct seal *at = i ? again : s;

        CHECK(seal_live(at, false, ids) == n - 1 && ids[n - 2] == seal_newest(s));
        CHECK(seal_open_value(at, &place, old, sizeof(old), out) == ERR_INVALID);
        CHECK(!seal_hash_is(at, SEAL_TOKEN, "x", 1, hash, sizeof(hash)));
        CHECK(!seal_hash_under(at, first, SEAL_TOKEN, "x", 1, hash, sizeof(hash)));
        for (size_t k = 0; seal_public_key(at, k, &id, public_key); k++)
            CHECK(seal_verify(public_key, digest, signature) == (id == first));
        CHECK(seal_key_info(at, first - 1, &info) && info.id == first && info.removed.ms);
    }
    seal_close(again);
    seal_close(s);
}

/* As releases before the dates have written it. */
static void reads_a_ring_of_the_first_format(void)
{
    struct seal *s = open_ring(), *old;
    uint8_t value[6 + SEAL_OVERHEAD], data[4096], *p = data + 8;
    struct seal_key info;
    FILE *f = fopen(ring_path, "rb");
    uint8_t ring[8192];
    size_t n = fread(ring, 1, sizeof(ring), f), keys_n = (n - 8 - 32) / 84;

    fclose(f);
    CHECK(n > 40 && (n - 40) % 84 == 0 && memcmp(ring, "LGRING2\n", 8) == 0);
    seal_close_value(s, &place, "secret", 6, value);
    memcpy(data, "LGRING1\n", 8);
    for (size_t i = 0; i < keys_n; i++, p += 36) {
        memcpy(p, ring + 8 + i * 84, 4);
        memcpy(p + 4, ring + 8 + i * 84 + 20, 32);
    }
    write_ring(data, (size_t)(p - data));
    old = open_ring();
    CHECK(opens(old, &place, value, sizeof(value), "secret"));
    CHECK(seal_key_info(old, 0, &info) && info.id == 1 && !info.created.ms);
    CHECK(seal_key_info(old, keys_n - 1, &info) && info.created.ms && !info.superseded.ms);
    seal_close(old);
    seal_close(s);
}

static void refused(const char *say)
{
    struct problem why = {0};
    struct seal *s = NULL;

    CHECK(seal_open(keys, &s, &why) == ERR_INVALID && !s);
    CHECK_STR(why.field, "keys");
    if (!strstr(why.text, say))
        fprintf(stderr, "said: %s\n", why.text);
    CHECK(strstr(why.text, say) != NULL);
}

static void is_private_or_refused(void)
{
    struct stat st;

    seal_close(open_ring());
    CHECK(stat(keys, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK(stat(ring_path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(chmod(keys, 0750) == 0);
    refused("its mode must be 0700");
    CHECK(chmod(keys, 0700) == 0 && chmod(ring_path, 0644) == 0);
    refused("its mode must be 0600");
    CHECK(chmod(ring_path, 0600) == 0);
    if (geteuid() == 0) { /* only root can give a file away */
        CHECK(chown(ring_path, 1, 1) == 0);
        refused("belongs to another user");
        CHECK(chown(ring_path, 0, 0) == 0);
    }
    seal_close(open_ring());
}

static void damage_is_said_and_never_mended(void)
{
    uint8_t data[4096], back[4096];
    int fd = open(ring_path, O_RDWR);
    ssize_t n = read(fd, data, sizeof(data));

    CHECK(n > 64);
    for (ssize_t i = 0; i < n; i += 7) {
        uint8_t byte = (uint8_t)(data[i] ^ 0x10);

        CHECK(pwrite(fd, &byte, 1, i) == 1);
        refused("damaged");
        CHECK(pwrite(fd, &data[i], 1, i) == 1);
    }
    CHECK(ftruncate(fd, n - 1) == 0);
    refused("damaged");
    CHECK(ftruncate(fd, 0) == 0);
    refused("damaged");
    CHECK(pread(fd, back, sizeof(back), 0) == 0);
    CHECK(pwrite(fd, data, (size_t)n, 0) == n);
    close(fd);
    seal_close(open_ring());
}

static const struct test tests[] = {
    {"opens what it closed", opens_what_it_closed},
    {"refuses every altered byte", refuses_every_altered_byte},
    {"refuses another place", refuses_another_place},
    {"hashes by purpose", hashes_by_purpose},
    {"a new key seals and the old one still opens", a_new_key_seals_and_the_old_one_still_opens},
    {"a removed key opens nothing", a_removed_key_opens_nothing},
    {"reads a ring of the first format", reads_a_ring_of_the_first_format},
    {"is private or refused", is_private_or_refused},
    {"damage is said and never mended", damage_is_said_and_never_mended},
};

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    snprintf(keys, sizeof(keys), "%s/db.keys", dir);
    snprintf(ring_path, sizeof(ring_path), "%s/ring", keys);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s seal: %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
    }
    unlink(ring_path);
    rmdir(keys);
    rmdir(dir);
    return failed_checks != 0;
}
