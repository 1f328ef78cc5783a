#include "server/seal_file.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/random.h"
#include "tests/test.h"

enum { MOST = 3 * SEAL_BLOCK + 100 };

static char dir[] = "/tmp/seal-file-XXXXXX";
static char keys[64], path[80];
static const struct uuid mine = {{1}}, other = {{2}};
static uint8_t text[MOST], got[MOST];
static struct seal *ring;

static void write_file(size_t n, size_t piece)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct seal_out *out;

    CHECK(fd >= 0 && seal_out_new(ring, fd, &mine, &out) == ERR_OK);
    for (size_t at = 0; at < n; at += piece)
        CHECK(seal_out_add(out, text + at, n - at < piece ? n - at : piece) == ERR_OK);
    CHECK(seal_out_end(out) == ERR_OK);
    seal_out_free(out);
    close(fd);
}

/* errors: of opening or of reading it all */
static enum err read_file(const struct uuid *of, size_t *n)
{
    struct seal_in *in;
    enum err err = seal_in_new(ring, open(path, O_RDONLY), of, &in);
    size_t more = 1;

    for (*n = 0; !err && more; *n += more)
        err = seal_in_read(in, (int64_t)*n, got + *n, sizeof(got) - *n, &more);
    if (!err)
        CHECK(seal_in_size(in) == (int64_t)*n);
    seal_in_free(in);
    return err;
}

static bool is_whole(size_t want)
{
    size_t n;

    return read_file(&mine, &n) == ERR_OK && n == want && memcmp(got, text, n) == 0;
}

static void opens_what_it_wrote(void)
{
    static const size_t sizes[] = {
        0, 1, 1000, SEAL_BLOCK - 1, SEAL_BLOCK, SEAL_BLOCK + 1, MOST, 2 * SEAL_BLOCK};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (size_t piece = 777; piece < 3 * SEAL_BLOCK; piece *= 9) {
            write_file(sizes[i], piece);
            CHECK(is_whole(sizes[i]));
        }
}

static void reads_at_any_offset(void)
{
    struct random r = {4};
    struct seal_in *in;

    write_file(MOST, MOST);
    CHECK(seal_in_new(ring, open(path, O_RDONLY), &mine, &in) == ERR_OK);
    for (int i = 0; i < 300; i++) {
        size_t at = random_below(&r, MOST + 10), max = random_below(&r, 2 * SEAL_BLOCK), n;
        size_t left = SEAL_BLOCK - at % SEAL_BLOCK;

        CHECK(seal_in_read(in, (int64_t)at, got, max, &n) == ERR_OK);
        left = at >= MOST ? 0 : MOST - at < left ? MOST - at : left;
        CHECK(n == (max < left ? max : left) && memcmp(got, text + (at < MOST ? at : 0), n) == 0);
    }
    seal_in_free(in);
}

/* Every length but its own, around each edge of a block. */
static void refuses_what_was_cut(void)
{
    struct stat st;
    size_t n;

    write_file(2 * SEAL_BLOCK + 5, MOST);
    CHECK(stat(path, &st) == 0);
    for (off_t len = st.st_size - 1; len >= 0; len--) {
        off_t in_block = (len - SEAL_FILE_OVERHEAD) % (SEAL_BLOCK + SEAL_BLOCK_OVERHEAD);

        if (in_block > 20 && in_block < SEAL_BLOCK - 20)
            len -= in_block - 20; /* what is far from an edge is all alike */
        CHECK(truncate(path, len) == 0);
        CHECK(read_file(&mine, &n) == ERR_INVALID);
    }
    write_file(2 * SEAL_BLOCK, MOST); /* the control: each of them opens when it is not cut */
    CHECK(is_whole(2 * SEAL_BLOCK));
}

static void flip(off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;

    CHECK(pread(fd, &byte, 1, at) == 1);
    byte ^= 1;
    CHECK(pwrite(fd, &byte, 1, at) == 1);
    close(fd);
}

static void refuses_what_was_altered(void)
{
    struct random r = {5};
    struct stat st;
    size_t n;

    write_file(MOST, MOST);
    CHECK(stat(path, &st) == 0);
    for (int i = 0; i < 150; i++) {
        off_t at = i < SEAL_FILE_OVERHEAD ? i : (off_t)random_below(&r, (size_t)st.st_size);

        flip(at);
        CHECK(read_file(&mine, &n) == ERR_INVALID);
        flip(at);
    }
    CHECK(is_whole(MOST));
    CHECK(read_file(&other, &n) == ERR_INVALID);
}

static void refuses_blocks_in_another_order(void)
{
    enum { SEALED = SEAL_BLOCK + SEAL_BLOCK_OVERHEAD };
    static uint8_t a[SEALED], b[SEALED];
    int fd;
    size_t n;

    memset(text, 7, SEAL_BLOCK); /* two blocks of the same content */
    memset(text + SEAL_BLOCK, 7, SEAL_BLOCK);
    write_file(MOST, MOST);
    fd = open(path, O_RDWR);
    CHECK(pread(fd, a, SEALED, SEAL_FILE_OVERHEAD) == SEALED);
    CHECK(pread(fd, b, SEALED, SEAL_FILE_OVERHEAD + SEALED) == SEALED);
    CHECK(memcmp(a, b, SEALED) != 0);
    CHECK(pwrite(fd, b, SEALED, SEAL_FILE_OVERHEAD) == SEALED);
    CHECK(pwrite(fd, a, SEALED, SEAL_FILE_OVERHEAD + SEALED) == SEALED);
    CHECK(read_file(&mine, &n) == ERR_INVALID);
    close(fd);
}

/* What was written under a former key opens; under one of another ring it does not. */
static void opens_under_a_former_key(void)
{
    struct problem why = {0};
    struct seal *mine_ring = ring;
    char elsewhere[80];
    size_t n;

    write_file(1000, 1000);
    CHECK(seal_file_key_id(path) == 1);
    CHECK(seal_rotate(keys, &why) == ERR_OK && seal_reload(ring, keys, &why) == ERR_OK);
    CHECK(is_whole(1000));
    write_file(1000, 1000);
    CHECK(seal_file_key_id(path) == 2 && is_whole(1000));
    snprintf(elsewhere, sizeof(elsewhere), "%s/other", dir);
    CHECK(seal_open(elsewhere, &ring, &why) == ERR_OK);
    CHECK(read_file(&mine, &n) == ERR_INVALID);
    seal_close(ring);
    ring = mine_ring;
}

static const struct test tests[] = {
    {"opens what it wrote", opens_what_it_wrote},
    {"reads at any offset", reads_at_any_offset},
    {"refuses what was cut", refuses_what_was_cut},
    {"refuses what was altered", refuses_what_was_altered},
    {"refuses blocks in another order", refuses_blocks_in_another_order},
    {"opens under a former key", opens_under_a_former_key},
};

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(name);
}

int main(void)
{
    struct problem why = {0};
    struct random r = {3};

    if (!mkdtemp(dir))
        return 1;
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    snprintf(path, sizeof(path), "%s/file", dir);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)random_below(&r, 256);
    if (seal_open(keys, &ring, &why))
        return 1;
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        tests[i].run();
        printf("%s seal_file: %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
    }
    seal_close(ring);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed_checks != 0;
}
