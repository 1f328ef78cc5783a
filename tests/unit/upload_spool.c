/* The sealed file that an import reads: whatever happened to it, nothing of another is imported. */
#include "tests/test.h"
#include "tests/upload.h"

static const struct uuid acme = {{1, 2, 3, 4, 5, 6, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}};
static struct world w;

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static char *make_text(int rows)
{
    struct buf text = BUF_INIT(1 << 24);

    buf_str(&text, "Name,Email,Company\n");
    for (int i = 0; i < rows; i++)
        buf_printf(&text, "Name %d,m%d@b%d.example,Company %d\n", i, i, i % 90, i % 90);
    return buf_take(&text);
}

/* As a release that did not seal them has left it. */
static void takes_a_clear_file(void)
{
    struct job waiting;
    char id[UUID_TEXT], old[300];

    world_stop(&w);
    world_start(&w, 0, WORLD_NO_SEARCH);
    waiting = world_job(&w, &acme);
    snprintf(old, sizeof(old), "%s/spool/%s", w.options.data, uuid_text(&waiting.id, id));
    CHECK(!strstr(world_spool(&w, &waiting), id));
    CHECK(file_write(old, "Name,Email\nCy,cy@b.example\n", 27, 0600) == ERR_OK);
    world_queue(&w, &waiting);
    waiting.params = "{}"; /* it outlives the world's memory */
    world_stop(&w);
    world_start(&w, 4, WORLD_NO_SEARCH);
    CHECK(!exists(old));
    waiting = world_wait(&w, &waiting.id);
    CHECK_STR(waiting.state, "done");
    CHECK(waiting.n.created == 1);
}

static void fails_on_a_damaged_file(void)
{
    for (int how = 0; how < 3; how++) {
        struct job job = world_job(&w, &acme), theirs = world_job(&w, &acme);
        const char *text = make_text(4000), *path = world_spool(&w, &job);
        size_t n = strlen(text);
        char byte;
        int fd;

        CHECK(n > 2 * SEAL_BLOCK);
        world_write(&w, how == 2 ? &theirs : &job, text, n);
        fd = open(how == 2 ? world_spool(&w, &theirs) : path, O_RDWR);
        if (how == 0) /* between two blocks */
            CHECK(ftruncate(fd, SEAL_FILE_OVERHEAD + SEAL_BLOCK + SEAL_BLOCK_OVERHEAD) == 0);
        if (how == 1) {
            CHECK(pread(fd, &byte, 1, 1000) == 1);
            byte ^= 1;
            CHECK(pwrite(fd, &byte, 1, 1000) == 1);
        }
        if (how == 2) /* antheirs job's */
            CHECK(rename(world_spool(&w, &theirs), path) == 0);
        close(fd);
        job.attempts = 100;
        world_queue(&w, &job);
        job = world_wait(&w, &job.id);
        CHECK_STR(job.state, "failed");
        CHECK(job.n.read == 0);
        free((void *)(uintptr_t)text);
    }
}

static const struct test tests[] = {
    {"a clear file of an older release is sealed", takes_a_clear_file},
    {"a file that was cut, altered or moved fails", fails_on_a_damaged_file},
};

int main(void)
{
    const char *where = world_in_memory();

    log_level(LOG_ERROR);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        world_open(&w, where, 4, WORLD_NO_SEARCH);
        tests[i].run();
        world_close(&w);
        printf("%s upload_spool: %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
    }
    return failed_checks != 0;
}
