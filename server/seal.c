/*
 * The key ring and what is done with it.
 *
 * The ring is one file, DIR.keys/ring: a magic, the keys oldest first, and a checksum.  Values are
 * sealed under the newest key and name the one they were sealed under; hashes use the oldest, so
 * that they stay what they are when a key is added.
 */
#include "server/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "server/seal_private.h"

enum {
    KEYS_MAX = 64,
    KEY = SEAL_KEY,
    ENTRY = 4 + KEY, /* id, big-endian; key */
    MAGIC = 8,
    CHECKSUM = 32,
    RING_MAX = MAGIC + KEYS_MAX * ENTRY + CHECKSUM,
    VERSION_1 = 1,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    PLACE_NAME = 64, /* of a table or column */
    PLACE_MAX = 2 * (PLACE_NAME + 1) + 2 * (16 + 1) + 4,
    PURPOSE_SEAL = 1,
    PURPOSES = SEAL_AUDIT + 1,
    PURPOSE_AUDIT = 32, /* the seeds of the audit log's signatures */
    PURPOSE_FILE = 33,
};

_Static_assert(SEAL_OVERHEAD == 1 + 4 + NONCE + TAG, "seal.h says how long a sealed value is");
_Static_assert(KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a key is a key");
_Static_assert(KEY == crypto_kdf_KEYBYTES, "a key is a key");
_Static_assert(KEY == crypto_sign_SEEDBYTES, "a seed is a key");
_Static_assert(SEAL_SIGNATURE == crypto_sign_BYTES, "a signature is a signature");
_Static_assert(SEAL_PUBLIC == crypto_sign_PUBLICKEYBYTES, "a public key is a public key");
_Static_assert(sizeof(struct seal_digest) >= sizeof(crypto_generichash_state) &&
                   _Alignof(struct seal_digest) >= _Alignof(crypto_generichash_state),
               "a digest holds the library's");

static const uint8_t magic[MAGIC + 1] = "LGRING1\n";
static const char context[crypto_kdf_CONTEXTBYTES + 1] = "leadgend";

struct ring {
    size_t n;
    struct {
        uint32_t id;
        uint8_t key[KEY];
    } keys[KEYS_MAX];
};

struct seal {
    atomic_size_t n; /* grows when a key is added; what is below it never changes */
    pthread_mutex_t adding;
    struct {
        uint32_t id;
        uint8_t key[KEY];  /* derived: for sealing */
        uint8_t file[KEY]; /* derived: for the keys of files */
        uint8_t seed[KEY]; /* derived: of a pair that signs */
    } keys[KEYS_MAX];
    uint8_t hash[PURPOSES][KEY];
};

/* Secrets stay out of swap and core files; not where sanitizers need the memory themselves. */
void *seal_secret_new(size_t size)
{
    void *p = calloc(1, size);

#ifndef SANITIZED
    if (p)
        (void)sodium_mlock(p, size); /* beyond the limit of locked memory it is not locked */
#endif
    return p;
}

void seal_secret_free(void *p, size_t size)
{
    if (!p)
        return;
    sodium_memzero(p, size);
#ifndef SANITIZED
    sodium_munlock(p, size);
#endif
    free(p);
}

static size_t ring_write(const struct ring *r, uint8_t out[RING_MAX])
{
    uint8_t *p = out;

    memcpy(p, magic, MAGIC);
    p += MAGIC;
    for (size_t i = 0; i < r->n; i++, p += ENTRY) {
        seal_put32(p, r->keys[i].id);
        memcpy(p + 4, r->keys[i].key, KEY);
    }
    crypto_generichash(p, CHECKSUM, out, (size_t)(p - out), NULL, 0);
    return (size_t)(p - out) + CHECKSUM;
}

static bool ring_read(const uint8_t *data, size_t len, struct ring *out)
{
    uint8_t sum[CHECKSUM];
    size_t body;

    if (len < MAGIC + ENTRY + CHECKSUM || (len - MAGIC - CHECKSUM) % ENTRY != 0)
        return false;
    body = len - CHECKSUM;
    crypto_generichash(sum, sizeof(sum), data, body, NULL, 0);
    if (memcmp(data, magic, MAGIC) != 0 || sodium_memcmp(sum, data + body, CHECKSUM) != 0)
        return false;
    out->n = (body - MAGIC) / ENTRY;
    for (size_t i = 0; i < out->n; i++) {
        out->keys[i].id = seal_get32(data + MAGIC + i * ENTRY);
        memcpy(out->keys[i].key, data + MAGIC + i * ENTRY + 4, KEY);
    }
    return true;
}

static bool ring_add(struct ring *r)
{
    if (r->n == KEYS_MAX)
        return false;
    r->keys[r->n].id = r->n ? r->keys[r->n - 1].id + 1 : 1;
    randombytes_buf(r->keys[r->n].key, KEY);
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
static enum err load(int dir, struct ring *out, struct problem *why)
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
static enum err save(int dir, const struct ring *r, bool first, struct problem *why)
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

static enum err load_or_make(int dir, struct ring *r, struct problem *why)
{
    enum err err = load(dir, r, why);

    if (err != ERR_NOT_FOUND)
        return err;
    r->n = 0;
    ring_add(r);
    err = save(dir, r, true, why);
    return err ? err : load(dir, r, why);
}

/* The keys of the ring that s has not got yet. */
static void take_keys(struct seal *s, const struct ring *r)
{
    for (size_t i = atomic_load(&s->n); i < r->n; i++) {
        s->keys[i].id = r->keys[i].id;
        crypto_kdf_derive_from_key(s->keys[i].key, KEY, PURPOSE_SEAL, context, r->keys[i].key);
        crypto_kdf_derive_from_key(s->keys[i].file, KEY, PURPOSE_FILE, context, r->keys[i].key);
        crypto_kdf_derive_from_key(s->keys[i].seed, KEY, PURPOSE_AUDIT, context, r->keys[i].key);
        atomic_store(&s->n, i + 1);
    }
}

static struct seal *derive(const struct ring *r)
{
    struct seal *s = seal_secret_new(sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->adding, NULL);
    take_keys(s, r);
    for (unsigned p = PURPOSE_SEAL + 1; p < PURPOSES; p++)
        crypto_kdf_derive_from_key(s->hash[p], KEY, p, context, r->keys[0].key);
    return s;
}

static void ring_close(int dir, struct ring *r)
{
    seal_secret_free(r, sizeof(*r));
    close(dir);
}

/* The directory, and room for its ring; ring_close() after ERR_OK alone. */
static enum err ring_open(const char *keys_dir, int *dir, struct ring **r, struct problem *why)
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

enum err seal_open(const char *keys_dir, struct seal **out, struct problem *why)
{
    struct ring *r;
    int dir;
    enum err err = ring_open(keys_dir, &dir, &r, why);

    *out = NULL;
    if (err)
        return err;
    err = load_or_make(dir, r, why);
    if (!err)
        *out = derive(r);
    if (!err && !*out)
        err = ERR_NO_MEMORY;
    ring_close(dir, r);
    return err;
}

enum err seal_rotate(const char *keys_dir, struct problem *why)
{
    struct ring *r;
    int dir;
    enum err err = ring_open(keys_dir, &dir, &r, why);

    if (err)
        return err;
    err = load(dir, r, why);
    if (err == ERR_NOT_FOUND)
        err = problem_set(why, "keys", "there is no key ring yet");
    else if (!err && !ring_add(r))
        err = problem_set(why, "keys", "the key ring is full");
    if (!err)
        err = save(dir, r, false, why);
    ring_close(dir, r);
    return err;
}

/* Has the ring all that s has, at the same places? */
static bool is_grown(const struct seal *s, const struct ring *r)
{
    size_t n = atomic_load(&s->n);
    uint8_t key[KEY];
    bool same = r->n >= n;

    for (size_t i = 0; i < n && same; i++) {
        crypto_kdf_derive_from_key(key, KEY, PURPOSE_SEAL, context, r->keys[i].key);
        same = r->keys[i].id == s->keys[i].id && sodium_memcmp(key, s->keys[i].key, KEY) == 0;
    }
    sodium_memzero(key, sizeof(key));
    return same;
}

enum err seal_reload(struct seal *s, const char *keys_dir, struct problem *why)
{
    struct ring *r;
    int dir;
    enum err err = ring_open(keys_dir, &dir, &r, why);

    if (err)
        return err;
    err = load(dir, r, why);
    if (err == ERR_NOT_FOUND)
        err = problem_set(why, "keys", "the key ring is gone");
    if (!err) {
        pthread_mutex_lock(&s->adding);
        if (is_grown(s, r))
            take_keys(s, r);
        else
            err = problem_set(why, "keys", "the key ring is another one");
        pthread_mutex_unlock(&s->adding);
    }
    ring_close(dir, r);
    return err;
}

uint32_t seal_newest(const struct seal *s)
{
    return s->keys[atomic_load(&s->n) - 1].id;
}

size_t seal_count(const struct seal *s)
{
    return atomic_load(&s->n);
}

void seal_close(struct seal *s)
{
    if (s)
        pthread_mutex_destroy(&s->adding);
    seal_secret_free(s, sizeof(*s));
}

/* "table|column|row|account|key id"; names hold no bar and the rest is of fixed length. */
static size_t place_bytes(const struct seal_place *at, uint32_t key, uint8_t out[PLACE_MAX])
{
    size_t table = strnlen(at->table, PLACE_NAME), column = strnlen(at->column, PLACE_NAME);
    uint8_t *p = out;

    memcpy(p, at->table, table);
    p += table;
    *p++ = '|';
    memcpy(p, at->column, column);
    p += column;
    *p++ = '|';
    memcpy(p, at->row.b, 16);
    p += 16;
    *p++ = '|';
    memcpy(p, at->account.b, 16);
    p += 16;
    *p++ = '|';
    seal_put32(p, key);
    return (size_t)(p - out) + 4;
}

void seal_close_value(const struct seal *s, const struct seal_place *at, const void *in, size_t n,
                      uint8_t *out)
{
    uint8_t place[PLACE_MAX];
    size_t newest = atomic_load(&s->n) - 1;
    uint32_t id = s->keys[newest].id;
    size_t place_len = place_bytes(at, id, place);
    uint8_t *nonce = out + 1 + 4;

    out[0] = VERSION_1;
    seal_put32(out + 1, id);
    randombytes_buf(nonce, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, NULL, in, n, place, place_len, NULL,
                                               nonce, s->keys[newest].key);
}

bool seal_file_key(const struct seal *s, uint32_t id, uint8_t out[SEAL_KEY])
{
    for (size_t i = atomic_load(&s->n); i--;)
        if (s->keys[i].id == id) {
            memcpy(out, s->keys[i].file, KEY);
            return true;
        }
    return false;
}

static const uint8_t *key_of(const struct seal *s, uint32_t id)
{
    for (size_t i = atomic_load(&s->n); i--;)
        if (s->keys[i].id == id)
            return s->keys[i].key;
    return NULL;
}

enum err seal_open_value(const struct seal *s, const struct seal_place *at, const uint8_t *in,
                         size_t n, uint8_t *out)
{
    uint8_t place[PLACE_MAX];
    const uint8_t *key, *nonce = in + 1 + 4;
    size_t place_len;

    if (n < SEAL_OVERHEAD || in[0] != VERSION_1)
        return ERR_INVALID;
    key = key_of(s, seal_get32(in + 1));
    if (!key)
        return ERR_INVALID;
    place_len = place_bytes(at, seal_get32(in + 1), place);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, nonce + NONCE,
                                                   n - (SEAL_OVERHEAD - TAG), place, place_len,
                                                   nonce, key))
        return ERR_INVALID;
    return ERR_OK;
}

void seal_hash(const struct seal *s, enum seal_purpose p, const void *data, size_t n, uint8_t *out,
               size_t size)
{
    crypto_generichash(out, size, data, n, s->hash[p], KEY);
}

void seal_sign(const struct seal *s, uint32_t key, const uint8_t digest[SEAL_DIGEST],
               uint8_t out[SEAL_SIGNATURE])
{
    uint8_t public_key[SEAL_PUBLIC], secret_key[crypto_sign_SECRETKEYBYTES];
    size_t i = atomic_load(&s->n) - 1;

    while (i && s->keys[i].id != key)
        i--;
    crypto_sign_seed_keypair(public_key, secret_key, s->keys[i].seed);
    crypto_sign_detached(out, NULL, digest, SEAL_DIGEST, secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
}

bool seal_verify(const uint8_t public_key[SEAL_PUBLIC], const uint8_t digest[SEAL_DIGEST],
                 const uint8_t signature[SEAL_SIGNATURE])
{
    return crypto_sign_verify_detached(signature, digest, SEAL_DIGEST, public_key) == 0;
}

bool seal_public_key(const struct seal *s, size_t i, uint32_t *id, uint8_t out[SEAL_PUBLIC])
{
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

    if (i >= atomic_load(&s->n))
        return false;
    *id = s->keys[i].id;
    crypto_sign_seed_keypair(out, secret_key, s->keys[i].seed);
    sodium_memzero(secret_key, sizeof(secret_key));
    return true;
}

void seal_digest_begin(struct seal_digest *d)
{
    crypto_generichash_init((void *)d->state, NULL, 0, SEAL_DIGEST);
}

void seal_digest_add(struct seal_digest *d, const void *data, size_t n)
{
    crypto_generichash_update((void *)d->state, data, n);
}

void seal_digest_end(struct seal_digest *d, uint8_t out[SEAL_DIGEST])
{
    crypto_generichash_final((void *)d->state, out, SEAL_DIGEST);
}
