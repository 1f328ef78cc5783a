/*
 * A hash chain over records: each holds the hash of the one before it, so that none can be altered,
 * removed, added or moved without all that follow betraying it.  What a TYPE_CHAINED type has for
 * it: `seq` (from 1, without gaps), `chain` (which one: each writing process has its own, for the
 * life of its store), `previous` and `hash`.
 *
 * The hash is BLAKE2b-256 of: the text "leadgend chain 1", the type's name, and for each field in
 * the table's order that has a value, but for `hash` and `mac`, its name and its value.  Each of
 * these is its length (32 bits, big-endian), then its bytes: of a text these are its own, of an id
 * its 16, of a number or a time (in ms) 64 bits, big-endian.  A null and a zero have no value: so a
 * type may get new fields and old records keep their hash, but no field may ever be renamed.
 *
 * A type may also have `mac`: the id of a key of the server's ring (8 digits; the first key's is
 * left out), then BLAKE2b-128 of the hash's digits under it.  It is no part of the hash, tells the
 * server's own records from what others put at the end, and is made anew when the ring gets a key.
 *
 * A chain alone can be made anew by who can write the store.  So signatures are strewn into it
 * (server/audit.h); what they sign is a hash made like the above with "leadgend signature 1", of
 * the signed record's fields without what only its insertion decides: seq, previous, hash, mac, and
 * the signature itself.
 */
#ifndef SERVER_CHAIN_H
#define SERVER_CHAIN_H

#include "common/type.h"

struct seal;

enum { CHAIN_HASH = 32, CHAIN_HEX = 2 * CHAIN_HASH + 1 };

void chain_hash(const struct type *t, const void *rec, char out[CHAIN_HEX]);
/* What is signed of a record. */
void chain_statement(const struct type *t, const void *rec, uint8_t out[CHAIN_HASH]);

enum { CHAIN_MAC = 16, CHAIN_MAC_HEX = 8 + 2 * CHAIN_MAC + 1 };
void chain_mac(const struct seal *s, const char *hash, char out[CHAIN_MAC_HEX]);
/* Under whichever key of the ring. */
bool chain_mac_fits(const struct seal *s, const char *hash, const char *mac);

/* n bytes as 2 n digits and a NUL. */
void chain_hex(const uint8_t *data, size_t n, char *out);
/* false: not exactly 2 n lower-case digits */
bool chain_unhex(const char *text, uint8_t *out, size_t n);

#endif
