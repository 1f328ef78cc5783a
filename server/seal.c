/*
 * The key ring in memory, and what is done with it.
 *
 * Everything is made under the newest key, and names the key it was made under or is looked for
 * under each; the keys before it only open, verify and find.
 */
#include "server/seal.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "server/seal_private.h"

enum {
    KEY = SEAL_KEY,
    VERSION_1 = 1,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    PLACE_NAME = 64, /* of a table or column */
    PLACE_MAX = 2 * (PLACE_NAME + 1) + 2 * (16 + 1) + 4,
    PURPOSES = SEAL_AUDIT + 1,
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

static const char context[crypto_kdf_CONTEXTBYTES + 1] = "leadgend";

/* Of a key of the ring, what it gives for each purpose. */
struct derived {
    uint32_t id;
    int64_t created;
    atomic_int_fast64_t removed;
    uint8_t by_purpose[PURPOSES][KEY]; /* [1]: for sealing; from 2 on: of hashes */
    uint8_t file[KEY];
    uint8_t seed[KEY]; /* of the pair that signs the audit log */
    uint8_t public_key[SEAL_PUBLIC];
};

struct seal {
    atomic_size_t n;            /* grows when a key is taken up; what is below it hardly changes */
    atomic_uint_fast32_t floor; /* see seal_set_floor() */
    pthread_mutex_t adding;     /* guards what is at n and beyond, and prepared */
    size_t prepared;
    struct derived keys[SEAL_KEYS];
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

void seal_derive(const uint8_t key[SEAL_KEY], unsigned purpose, uint8_t out[SEAL_KEY])
{
    crypto_kdf_derive_from_key(out, KEY, purpose, context, key);
}

/*
 * A release that did not note when keys were made hashed everything under the first one; under the
 * newest from now on.  A ring that may not be written stays what it is, and its keys are not dated.
 */
static void date_keys(int dir, struct ring *r)
{
    struct problem why;
    bool news = false;

    for (size_t i = 1; i < r->n; i++)
        if (!r->keys[i].created) {
            r->keys[i].created = clock_real_ms();
            news = true;
        }
    if (news)
        (void)!ring_save(dir, r, false, &why);
}

static enum err load_or_make(int dir, struct ring *r, struct problem *why)
{
    enum err err = ring_load(dir, r, why);

    if (!err)
        date_keys(dir, r);
    if (err != ERR_NOT_FOUND)
        return err;
    r->n = 0;
    ring_add(r);
    err = ring_save(dir, r, true, why);
    return err ? err : ring_load(dir, r, why);
}

static void derive(const struct ring_key *from, struct derived *k)
{
    k->id = from->id;
    k->created = from->created;
    atomic_store(&k->removed, from->removed);
    memcpy(k->public_key, from->public_key, SEAL_PUBLIC);
    if (from->removed)
        return;
    for (unsigned p = SEAL_PURPOSE_VALUE; p < PURPOSES; p++)
        seal_derive(from->key, p, k->by_purpose[p]);
    seal_derive(from->key, SEAL_PURPOSE_FILE, k->file);
    seal_derive(from->key, SEAL_PURPOSE_AUDIT, k->seed);
}

/* Derive the keys that s has not got yet; nobody sees them before seal_switch(). */
static void prepare(struct seal *s, const struct ring *r)
{
    for (size_t i = atomic_load(&s->n); i < r->n; i++)
        derive(&r->keys[i], &s->keys[i]);
    s->prepared = r->n;
}

void seal_switch(struct seal *s)
{
    pthread_mutex_lock(&s->adding);
    atomic_store(&s->n, s->prepared);
    pthread_mutex_unlock(&s->adding);
}

bool seal_has_prepared(struct seal *s)
{
    bool has;

    pthread_mutex_lock(&s->adding);
    has = s->prepared > atomic_load(&s->n);
    pthread_mutex_unlock(&s->adding);
    return has;
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
    if (!err) {
        *out = seal_secret_new(sizeof(**out));
        err = *out ? ERR_OK : ERR_NO_MEMORY;
    }
    if (!err) {
        pthread_mutex_init(&(*out)->adding, NULL);
        prepare(*out, r);
        seal_switch(*out);
    }
    ring_close(dir, r);
    return err;
}

void seal_close(struct seal *s)
{
    if (s)
        pthread_mutex_destroy(&s->adding);
    seal_secret_free(s, sizeof(*s));
}

enum err seal_rotate(const char *keys_dir, struct problem *why)
{
    struct ring *r;
    int dir;
    enum err err = ring_open(keys_dir, &dir, &r, why);

    if (err)
        return err;
    err = ring_load(dir, r, why);
    if (err == ERR_NOT_FOUND)
        err = problem_set(why, "keys", "there is no key ring yet");
    else if (!err && !ring_add(r))
        err = problem_set(why, "keys", "the key ring is full");
    if (!err)
        err = ring_save(dir, r, false, why);
    ring_close(dir, r);
    return err;
}

/* Has the ring all that s has, at the same places?  The public half tells one key from another. */
static bool is_grown(const struct seal *s, const struct ring *r)
{
    size_t n = atomic_load(&s->n);
    bool same = r->n >= n;

    for (size_t i = 0; i < n && same; i++)
        same = r->keys[i].id == s->keys[i].id &&
               memcmp(r->keys[i].public_key, s->keys[i].public_key, SEAL_PUBLIC) == 0;
    return same;
}

enum err seal_prepare(struct seal *s, const char *keys_dir, struct problem *why)
{
    struct ring *r;
    int dir;
    enum err err = ring_open(keys_dir, &dir, &r, why);

    if (err)
        return err;
    err = ring_load(dir, r, why);
    if (err == ERR_NOT_FOUND)
        err = problem_set(why, "keys", "the key ring is gone");
    if (!err) {
        pthread_mutex_lock(&s->adding);
        if (is_grown(s, r))
            prepare(s, r);
        else
            err = problem_set(why, "keys", "the key ring is another one");
        pthread_mutex_unlock(&s->adding);
    }
    ring_close(dir, r);
    return err;
}

enum err seal_reload(struct seal *s, const char *keys_dir, struct problem *why)
{
    enum err err = seal_prepare(s, keys_dir, why);

    if (!err)
        seal_switch(s);
    return err;
}

static bool is_live(const struct derived *k)
{
    return !atomic_load(&k->removed);
}

/* NULL: there is none, or it is removed. */
static const struct derived *find_key(const struct seal *s, uint32_t id)
{
    for (size_t i = atomic_load(&s->n); i--;)
        if (s->keys[i].id == id)
            return is_live(&s->keys[i]) ? &s->keys[i] : NULL;
    return NULL;
}

static const struct derived *newest(const struct seal *s)
{
    return &s->keys[atomic_load(&s->n) - 1];
}

uint32_t seal_newest(const struct seal *s)
{
    return newest(s)->id;
}

size_t seal_live(const struct seal *s, bool remade, uint32_t out[SEAL_KEYS])
{
    uint32_t floor = remade ? (uint32_t)atomic_load(&s->floor) : 0;
    size_t n = atomic_load(&s->n), found = 0;

    for (size_t i = 0; i < n; i++)
        if (is_live(&s->keys[i]) && (s->keys[i].id >= floor || i == n - 1))
            out[found++] = s->keys[i].id;
    return found;
}

void seal_set_floor(struct seal *s, uint32_t id)
{
    atomic_store(&s->floor, id);
}

bool seal_key_info(const struct seal *s, size_t i, struct seal_key *out)
{
    size_t n = atomic_load(&s->n);

    if (i >= n)
        return false;
    *out = (struct seal_key){.id = s->keys[i].id,
                             .created = {s->keys[i].created},
                             .removed = {atomic_load(&s->keys[i].removed)}};
    if (i + 1 < n)
        out->superseded.ms = s->keys[i + 1].created;
    return true;
}

enum err seal_remove(struct seal *s, const char *keys_dir, uint32_t id, struct problem *why)
{
    int64_t now = clock_real_ms();
    struct ring *r;
    int dir;
    enum err err = ring_open(keys_dir, &dir, &r, why);

    if (err)
        return err;
    err = ring_load(dir, r, why);
    if (!err && !is_grown(s, r))
        err = problem_set(why, "keys", "the key ring is another one");
    for (size_t i = 0; !err && i + 1 < r->n; i++)
        if (r->keys[i].id == id && !r->keys[i].removed) {
            r->keys[i].removed = now;
            sodium_memzero(r->keys[i].key, KEY);
            err = ring_save(dir, r, false, why);
            if (!err) /* its bytes stay for who may be at them, until the process ends */
                atomic_store(&s->keys[i].removed, now);
        }
    ring_close(dir, r);
    return err;
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
    const struct derived *k = newest(s);
    uint8_t place[PLACE_MAX];
    size_t place_len = place_bytes(at, k->id, place);
    uint8_t *nonce = out + 1 + 4;

    out[0] = VERSION_1;
    seal_put32(out + 1, k->id);
    randombytes_buf(nonce, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, NULL, in, n, place, place_len, NULL,
                                               nonce, k->by_purpose[SEAL_PURPOSE_VALUE]);
}

enum err seal_open_value(const struct seal *s, const struct seal_place *at, const uint8_t *in,
                         size_t n, uint8_t *out)
{
    const uint8_t *nonce = in + 1 + 4;
    const struct derived *k;
    uint8_t place[PLACE_MAX];
    size_t place_len;

    if (n < SEAL_OVERHEAD || in[0] != VERSION_1)
        return ERR_INVALID;
    k = find_key(s, seal_get32(in + 1));
    if (!k)
        return ERR_INVALID;
    place_len = place_bytes(at, k->id, place);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, nonce + NONCE,
                                                   n - (SEAL_OVERHEAD - TAG), place, place_len,
                                                   nonce, k->by_purpose[SEAL_PURPOSE_VALUE]))
        return ERR_INVALID;
    return ERR_OK;
}

bool seal_file_key(const struct seal *s, uint32_t id, uint8_t out[SEAL_KEY])
{
    const struct derived *k = find_key(s, id);

    if (k)
        memcpy(out, k->file, KEY);
    return k != NULL;
}

bool seal_hash_under(const struct seal *s, uint32_t key, enum seal_purpose p, const void *data,
                     size_t n, uint8_t *out, size_t size)
{
    const struct derived *k = find_key(s, key);

    if (k)
        crypto_generichash(out, size, data, n, k->by_purpose[p], KEY);
    else
        randombytes_buf(out, size); /* which is nobody's */
    return k != NULL;
}

void seal_hash(const struct seal *s, enum seal_purpose p, const void *data, size_t n, uint8_t *out,
               size_t size)
{
    crypto_generichash(out, size, data, n, newest(s)->by_purpose[p], KEY);
}

bool seal_hash_is(const struct seal *s, enum seal_purpose p, const void *data, size_t n,
                  const uint8_t *hash, size_t size)
{
    uint8_t own[crypto_generichash_BYTES_MAX];

    for (size_t i = atomic_load(&s->n); i--;) {
        if (!is_live(&s->keys[i]))
            continue;
        crypto_generichash(own, size, data, n, s->keys[i].by_purpose[p], KEY);
        if (sodium_memcmp(own, hash, size) == 0)
            return true;
    }
    return false;
}

void seal_sign(const struct seal *s, uint32_t key, const uint8_t digest[SEAL_DIGEST],
               uint8_t out[SEAL_SIGNATURE])
{
    uint8_t public_key[SEAL_PUBLIC], secret_key[crypto_sign_SECRETKEYBYTES];
    const struct derived *k = find_key(s, key);

    crypto_sign_seed_keypair(public_key, secret_key, (k ? k : newest(s))->seed);
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
    if (i >= atomic_load(&s->n))
        return false;
    *id = s->keys[i].id;
    memcpy(out, s->keys[i].public_key, SEAL_PUBLIC);
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
