/* Imports in process: who is merged with whom, what is reported, and what a restart does. */
#include "tests/upload.h"
#include "server/identity.h"
#include "server/jobs/upload_chunk.h"
#include "server/jobs/upload_value.h"
#include "server/jobs_private.h"
#include "tests/test.h"

static struct world w;
static const struct uuid acme = {{1, 2, 3, 4, 5, 6, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}};
static const struct uuid other = {{1, 2, 3, 4, 5, 6, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 8}};

static void reads_numbers(void)
{
    static const struct {
        const char *text;
        int64_t employees, revenue; /* 0: refused */
    } cases[] = {{"12500", 12500, 12500},
                 {"12,500", 12500, 12500},
                 {"12.500", 12500, 12500},
                 {"12500.00", 12500, 12500},
                 {"1 234 567", 1234567, 1234567},
                 {"51-200", 125, 125},
                 {"51 – 200 employees", 125, 0},
                 {"10,001+", 10001, 10001},
                 {"<50", 25, 25},
                 {"1.2k", 1200, 1200},
                 {"USD 3,400,000,000.00", 0, 3400000000},
                 {"$3.4B", 0, 3400000000},
                 {"3.4 bn", 0, 3400000000},
                 {"$10M - $50M", 0, 30000000},
                 {"10-50M", 0, 30000000},
                 {"28000000 USD", 0, 28000000},
                 {"1.234M", 1234000, 1234000},
                 {"€10M", 0, 0},
                 {"EUR 10,000", 0, 0},
                 {"10M eur", 0, 0},
                 {"", 0, 0},
                 {"0", 0, 0},
                 {"-5", 0, 0},
                 {"200-51", 0, 0},
                 {"12 14-16 3", 0, 0},
                 {"99999999999999999999", 0, 0},
                 {"9000000B", 0, 9000000000000000},
                 {"9999999B", 0, 0},
                 {"many", 0, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t employees = 0, revenue = 0;
        bool e = value_employees(cases[i].text, &employees);
        bool r = value_revenue(cases[i].text, &revenue);

        if (e != (cases[i].employees > 0) || (e && employees != cases[i].employees) ||
            r != (cases[i].revenue > 0) || (r && revenue != cases[i].revenue))
            fprintf(stderr, "%s: %lld %lld\n", cases[i].text, (long long)employees,
                    (long long)revenue);
        CHECK(e == (cases[i].employees > 0) && (!e || employees == cases[i].employees));
        CHECK(r == (cases[i].revenue > 0) && (!r || revenue == cases[i].revenue));
    }
}

static void reads_names_and_flags(void)
{
    const char *last, *first;
    bool flag;

    CHECK(value_last_first(w.mem, "Keller, Anna", &last, &first));
    CHECK_STR(last, "Keller");
    CHECK_STR(first, "Anna");
    CHECK(!value_last_first(w.mem, "John Smith, PhD", &last, &first));
    CHECK(!value_last_first(w.mem, "John Smith, MBA CPA", &last, &first));
    CHECK(!value_last_first(w.mem, "Anna Keller", &last, &first));
    CHECK(!value_last_first(w.mem, "Keller, Anna, MD", &last, &first));
    CHECK(!value_last_first(w.mem, ", Anna", &last, &first));
    CHECK(!value_last_first(w.mem, "Keller, ", &last, &first));
    CHECK(value_flag("Yes", &flag) && flag);
    CHECK(value_flag("0", &flag) && !flag);
    CHECK(!value_flag("perhaps", &flag));
    CHECK_STR(value_industry(w.mem, "AVIATION_&_AEROSPACE"), "aviation & aerospace");
}

/* Whatever an import does, what people are found by fits what they are. */
static void check_keys(const struct profile *stored)
{
    struct profile p = *stored;

    identity_profile(w.srv.seal, 1, &p, w.mem);
    CHECK(uuid_is_zero(&p.key_email) == !p.email);
    CHECK(uuid_equal(&p.key_email, &stored->key_email));
    CHECK(uuid_equal(&p.key_url, &stored->key_url));
    CHECK(uuid_equal(&p.key_name, &stored->key_name));
}

static bool write_profile(void *arg, const void *rec)
{
    const struct profile *p = rec;

    check_keys(p);

    buf_printf(arg, "%s|%s|%s|%s\n", p->name ? p->name : "-", p->email ? p->email : "-",
               p->title ? p->title : "-", p->company ? p->company : "-");
    return true;
}

/* name|e-mail|title|company of the account's people, in the order they were made. */
static const char *people(const struct uuid *account)
{
    struct query q = {.type = &profile_type};
    struct buf b = BUF_INIT(1 << 24);
    const char *text;

    q.where[0] = (struct cond){"account", OP_EQ, account};
    CHECK(store_find(w.srv.store, &q, w.mem, write_profile, &b) == ERR_OK);
    text = arena_strdup(w.mem, b.data ? b.data : "");
    buf_free(&b);
    return text;
}

static bool keep_profile(void *arg, const void *rec)
{
    *(struct profile *)arg = *(const struct profile *)rec;
    return false;
}

static struct profile first_person(const struct uuid *account)
{
    struct query q = {.type = &profile_type};
    struct profile p = {0};

    q.where[0] = (struct cond){"account", OP_EQ, account};
    CHECK(store_find(w.srv.store, &q, w.mem, keep_profile, &p) == ERR_OK);
    return p;
}

static bool write_reject(void *arg, const void *rec)
{
    const struct job_reject *r = rec;

    buf_printf(arg, "%lld,%s,%s\n", (long long)r->line, r->column ? r->column : "", r->code);
    return true;
}

static const char *rejects(const struct job *job)
{
    struct query q = {.type = &job_reject_type};
    struct buf b = BUF_INIT(1 << 24);
    const char *text;

    q.where[0] = (struct cond){"job", OP_EQ, &job->id};
    CHECK(store_find(w.srv.store, &q, w.mem, write_reject, &b) == ERR_OK);
    text = arena_strdup(w.mem, b.data ? b.data : "");
    buf_free(&b);
    return text;
}

/* "created updated merged skipped rejected", of a job that is done and adds up. */
static const char *counts(const struct job *job)
{
    const struct job_counts *n = &job->n;

    if (strcmp(job->state, "done") != 0)
        fprintf(stderr, "%s: %s\n", job->state, job->error_detail ? job->error_detail : "");
    CHECK_STR(job->state, "done");
    CHECK(job->progress.ppm == 1000000);
    CHECK(n->read == n->created + n->updated + n->merged + n->skipped + n->rejected);
    return arena_printf(w.mem, "%d %d %d %d %d", (int)n->created, (int)n->updated, (int)n->merged,
                        (int)n->skipped, (int)n->rejected);
}

static struct job load(const char *text)
{
    return world_load(&w, &acme, text, NULL);
}

static void merges_what_is_the_same(void)
{
    struct job job = load("Name,Email,Title,Company\n"
                          "Ann Lee,ann@b.example,Analyst,B\n"
                          "Ann Lee,ANN@B.example,CFO,\n"
                          "Ann Lee,ann@gmail.com,,C\n"
                          "Ann Lee,,,C\n");

    CHECK_STR(counts(&job), "2 0 2 0 0");
    CHECK_STR(people(&acme), "Ann Lee|ann@b.example|CFO|B\nAnn Lee|ann@gmail.com|-|C\n");
    job = load("Name,Email,Title,Company\nAnn Lee,ann@b.example,CFO,B\n");
    CHECK_STR(counts(&job), "0 0 0 1 0");
    job = load("Name,Email,Title,Company\nAnn Lee,ann@b.example,CEO,B\n");
    CHECK_STR(counts(&job), "0 1 0 0 0");
    job = world_load(&w, &other, "Name,Email,Title,Company\nAnn Lee,ann@b.example,CEO,B\n", NULL);
    CHECK_STR(counts(&job), "1 0 0 0 0"); /* nothing matches across accounts */
}

static void keeps_apart_what_is_not(void)
{
    struct job job = load("Name,Email,LinkedIn,Company,Website\n"
                          "Ann Lee,a1@b.example,,B,b.example\n"
                          "Ann Lee,a2@b.example,,B,b.example\n"          /* another address */
                          "Ann Lee,,linkedin.com/in/ann,B,b.example\n"   /* fits the first */
                          "Ann Lee,,linkedin.com/in/other,B,b.example\n" /* now the second */
                          "Ann Lee,a1@b.example,linkedin.com/in/ann,B,b.example\n"
                          "Ann Lee,,,,\n" /* nothing to tell by */
                          "Ann Lee,,,,\n");

    CHECK_STR(counts(&job), "4 0 3 0 0");
    CHECK_STR(people(&acme), "Ann Lee|a1@b.example|-|B\nAnn Lee|a2@b.example|-|B\n"
                             "Ann Lee|-|-|-\nAnn Lee|-|-|-\n");
}

static void merges_field_by_field(void)
{
    struct profile p;
    struct job job = load("First Name,Last Name,Email,Title,Seniority,Phone,Country,Technologies,"
                          "Email Opt Out,Email Status\n"
                          "Ann,Lee,ann@b.example,Analyst,Director,+49 341 5550100,Germany,"
                          "\"SAP, AWS\",1,Verified\n"
                          "Anna,,ann@b.example,,,,,,0,\n");

    CHECK_STR(counts(&job), "1 0 1 0 0");
    p = first_person(&acme);
    CHECK_STR(p.name, "Anna Lee"); /* made anew from its parts */
    CHECK_STR(p.seniority, "director");
    CHECK_STR(p.email_status, "verified");
    CHECK_STR(p.phone, "+493415550100");
    CHECK_STR(p.country, "DE");
    CHECK(p.technologies.n == 2 && p.email_opt_out && p.has_email && p.has_phone && p.score > 0);
    job = load("Email,Title\nann@b.example,Chief Financial Officer\n");
    CHECK_STR(counts(&job), "0 1 0 0 0");
    p = first_person(&acme);
    CHECK_STR(p.seniority, "c_suite"); /* what was said of the old title is gone with it */
    CHECK_STR(p.email_status, "verified");
    CHECK(p.updated.ms >= p.created.ms && uuid_equal(&p.job, &job.id));
}

static void addresses_may_change_hands(void)
{
    struct job job = load("Name,Email,LinkedIn\n"
                          "Ann,a@b.example,linkedin.com/in/ann\n"
                          "Bob,b@b.example,linkedin.com/in/bob\n");

    CHECK_STR(counts(&job), "2 0 0 0 0");
    /* Bob is touched first, then Ann gives a@ up, then Bob gets it: one plan would be refused. */
    job = load("Name,Email,LinkedIn,Title\n"
               "Bob,,linkedin.com/in/bob,CFO\n"
               "Ann,c@b.example,linkedin.com/in/ann,\n"
               "Bob,a@b.example,linkedin.com/in/bob,\n");
    CHECK_STR(counts(&job), "0 2 1 0 0");
    CHECK_STR(people(&acme), "Ann|c@b.example|-|-\nBob|a@b.example|CFO|-\n");
}

static bool keep_company(void *arg, const void *rec)
{
    struct company *c = arg;

    CHECK(uuid_is_zero(&c->id)); /* there is one */
    *c = *(const struct company *)rec;
    return true;
}

static struct company only_company(const struct uuid *account)
{
    struct query q = {.type = &company_type};
    struct company c = {0};

    q.where[0] = (struct cond){"account", OP_EQ, account};
    CHECK(store_find(w.srv.store, &q, w.mem, keep_company, &c) == ERR_OK);
    return c;
}

static void links_companies(void)
{
    struct company c;
    struct profile p;
    struct job job = load("Name,Email,Company,Website,# Employees,Corporate Phone\n"
                          "Ann,ann@b.example,B GmbH,https://www.B.example/about,51-200,\n"
                          "Bob,bob@b.example,B GmbH,,,\n" /* by the domain of the address */
                          "Cem,cem@gmail.com,B,b.example,300,+49 341 5550100\n");

    CHECK_STR(counts(&job), "3 0 0 0 0");
    c = only_company(&acme);
    CHECK_STR(c.name, "B");
    CHECK_STR(c.domain, "b.example");
    CHECK(c.employees == 300);
    CHECK_STR(c.phone, "+493415550100");
    p = first_person(&acme);
    CHECK(uuid_equal(&p.company_id, &c.id) && p.employees == 125 && !p.phone);
    job = load("Name,Email,Website\nDan,dan@b.example,b.example\n");
    c = only_company(&acme);
    CHECK_STR(c.name, "B"); /* a row that does not name it leaves the name */
}

/* An address in clear in another column would be everybody's to see and to search. */
static void takes_no_address_for_a_text(void)
{
    struct profile p;
    struct job job =
        load("Name,Email,Company,Title,City,LinkedIn,Keywords\n"
             "Ann,ann@b.example,Acme wy@s.example,CFO (x.y@s.example),"
             "\xef\xbc\xa0 home,linkedin.com/in/ann?mail=wy@s.example#wy@s.example,"
             "\"a, wy@s.example\"\n"
             "wy@s.example,,,,,linkedin.com/in/wy@s.example,\n"
             "wy\xef\xbc\xa0s.example,b@b.example,C @ Home,@ large,,medium.com/@cc,\n");

    CHECK_STR(counts(&job), "2 0 0 0 1");
    CHECK_STR(rejects(&job), "2,Company,address_in_text\n2,Title,address_in_text\n"
                             "2,Keywords,address_in_text\n3,Name,address_in_text\n"
                             "3,LinkedIn,address_in_text\n3,,nobody\n4,Name,address_in_text\n");
    CHECK_STR(people(&acme), "Ann|ann@b.example|-|-\n-|b@b.example|@ large|C @ Home\n");
    job = load("Email,LinkedIn\nann@b.example,https://www.linkedin.com/in/ann/?x=1\n");
    p = first_person(&acme);
    CHECK_STR(p.linkedin_url, "https://www.linkedin.com/in/ann/");
}

static void reports_what_it_does_not_take(void)
{
    struct job job = load("Name,Email,Phone,Country,Revenue,Do Not Call\n"
                          "Ann,nobody at all,12,Atlantis,€10M,perhaps\n"
                          ",,,,,\n"
                          "\"Bob,b@b.example,,,,\n"
                          "Cem,c@b.example,\"+49 341\n5550100\",DE,,\n"
                          ",,+49 341 5550101,,,\n");

    CHECK_STR(counts(&job), "2 0 0 0 3");
    CHECK_STR(rejects(&job), "2,Email,bad_email\n2,Phone,bad_phone\n2,Country,bad_country\n"
                             "2,Revenue,bad_revenue\n2,Do Not Call,bad_flag\n3,,nobody\n"
                             "4,Name,unbalanced_quote\n7,,nobody\n");
    CHECK_STR(people(&acme), "Ann|-|-|-\nCem|c@b.example|-|-\n");
}

/* Each of 96 rows with more bad cells than are kept, then a damaged one: no plan grows too large.
 */
static void bounds_what_it_reports(void)
{
    struct buf text = BUF_INIT(1 << 22);
    struct job job;

    buf_str(&text, "Name");
    for (int i = 0; i < 60; i++)
        buf_str(&text, ",Other Phone");
    buf_char(&text, '\n');
    for (int row = 0; row < 300; row++) {
        buf_printf(&text, "Ann %d", row);
        for (int i = 0; i < 60; i++)
            buf_str(&text, ",x");
        buf_str(&text, row % 90 == 89 ? "\n\"x\"y\n" : "\n");
        for (int i = 0; i < 99 && row % 90 == 89; i++)
            buf_str(&text, "prose\n");
    }
    job = load(text.data);
    CHECK_STR(counts(&job), "300 0 0 0 300");
    CHECK(strstr(rejects(&job), "2,Other Phone,more\n") != NULL);
    buf_free(&text);
}

static void fails_files_that_are_none(void)
{
    struct job job = load("x,y\n1,2\n");

    CHECK_STR(job.state, "failed");
    CHECK_STR(job.error_field, "body");
    job = world_load(&w, &acme, "x,y\n1,2\n", "{\"map\":[\"z:email\"]}");
    CHECK_STR(job.state, "failed");
    job = world_load(&w, &acme, "Name,Email\nAnn,a@b.example\n", "{\"map\":[\"z:title\"]}");
    CHECK_STR(job.state, "failed");
    CHECK_STR(job.error_field, "map");
    CHECK_STR(people(&acme), "");
    job = world_load(&w, &acme, "a note\nx,y\nAnn,a@b.example\n",
                     "{\"map\":[\"x:name\",\"y:email\"]}");
    CHECK_STR(counts(&job), "1 0 0 0 0");
    job = load("email\nb@b.example\n");
    CHECK_STR(counts(&job), "1 0 0 0 0");
}

static void reads_every_encoding_alike(void)
{
    static const char utf16[] = "\xff\xfeN\0a\0m\0e\0,\0E\0m\0a\0i\0l\0\n\0Z\0o\0\xeb\0,\0"
                                "z\0@\0b\0.\0e\0x\0a\0m\0p\0l\0e\0\n\0x\0\0\xd8,\0\n\0";
    static const char latin[] = "Name,Email\nZo\xeb,z@b.example\nx\x81,\n";
    struct uuid id = world_submit(&w, &acme, utf16, sizeof(utf16) - 1, NULL);
    struct job job = world_wait(&w, &id);

    CHECK_STR(counts(&job), "1 0 0 0 1");
    CHECK_STR(rejects(&job), "3,Name,bad_encoding\n");
    CHECK_STR(people(&acme), "Zoë|z@b.example|-|-\n");
    id = world_submit(&w, &acme, latin, sizeof(latin) - 1, NULL);
    job = world_wait(&w, &id);
    CHECK_STR(counts(&job), "0 0 0 1 1");
    CHECK_STR(job.encoding, "Windows-1252");
}

/* Rows of few people whose addresses, URLs and names meet in all ways. */
static char *tangled(unsigned seed, int rows)
{
    struct buf text = BUF_INIT(1 << 24);

    buf_str(&text, "Name,Email,LinkedIn,Company,Title,City,# Employees,Website\n");
    for (int i = 0; i < rows; i++) {
        int r = rand_r(&seed) % 4096;

        buf_printf(&text, "Name %d,", r % 6);
        if (r & 64)
            buf_printf(&text, "m%d@b.example", rand_r(&seed) % 40);
        buf_char(&text, ',');
        if (r & 128)
            buf_printf(&text, "linkedin.com/in/p%d", rand_r(&seed) % 40);
        buf_printf(&text, ",%s,", r & 256 ? "B" : r & 512 ? "C" : "");
        buf_printf(&text, "Title %d,", rand_r(&seed) % 3);
        buf_printf(&text, r & 1024 ? "City %d," : ",", rand_r(&seed) % 5);
        buf_printf(&text, r & 2048 ? "%d," : ",", rand_r(&seed) % 9 + 1);
        buf_str(&text, r & 32 ? "b.example\n" : "\n");
    }
    return buf_take(&text);
}

/* The same work without chunks: every row is committed before the next is looked at. */
static struct job_counts load_one_by_one(const struct uuid *account, const char *text)
{
    struct job job = world_job(&w, account);
    struct upload_params params = {0};
    struct upload_file f;
    struct problem why;
    struct importer *im;
    struct csv_row row;
    struct job_counts n;
    struct csv *csv;

    job.state = "running"; /* no worker takes it */
    world_write(&w, &job, text, strlen(text));
    world_queue(&w, &job);
    if (upload_file_open(&w.srv, &job.id, &params, w.mem, &f, &why))
        world_die("open the file");
    csv = csv_new(f.delimiter);
    csv_expect(csv, f.n);
    csv_seek(csv, f.body, 2);
    CHECK(csv_feed(csv, text + f.body, strlen(text) - (size_t)f.body, true) == ERR_OK);
    im = importer_new(&w.srv, &job, &f, SIZE_MAX);
    while (csv_next(csv, &row))
        CHECK(importer_add(im, &row, NULL, true) == ERR_OK && chunk_wait(im) == ERR_OK);
    CHECK(importer_flush(im) == ERR_OK);
    n = im->counts;
    importer_free(im);
    csv_free(csv);
    upload_file_close(&f);
    unlink(world_spool(&w, &job));
    return n;
}

static void chunks_change_nothing(void)
{
    for (unsigned seed = 1; seed <= 3; seed++) {
        struct uuid a = uuid_new(), b = uuid_new();
        char *text = tangled(seed, 900);
        struct job_counts n = load_one_by_one(&a, text);
        struct job job = world_load(&w, &b, text, NULL);

        (void)counts(&job);
        CHECK(memcmp(&n, &job.n, sizeof(n)) == 0);
        CHECK(n.created > 40 && n.merged > 100);
        CHECK_STR(people(&b), people(&a));
        free(text);
    }
}

static void goes_on_after_a_restart(void)
{
    char *text = tangled(77, 4000);
    struct uuid plain = uuid_new(), cut = uuid_new(), id;
    struct job whole = world_load(&w, &plain, text, NULL), job = {.state = "queued"};
    struct job_counts want = whole.n;

    (void)counts(&whole);

    id = world_submit(&w, &cut, text, strlen(text), NULL);
    for (int restarts = 0; restarts < 12 && !world_has_ended(&job); restarts++) {
        int64_t offset = job.offset;

        do {
            jobs_wait_change(w.srv.jobs, 20);
            if (store_get(w.srv.store, &job_type, &id, 0, w.mem, &job))
                world_die("read the job");
        } while (!world_has_ended(&job) && job.offset == offset);
        world_stop(&w);
        world_start(&w, 4, false);
        job = (struct job){0};
        if (store_get(w.srv.store, &job_type, &id, 0, w.mem, &job))
            world_die("read the job");
    }
    job = world_wait(&w, &id);
    (void)counts(&job);
    CHECK(job.n.read == 4000);
    CHECK(memcmp(&job.n, &want, sizeof(job.n)) == 0);
    CHECK_STR(people(&cut), people(&plain));
    free(text);
}

static struct audit an_audit(void)
{
    return (struct audit){
        .id = uuid_new(), .at = clock_now(), .verb = "job.cancel", .outcome = "ok"};
}

static void stops_when_asked(void)
{
    char *text = tangled(5, 30000);
    struct uuid a = uuid_new(), running, queued;
    struct audit audits[] = {an_audit(), an_audit(), an_audit()};
    struct job job = {0};

    running = world_submit(&w, &a, text, strlen(text), NULL);
    queued = world_submit(&w, &a, text, strlen(text), NULL); /* the same domain: it waits */
    do {
        jobs_wait_change(w.srv.jobs, 50);
        CHECK(store_get(w.srv.store, &job_type, &running, 0, w.mem, &job) == ERR_OK);
    } while (job.n.read == 0);
    CHECK(jobs_cancel(w.srv.jobs, &queued, &audits[0], w.mem) == ERR_OK);
    CHECK(jobs_cancel(w.srv.jobs, &running, &audits[1], w.mem) == ERR_OK);
    job = world_wait(&w, &queued);
    CHECK_STR(job.state, "cancelled");
    CHECK(job.n.read == 0);
    job = world_wait(&w, &running);
    CHECK_STR(job.state, "cancelled");
    CHECK(job.n.read > 0 && job.n.read < 30000);
    CHECK(job.n.read ==
          job.n.created + job.n.updated + job.n.merged + job.n.skipped + job.n.rejected);
    CHECK(jobs_cancel(w.srv.jobs, &running, &audits[2], w.mem) == ERR_CONFLICT);
    free(text);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void leaves_no_file(void)
{
    struct job job = load("Name,Email\nZo\xeb,z@b.example\n"), orphan = world_job(&w, &acme);
    struct job waiting = world_job(&w, &acme);
    char *kept = strdup(world_spool(&w, &waiting)), *gone = strdup(world_spool(&w, &orphan));

    world_stop(&w); /* the file goes after the state has come */
    world_start(&w, 0, false);
    CHECK(!exists(world_spool(&w, &job)));
    CHECK(!exists(arena_printf(w.mem, "%s.utf8", world_spool(&w, &job))));
    CHECK(file_write(gone, "x", 1, 0600) == ERR_OK);
    world_write(&w, &waiting, "Name,Email\nBo,bo@b.example\n", 27);
    waiting.params = "{}";
    world_queue(&w, &waiting);
    world_stop(&w);
    world_start(&w, 4, false);
    CHECK(!exists(gone));
    job = world_wait(&w, &waiting.id);
    CHECK_STR(counts(&job), "1 0 0 0 0");
    world_stop(&w);
    CHECK(!exists(kept));
    world_start(&w, 0, false);
    free(kept);
    free(gone);
}

static const struct test tests[] = {
    {"numbers as people write them", reads_numbers},
    {"names and flags", reads_names_and_flags},
    {"what is the same merges", merges_what_is_the_same},
    {"what is not stays apart", keeps_apart_what_is_not},
    {"fields merge one by one", merges_field_by_field},
    {"addresses may change hands", addresses_may_change_hands},
    {"companies are found, made and updated", links_companies},
    {"no address is taken for a text", takes_no_address_for_a_text},
    {"what is not taken is reported", reports_what_it_does_not_take},
    {"reports are bounded", bounds_what_it_reports},
    {"files without a header or the mapped columns fail", fails_files_that_are_none},
    {"every encoding gives the same", reads_every_encoding_alike},
    {"chunks change nothing", chunks_change_nothing},
    {"a restart changes nothing", goes_on_after_a_restart},
    {"cancelled jobs stop", stops_when_asked},
    {"no file is left", leaves_no_file},
};

int main(void)
{
    const char *where = world_in_memory();

    log_level(LOG_ERROR);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        int before = failed_checks;

        world_open(&w, where, 4, false);
        tests[i].run();
        world_close(&w);
        printf("%s upload: %s\n", before == failed_checks ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
    }
    return failed_checks != 0;
}
