#include "server/seal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/seal_private.h"

enum {
    MAGIC = 8,
    SALT = 32,
    HEADER = MAGIC + 4 + SALT,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SEALED = SEAL_BLOCK + TAG,
};

_Static_assert((int)HEADER == (int)SEAL_FILE_OVERHEAD && (int)TAG == (int)SEAL_BLOCK_OVERHEAD,
               "seal_file.h says so");
_Static_assert(SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a key is a key");

static const uint8_t magic[MAGIC + 1] = "LGFILE1\n";

struct seal_out {
    int fd;
    uint64_t number; /* of the block that is being filled */
    size_t n;        /* bytes in it */
    bool ended;
    uint8_t key[SEAL_KEY];
    uint8_t header[HEADER];
    uint8_t block[SEAL_BLOCK], sealed[SEALED];
};

struct seal_in {
    int fd;
    int64_t size;    /* of the content */
    uint64_t last;   /* number of the last block */
    uint64_t number; /* of the block at hand */
    bool has_block;
    uint8_t key[SEAL_KEY];
    uint8_t block[SEAL_BLOCK], sealed[SEALED];
};

static void nonce_of(uint64_t number, bool last, uint8_t out[NONCE])
{
    memset(out, 0, NONCE);
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
    out[8] = last;
}

/* The file's own key, from its header; false: the ring has not the key it names. */
static bool derive(const struct seal *s, const uint8_t header[HEADER], const struct uuid *of,
                   uint8_t out[SEAL_KEY])
{
    uint8_t from[SEAL_KEY], data[HEADER + sizeof(of->b)];
    bool found = seal_file_key(s, seal_get32(header + MAGIC), from);

    memcpy(data, header, HEADER);
    memcpy(data + HEADER, of->b, sizeof(of->b));
    if (found)
        crypto_generichash(out, SEAL_KEY, data, sizeof(data), from, sizeof(from));
    sodium_memzero(from, sizeof(from));
    return found;
}

enum err seal_out_new(const struct seal *s, int fd, const struct uuid *of, struct seal_out **out)
{
    struct seal_out *o = seal_secret_new(sizeof(*o));

    *out = o;
    if (!o)
        return ERR_NO_MEMORY;
    o->fd = fd;
    memcpy(o->header, magic, MAGIC);
    seal_put32(o->header + MAGIC, seal_newest(s));
    randombytes_buf(o->header + MAGIC + 4, SALT);
    (void)derive(s, o->header, of, o->key);
    return ERR_OK;
}

static enum err write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_UNAVAILABLE;
        p += k;
        n -= (size_t)k;
    }
    return ERR_OK;
}

static enum err write_block(struct seal_out *o, bool last)
{
    uint8_t nonce[NONCE];
    enum err err = o->number ? ERR_OK : write_all(o->fd, o->header, HEADER);

    if (err)
        return err;
    nonce_of(o->number++, last, nonce);
    crypto_aead_xchacha20poly1305_ietf_encrypt(o->sealed, NULL, o->block, o->n, NULL, 0, NULL,
                                               nonce, o->key);
    err = write_all(o->fd, o->sealed, o->n + TAG);
    o->n = 0;
    return err;
}

enum err seal_out_add(struct seal_out *o, const void *data, size_t n)
{
    const uint8_t *p = data;
    enum err err = ERR_OK;

    while (n && !err) {
        size_t room = SEAL_BLOCK - o->n, take = n < room ? n : room;

        if (!room) { /* only now it is known not to be the last */
            err = write_block(o, false);
            continue;
        }
        memcpy(o->block + o->n, p, take);
        o->n += take;
        p += take;
        n -= take;
    }
    return err;
}

enum err seal_out_end(struct seal_out *o)
{
    enum err err = o->ended ? ERR_OK : write_block(o, true);

    o->ended = true;
    return err;
}

void seal_out_free(struct seal_out *o)
{
    seal_secret_free(o, sizeof(*o));
}

/* *n: how many there were. errors: ERR_UNAVAILABLE */
static enum err read_all(int fd, uint8_t *out, size_t max, off_t at, size_t *n)
{
    for (*n = 0; *n < max;) {
        ssize_t k = pread(fd, out + *n, max - *n, at + (off_t)*n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return ERR_UNAVAILABLE;
        if (k == 0)
            break;
        *n += (size_t)k;
    }
    return ERR_OK;
}

static enum err take_block(struct seal_in *f, uint64_t number)
{
    bool last = number == f->last;
    size_t want = last ? (size_t)(f->size - (int64_t)number * SEAL_BLOCK) : SEAL_BLOCK, n;
    uint8_t nonce[NONCE];
    enum err err;

    f->has_block = false;
    err = read_all(f->fd, f->sealed, want + TAG, (off_t)(HEADER + number * SEALED), &n);
    if (err)
        return err;
    nonce_of(number, last, nonce);
    if (n != want + TAG || crypto_aead_xchacha20poly1305_ietf_decrypt(
                               f->block, NULL, NULL, f->sealed, n, NULL, 0, nonce, f->key))
        return ERR_INVALID;
    f->number = number;
    f->has_block = true;
    return ERR_OK;
}

/* What the file's length says of its blocks; whether it is true shows as the last one opens. */
static bool measure(struct seal_in *f, int64_t length)
{
    int64_t body = length - HEADER, rest = body > 0 ? body % SEALED : 0;

    if (body < TAG || (rest && rest < TAG))
        return false;
    f->last = (uint64_t)(body / SEALED - (rest == 0));
    f->size = (int64_t)f->last * SEAL_BLOCK + (rest ? rest : SEALED) - TAG;
    return true;
}

static enum err open_file(struct seal_in *f, const struct seal *s, const struct uuid *of)
{
    uint8_t header[HEADER];
    struct stat st;
    size_t n;
    enum err err = fstat(f->fd, &st) ? ERR_UNAVAILABLE : read_all(f->fd, header, HEADER, 0, &n);

    if (err)
        return err;
    if (n != HEADER || memcmp(header, magic, MAGIC) != 0 || !measure(f, st.st_size) ||
        !derive(s, header, of, f->key))
        return ERR_INVALID;
    return take_block(f, f->last);
}

enum err seal_in_new(const struct seal *s, int fd, const struct uuid *of, struct seal_in **out)
{
    struct seal_in *f = seal_secret_new(sizeof(*f));
    enum err err;

    *out = NULL;
    if (!f) {
        close(fd);
        return ERR_NO_MEMORY;
    }
    f->fd = fd;
    err = open_file(f, s, of);
    if (err)
        seal_in_free(f);
    else
        *out = f;
    return err;
}

void seal_in_free(struct seal_in *f)
{
    if (f)
        close(f->fd);
    seal_secret_free(f, sizeof(*f));
}

int64_t seal_in_size(const struct seal_in *f)
{
    return f->size;
}

enum err seal_in_read(struct seal_in *f, int64_t at, void *out, size_t max, size_t *n)
{
    uint64_t number = (uint64_t)at / SEAL_BLOCK;
    size_t skip = (size_t)at % SEAL_BLOCK, left;
    enum err err = ERR_OK;

    *n = 0;
    if (at >= f->size)
        return ERR_OK;
    if (!f->has_block || f->number != number)
        err = take_block(f, number);
    if (err)
        return err;
    left = number == f->last ? (size_t)(f->size - at) : SEAL_BLOCK - skip;
    *n = left < max ? left : max;
    memcpy(out, f->block + skip, *n);
    return ERR_OK;
}

uint32_t seal_file_key_id(const char *path)
{
    uint8_t header[HEADER];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t n = 0;

    if (fd < 0)
        return 0;
    if (read_all(fd, header, HEADER, 0, &n) || n != HEADER || memcmp(header, magic, MAGIC) != 0)
        n = 0;
    close(fd);
    return n ? seal_get32(header + MAGIC) : 0;
}
