/*
 * A large file that is sealed as it is written, and read from any offset.
 *
 * The file is a header, then blocks of SEAL_BLOCK bytes of content, the last one shorter, each
 * sealed by itself: the construction STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015) over
 * XChaCha20-Poly1305.  The key is the file's own, derived from the ring's key that the header
 * names, a random salt, and what the file belongs to; the nonce is the number of the block and
 * whether it is the last.  So a block that was altered, moved, repeated or left out does not open,
 * nor does a file that was cut, or given to somebody else.
 */
#ifndef SERVER_SEAL_FILE_H
#define SERVER_SEAL_FILE_H

#include "server/seal.h"

enum { SEAL_BLOCK = 64 * 1024, SEAL_FILE_OVERHEAD = 8 + 4 + 32, SEAL_BLOCK_OVERHEAD = 16 };

struct seal_out;

/* Begin to write at the start of fd, which stays the caller's. errors: ERR_NO_MEMORY */
enum err seal_out_new(const struct seal *s, int fd, const struct uuid *of,
                      struct seal_out **out) MUST_CHECK;
/* errors: ERR_DISK_FULL, ERR_UNAVAILABLE */
enum err seal_out_add(struct seal_out *o, const void *data, size_t n) MUST_CHECK;
/* The last block; without it the file does not open.  The caller syncs.  Once more: nothing. */
enum err seal_out_end(struct seal_out *o) MUST_CHECK;
void seal_out_free(struct seal_out *o); /* NULL is fine */

struct seal_in;

/*
 * Begin to read; fd belongs to the reader from then on, whatever is returned. errors: ERR_INVALID:
 * cut, altered, another's, of a key that is not in the ring; ERR_UNAVAILABLE; ERR_NO_MEMORY
 */
enum err seal_in_new(const struct seal *s, int fd, const struct uuid *of,
                     struct seal_in **out) MUST_CHECK;
void seal_in_free(struct seal_in *f);          /* closes and wipes; NULL is fine */
int64_t seal_in_size(const struct seal_in *f); /* of the content */
/*
 * Up to max bytes of the content from `at` on, to the end of their block at most; *n 0: there are
 * none behind.  One thread at a time. errors: ERR_INVALID: altered; ERR_UNAVAILABLE
 */
enum err seal_in_read(struct seal_in *f, int64_t at, void *out, size_t max, size_t *n) MUST_CHECK;

/* The ring's key that the file at this path names; 0: it is no such file. */
uint32_t seal_file_key_id(const char *path);

#endif
