/*
 * The file of the ring, DIR.keys/ring: a magic, the keys oldest first, and a checksum.  Version 1
 * had of each key its id and itself; version 2 has also when it was made and removed, and what of
 * it outlives it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/seal_private.h"

enum {
    KEY = SEAL_KEY,
    ENTRY_1 = 4 + KEY,
    ENTRY_2 = 4 + 8 + 8 + KEY + SEAL_PUBLIC,
    MAGIC = 8,
    CHECKSUM = 32,
    RING_MAX = MAGIC + SEAL_KEYS * ENTRY_2 + CHECKSUM,
};

static const uint8_t magic_1[MAGIC + 1] = "LGRING1\n", magic_2[MAGIC + 1] = "LGRING2\n";

static void put64(uint8_t *p, int64_t n)
{
    seal_put32(p, (uint32_t)((uint64_t)n >> 32));
    seal_put32(p + 4, (uint32_t)n);
}

static int64_t get64(const uint8_t *p)
{
    return (int64_t)((uint64_t)seal_get32(p) << 32 | seal_get32(p + 4));
}

static size_t ring_write(const struct ring *r, uint8_t out[RING_MAX])
{
    uint8_t *p = out;

    memcpy(p, magic_2, MAGIC);
    p += MAGIC;
    for (size_t i = 0; i < r->n; i++, p += ENTRY_2) {
        seal_put32(p, r->keys[i].id);
        put64(p + 4, r->keys[i].created);
        put64(p + 12, r->keys[i].removed);
        memcpy(p + 20, r->keys[i].key, KEY);
        memcpy(p + 20 + KEY, r->keys[i].public_key, SEAL_PUBLIC);
    }
    crypto_generichash(p, CHECKSUM, out, (size_t)(p - out), NULL, 0);
    return (size_t)(p - out) + CHECKSUM;
}

/* The public half of the pair that signs the audit log. */
static void fill_public(struct ring_key *k)
{
    uint8_t seed[KEY], secret_key[crypto_sign_SECRETKEYBYTES];

    seal_derive(k->key, SEAL_PURPOSE_AUDIT, seed);
    crypto_sign_seed_keypair(k->public_key, secret_key, seed);
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(secret_key, sizeof(secret_key));
}

static void read_entry(const uint8_t *p, bool second, struct ring_key *k)
{
    *k = (struct ring_key){.id = seal_get32(p)};
    if (second) {
        k->created = get64(p + 4);
        k->removed = get64(p + 12);
        memcpy(k->public_key, p + 20 + KEY, SEAL_PUBLIC);
    }
    memcpy(k->key, p + (second ? 20 : 4), KEY);
    if (!second)
        fill_public(k);
}

static bool ring_read(const uint8_t *data, size_t len, struct ring *out)
{
    bool second = len > MAGIC && memcmp(data, magic_2, MAGIC) == 0;
    size_t entry = second ? ENTRY_2 : ENTRY_1, body;
    uint8_t sum[CHECKSUM];

    if (len < MAGIC + entry + CHECKSUM || (len - MAGIC - CHECKSUM) % entry != 0)
        return false;
    body = len - CHECKSUM;
    crypto_generichash(sum, sizeof(sum), data, body, NULL, 0);
    if ((!second && memcmp(data, magic_1, MAGIC) != 0) ||
        sodium_memcmp(sum, data + body, CHECKSUM) != 0)
        return false;
    out->n = (body - MAGIC) / entry;
    if (out->n > SEAL_KEYS)
        return false;
    for (size_t i = 0; i < out->n; i++)
        read_entry(data + MAGIC + i * entry, second, &out->keys[i]);
    return !out->keys[out->n - 1].removed;
}

bool ring_add(struct ring *r)
{
    struct ring_key *k = &r->keys[r->n];

    if (r->n == SEAL_KEYS)
        return false;
    *k = (struct ring_key){.id = r->n ? r->keys[r->n - 1].id + 1 : 1, .created = clock_real_ms()};
    randombytes_buf(k->key, KEY);
    fill_public(k);
    r->n++;
    return true;
}

static enum err fault(struct problem *why, const char *what)
{
    return problem_set(why, "keys", "%s: %s", what, strerror(errno));
}

/*
 * Ours and nobody else's; a sentence otherwise.  Root may own it, and then give a group leave to
 * read: that is how a service manager hands credentials to a user (systemd.exec(5)).
 */
static enum err check_private(const struct stat *st, const char *what, struct problem *why)
{
    bool given = st->st_uid == 0 && geteuid() != 0;

    if (st->st_uid != geteuid() && !given)
        return problem_set(why, "keys", "%s belongs to another user", what);
    if (st->st_mode & (given ? 027 : 077))
        return problem_set(why, "keys", "%s is open to other users; its mode must be %s", what,
                           S_ISDIR(st->st_mode) ? "0700" : "0600");
    return ERR_OK;
}

static enum err open_dir(const char *path, int *out, struct problem *why)
{
    struct stat st;
    int fd;

    if (mkdir(path, 0700) && errno != EEXIST)
        return fault(why, "the key directory cannot be made");
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fault(why, "the key directory cannot be opened");
    if (fstat(fd, &st) || check_private(&st, "the key directory", why)) {
        close(fd);
        return ERR_INVALID;
    }
    *out = fd;
    return ERR_OK;
}

/* errors: ERR_NOT_FOUND without a file, ERR_INVALID */
enum err ring_load(int dir, struct ring *out, struct problem *why)
{
    uint8_t data[RING_MAX + 1];
    struct stat st;
    enum err err;
    ssize_t n;
    int fd = openat(dir, "ring", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT)
        return ERR_NOT_FOUND;
    if (fd < 0)
        return fault(why, "the key ring cannot be opened");
    err = fstat(fd, &st) ? fault(why, "the key ring cannot be read")
                         : check_private(&st, "the key ring", why);
    n = err ? 0 : read(fd, data, sizeof(data));
    close(fd);
    if (!err && (n < 0 || !ring_read(data, (size_t)n, out)))
        err = problem_set(why, "keys", "the key ring is damaged; restore it from its backup");
    sodium_memzero(data, sizeof(data));
    return err;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    ssize_t n = write(fd, data, len);

    return n == (ssize_t)len && fsync(fd) == 0;
}

/* A file `temp` with the ring in it, durable. */
static enum err save_temp(int dir, const struct ring *r, const char *temp, struct problem *why)
{
    uint8_t data[RING_MAX];
    size_t len = ring_write(r, data);
    int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err err = ERR_OK;

    if (fd < 0 || !write_all(fd, data, len))
        err = fault(why, "the key ring cannot be written");
    if (fd >= 0)
        close(fd);
    sodium_memzero(data, sizeof(data));
    return err;
}

/*
 * Put r in place.  A first ring is linked, which fails where another process has just made one:
 * then that one counts.  A changed one is renamed over the old.
 */
enum err ring_save(int dir, const struct ring *r, bool first, struct problem *why)
{
    char temp[32];
    enum err err;
    int rc;

    snprintf(temp, sizeof(temp), "ring.%ld", (long)getpid());
    (void)unlinkat(dir, temp, 0);
    err = save_temp(dir, r, temp, why);
    if (!err) {
        rc = first ? linkat(dir, temp, dir, "ring", 0) : renameat(dir, temp, dir, "ring");
        if (rc && !(first && errno == EEXIST))
            err = fault(why, "the key ring cannot be put in place");
        else if (fsync(dir))
            err = fault(why, "the key directory cannot be synced");
    }
    (void)unlinkat(dir, temp, 0);
    return err;
}

void ring_close(int dir, struct ring *r)
{
    seal_secret_free(r, sizeof(*r));
    close(dir);
}

enum err ring_open(const char *keys_dir, int *dir, struct ring **r, struct problem *why)
{
    enum err err;

    if (sodium_init() < 0)
        return problem_set(why, "keys", "the cryptographic library does not work here");
    err = open_dir(keys_dir, dir, why);
    if (err)
        return err;
    *r = seal_secret_new(sizeof(**r));
    if (*r)
        return ERR_OK;
    close(*dir);
    return ERR_NO_MEMORY;
}
