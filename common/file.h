/* Small files, written so that a crash leaves the old or the new one: temp, fsync, rename, fsync.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stddef.h>

#include "common/err.h"
#include "common/mem.h"

/* errors: ERR_DISK_FULL, ERR_UNAVAILABLE; errno says why. mode: permissions of a new file. */
enum err file_write(const char *path, const void *data, size_t n, unsigned mode) MUST_CHECK;

/*
 * A large file, piece by piece, with the same promise.  It stands under its name only after
 * file_end(); until then, and after an error, there is nothing to clean up but the object.
 */
struct file_out;

enum err file_begin(const char *path, unsigned mode, struct file_out **out) MUST_CHECK;
enum err file_add(struct file_out *f, const void *data, size_t n) MUST_CHECK;
/* Write over what was added before. */
enum err file_patch(struct file_out *f, size_t at, const void *data, size_t n) MUST_CHECK;
/* The first n bytes of what was added, to read; munmap() them. errors: ERR_UNAVAILABLE */
enum err file_map(struct file_out *f, size_t n, const void **out) MUST_CHECK;
enum err file_end(struct file_out *f) MUST_CHECK; /* frees f, also when it fails */
void file_abandon(struct file_out *f);            /* NULL is fine */
/*
 * Instead of file_end(): it gets no name and is gone with the last descriptor or mapping of it.
 * The descriptor, for reading too, which is the caller's; frees f.
 */
int file_take(struct file_out *f);

/*
 * The whole file as text in mem, at most max bytes.  Symbolic links are not followed.
 * errors: ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_UNAVAILABLE (errno)
 */
enum err file_read(const char *path, size_t max, struct arena *mem, const char **out,
                   size_t *n) MUST_CHECK;

/* Make the entry of this file in its directory durable: after it was made, renamed or removed. */
void file_sync_entry(const char *path);

/* mkdir -p with 0700 for what it makes. errors: ERR_UNAVAILABLE (errno) */
enum err file_make_dir(const char *path) MUST_CHECK;

#endif
