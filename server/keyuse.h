/*
 * What is left under each key of the ring, by purpose.  Nothing may be when a key is removed.
 *
 * What can be made anew from its record is (the job "reseal"), and carries its key's id.  What
 * cannot, since only its keyed hash is stored, ends by itself or is hashed anew when it is used; it
 * belongs to the key that was the newest when it was made.  Counters of attempts to guess a secret
 * hold no key back: with it they are forgotten.
 */
#ifndef SERVER_KEYUSE_H
#define SERVER_KEYUSE_H

#include "server/request.h"

struct key_use {
    const char *purpose;
    int64_t id; /* of the key */
    struct stamp created, removed;
    int64_t left; /* rows, or files */
};
extern const struct type key_use_type;

/*
 * Make everything under the keys that the ring's file has got since, and queue the job that makes
 * anew what is under older ones; nothing when there are none. errors: also ERR_INVALID with a
 * sentence
 */
enum err keyuse_take_up(struct server *srv, struct problem *why) MUST_CHECK;

/* A row for each key and purpose, the oldest key first. Reads all of the store. */
enum err keyuse_list(struct server *srv, struct arena *mem, struct list *out) MUST_CHECK;

/* What was kept of earlier turns of the job "reseal": nothing that is remade is left below. */
enum err keyuse_load_floor(struct server *srv) MUST_CHECK;
/* Nothing that is remade is left under keys before this one: note it, if that is so. */
enum err keyuse_save_floor(struct server *srv, uint32_t key) MUST_CHECK;

#endif
