/*
 * An import short of memory: each allocation that its own thread makes for a row fails once, and
 * then all from there on.  Each time the importer is made, or says so and the rows are taken anew;
 * the process lives, and everybody is there once.
 */
#include "tests/fault/allocator.h"
#include "tests/test.h"
#include "tests/upload.h"

const char *__asan_default_options(void); /* called by the sanitizer's runtime */
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static struct world w;

/* A person with all there is, the same again, one without anything, and many small ones. */
static const char *make_text(void)
{
    struct buf text = BUF_INIT(1 << 20);

    buf_str(&text, "Name,Email,Title,Company,Website,Keywords,Phone,Country,LinkedIn\n"
                   "Zoë Weber,z@a.example,CEO,Ä GmbH,ä.example,\"b2b, saas\",+4930555123,Germany,"
                   "https://www.linkedin.example/in/zoe\n"
                   "Zoë Weber,z@a.example,CFO,Ä GmbH,ä.example,cloud,12,Nowhere,\n"
                   ",,,,,,,,\n");
    buf_str(&text, "Many Words,,,,,\"");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, "word %d, ", i);
    buf_str(&text, "\",,,\n");
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "Name %d,m%d@b%d.example,Buyer,B%d,,,,,\n", i, i, i % 7, i % 7);
    return buf_take(&text);
}

enum { CREATED = 62 };

/* All rows of the file through an importer, as the job does it. */
static enum err import(struct job *job, const struct upload_file *f, const char *text)
{
    struct csv *csv = csv_new(f->delimiter);
    struct importer *im = csv ? importer_new(&w.srv, job, f, 0) : NULL;
    enum err err = im ? ERR_OK : ERR_NO_MEMORY;
    struct csv_row row;

    if (im) {
        csv_expect(csv, f->n);
        csv_seek(csv, f->body, 2);
        err = csv_feed(csv, text + f->body, strlen(text) - (size_t)f->body, true);
        while (!err && csv_next(csv, &row))
            err = importer_add(im, &row, "DE", !csv_is_wary(csv));
        if (!err)
            err = importer_flush(im);
    }
    importer_free(im);
    if (csv)
        csv_free(csv);
    return err;
}

/* The n-th allocation fails; *failed: there was one. */
static void import_short_of_memory(const char *text, long n, bool from_then_on, bool *failed)
{
    struct uuid account = uuid_new();
    struct job job = world_job(&w, &account);
    struct query q = {.type = &profile_type};
    struct upload_params params = {0};
    struct problem why;
    struct upload_file f;
    int64_t people = 0;
    enum err err;

    job.state = "running"; /* no worker takes it */
    world_write(&w, &job, text, strlen(text));
    world_queue(&w, &job);
    if (upload_file_open(&w.srv, &job.id, &params, w.mem, &f, &why))
        world_die("open the file");
    made = 0;
    for_good = from_then_on;
    left = n;
    err = import(&job, &f, text);
    left = 0;
    *failed = made >= n;
    CHECK(err == ERR_OK || (err == ERR_NO_MEMORY && *failed));
    if (err)
        CHECK(import(&job, &f, text) == ERR_OK);
    q.where[0] = (struct cond){"account", OP_EQ, &account};
    CHECK(store_count(w.srv.store, &q, &people) == ERR_OK && people == CREATED);
    upload_file_close(&f);
    unlink(world_spool(&w, &job));
}

static void check_all(bool from_then_on, const char *name)
{
    const char *text = make_text();
    bool failed = true;
    long n = 0;

    while (failed && !failed_checks)
        import_short_of_memory(text, ++n, from_then_on, &failed);
    CHECK(n > 15); /* allocations were there to fail */
    printf("%s upload_memory: %s, of %ld allocations\n", failed_checks ? "FAIL" : "ok  ", name,
           n - 1);
    __real_free((char *)text);
}

int main(void)
{
    const char *where = world_in_memory();

    log_level(LOG_ERROR);
    world_open(&w, where, 0, WORLD_NO_SEARCH);
    check_all(false, "each one fails");
    check_all(true, "all fail from each one on");
    world_close(&w);
    return failed_checks != 0;
}
