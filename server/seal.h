/*
 * Secrets: the key ring, sealed fields and keyed hashes (libsodium inside).
 *
 * The ring lies outside the data directory (DIR.keys/, 0700, files 0600).  Every key of a purpose
 * is derived from a ring key with crypto_kdf; every sealed value carries the id of its ring key.
 *
 * Sealing is XChaCha20-Poly1305 with a random nonce; the additional data are
 * table|column|row|account|key id, so that a value moved elsewhere does not open.
 */
#ifndef SERVER_SEAL_H
#define SERVER_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/type.h"
#include "common/uuid.h"

struct seal;

/* Make or read the ring in keys_dir. errors: ERR_INVALID (mode, owner, content) with a sentence. */
enum err seal_open(const char *keys_dir, struct seal **out, struct problem *why) MUST_CHECK;
void seal_close(struct seal *s); /* wipes; NULL is fine */

enum { SEAL_KEYS = 64 }; /* that a ring may have, with those that were removed */

/*
 * Add a key to the ring on disk; who opens it from then on makes everything under that key, and
 * still opens, verifies and finds what is of those before.  errors: ERR_INVALID with a sentence
 */
enum err seal_rotate(const char *keys_dir, struct problem *why) MUST_CHECK;

/*
 * Read the keys that were added on disk since; seal_switch() takes them up, at one moment.  What is
 * looked up by a hash and must be unique is made under the newest key when the plan that writes it
 * is carried out (struct step, `ring`): so the moment is the store's writing thread's to choose.
 * errors: ERR_INVALID: the file is of another ring
 */
enum err seal_prepare(struct seal *s, const char *keys_dir, struct problem *why) MUST_CHECK;
void seal_switch(struct seal *s);
bool seal_has_prepared(struct seal *s); /* Would it change anything? */
/* Both, where nobody else writes. */
enum err seal_reload(struct seal *s, const char *keys_dir, struct problem *why) MUST_CHECK;
/* The id of the key that everything is made under; ids grow. */
uint32_t seal_newest(const struct seal *s);

/*
 * The ids of the keys in use, the oldest first; returns how many.  remade: of what is made anew
 * under the newest key (blind indexes, identity keys) only those that may still have some.  Who
 * looks a hash up under each of them in this order misses nothing that moves meanwhile, as it moves
 * to the newest only.
 */
size_t seal_live(const struct seal *s, bool remade, uint32_t out[SEAL_KEYS]);
/* Nothing that is remade is left under keys before this one. */
void seal_set_floor(struct seal *s, uint32_t id);

struct seal_key {
    uint32_t id;
    struct stamp created, superseded, removed; /* 0: not known, or not yet */
};
/* The i-th, oldest first; false: there are not so many. */
bool seal_key_info(const struct seal *s, size_t i, struct seal_key *out);
/*
 * Take a key that is not the newest out of the ring, on disk and for everybody; its public half
 * stays.  What is left under it is lost. errors: ERR_INVALID with a sentence
 */
enum err seal_remove(struct seal *s, const char *keys_dir, uint32_t id,
                     struct problem *why) MUST_CHECK;

struct seal_place {
    const char *table, *column; /* at most 64 bytes each */
    struct uuid row, account;   /* account zero: the row belongs to none */
};

enum { SEAL_OVERHEAD = 1 + 4 + 24 + 16 }; /* version, key id, nonce, tag */

/* out gets n + SEAL_OVERHEAD bytes.  Cannot fail. */
void seal_close_value(const struct seal *s, const struct seal_place *at, const void *in, size_t n,
                      uint8_t *out);
/* out gets n - SEAL_OVERHEAD bytes. errors: ERR_INVALID: altered, moved, or of an unknown key */
enum err seal_open_value(const struct seal *s, const struct seal_place *at, const uint8_t *in,
                         size_t n, uint8_t *out) MUST_CHECK;

/* Purposes of keyed hashes; each has its own key. The numbers are stored: only append. */
enum seal_purpose {
    SEAL_BLIND = 2,    /* blind indexes of sealed fields */
    SEAL_IDENTITY = 3, /* identity keys of imported rows */
    SEAL_CURSOR = 4,   /* cursors of listings and searches */
    SEAL_TOKEN = 5,    /* refresh, reset and bootstrap tokens at rest */
    SEAL_REPLY = 6,    /* idempotency scope and fingerprint */
    SEAL_SIGN = 7,     /* seed of the access-token signature */
    SEAL_ADDRESS = 8,  /* client addresses in the log */
    SEAL_AUDIT = 9,    /* hashes of the audit log */
};

/*
 * Signatures of the audit log: Ed25519 (RFC 8032), a pair derived from each key of the ring.  Who
 * has the public halves can check, and needs nothing else.
 */
enum { SEAL_DIGEST = 32, SEAL_SIGNATURE = 64, SEAL_PUBLIC = 32 };

/* key: an id of the ring */
void seal_sign(const struct seal *s, uint32_t key, const uint8_t digest[SEAL_DIGEST],
               uint8_t out[SEAL_SIGNATURE]);
bool seal_verify(const uint8_t public_key[SEAL_PUBLIC], const uint8_t digest[SEAL_DIGEST],
                 const uint8_t signature[SEAL_SIGNATURE]);
/* The i-th key's, oldest first, also of one that was removed; false: there are not so many. */
bool seal_public_key(const struct seal *s, size_t i, uint32_t *id, uint8_t out[SEAL_PUBLIC]);

/* BLAKE2b-256 (RFC 7693) without a key, piece by piece. */
struct seal_digest {
    _Alignas(64) uint8_t state[384];
};

void seal_digest_begin(struct seal_digest *d);
void seal_digest_add(struct seal_digest *d, const void *data, size_t n);
void seal_digest_end(struct seal_digest *d, uint8_t out[SEAL_DIGEST]);

/* BLAKE2b of n bytes under the purpose's key of the newest; 16 <= size <= 64.  Deterministic. */
void seal_hash(const struct seal *s, enum seal_purpose p, const void *data, size_t n, uint8_t *out,
               size_t size);
/* Under another key of the ring; false: it is not there, and out is by chance. */
bool seal_hash_under(const struct seal *s, uint32_t key, enum seal_purpose p, const void *data,
                     size_t n, uint8_t *out, size_t size);
/* Is it the hash under any key of the ring?  In constant time for each of them; size <= 64. */
bool seal_hash_is(const struct seal *s, enum seal_purpose p, const void *data, size_t n,
                  const uint8_t *hash, size_t size);

#endif
