/*
 * The leaf modules short of memory: each allocation of a piece of work fails once, and then all
 * from there on.  The work is done right or ends at its guard, and nothing is left over.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "common/country.h"
#include "common/phone.h"
#include "common/utf8.h"
#include "server/identity.h"
#include "server/sample.h"
#include "server/seal.h"
#include "tests/fault/allocator.h"
#include "tests/test.h"
#include "tests/unit/json_thing.h"

/* The pieces of work: true when the result is right. */

static struct seal *seal;
static struct sample *sample;

static bool reads_json(struct arena *mem)
{
    static const char text[] =
        "{\"name\":\"Zo\\u00eb\",\"words\":[\"a\",\"b\"],\"ref\":{\"count\":3},"
        "\"list\":[{\"name\":\"x\"}],\"map\":{\"k\":[{\"count\":9}]}}";
    struct thing t = {0};
    struct problem why;
    const cJSON *doc;
    enum err err = json_parse(mem, text, strlen(text), &doc, &why);

    if (!err)
        err = json_decode(&thing_type, doc, JSON_FROM_CLIENT, mem, &t, NULL, &why);
    CHECK(err == ERR_OK || err == ERR_NO_MEMORY); /* never the caller's fault */
    return err || (strcmp(t.name, "Zoë") == 0 && t.words.n == 2 && t.list.n == 1 && t.map.n == 1);
}

static bool writes_json(struct arena *mem)
{
    const char *words[] = {"one", "two"};
    struct thing t = {.name = "Ann", .secret = "clear", .words = {words, 2}};
    struct buf b = BUF_INIT(1 << 20);
    struct deferred *d = arena_defer(mem, (void (*)(void *))buf_free, &b);
    bool right;

    for (int i = 0; i < 20; i++)
        json_write(&b, &thing_type, &t, JSON_MASKED, mem);
    right = b.failed || (b.len > 2000 && b.data[b.len - 1] == '}' && !strstr(b.data, "clear"));
    arena_cancel(d);
    buf_free(&b);
    return right;
}

static bool folds(struct arena *mem)
{
    return strcmp(utf8_fold(mem, "  ŁÓDŹ ﬁn"), "lodz fin") == 0 &&
           strcmp(utf8_tidy(mem, " Zoe\u0308 "), "Zoë") == 0 &&
           strcmp(utf8_lower(mem, "JOSÉ"), "josé") == 0 &&
           strcmp(utf8_clean(mem, "\x1b[m\xff"), "[m\ufffd") == 0;
}

static bool makes_a_profile(struct arena *mem)
{
    struct profile p;

    sample_profile(sample, 7, mem, &p);
    identity_profile(seal, 1, &p, mem);
    return p.name && p.score > 0 && !uuid_is_zero(&p.key_name);
}

static bool finds_identities(struct arena *mem)
{
    const char *url = identity_url(mem, "https://de.linkedin.com/in/JOS%C3%89/?x");
    const char *domain = identity_domain(mem, "https://www.bücher.example/");

    return strcmp(url, "linkedin.com/in/josé") == 0 && strcmp(domain, "xn--bcher-kva.example") == 0;
}

static bool guarded(bool (*work)(struct arena *))
{
    struct arena *mem = arena_try_new();
    bool right;
    jmp_buf env;

    if (!mem)
        return true;
    if (setjmp(env)) {
        arena_free(mem);
        return true;
    }
    arena_guard(mem, &env);
    right = work(mem);
    arena_free(mem);
    return right;
}

/* Fail the first, the second, ... until the work needs no more. */
static void starve(bool (*work)(struct arena *))
{
    long need;

    CHECK(guarded(work)); /* whatever is made once, is made */
    left = 0;
    made = 0;
    CHECK(guarded(work));
    need = made;
    CHECK(need >= 2); /* else the allocator is not ours, and this proves nothing */
    for (int mode = 0; mode < 2; mode++) {
        for (long n = 1; n <= need; n++) {
            long before = live;

            for_good = mode;
            left = n;
            CHECK(guarded(work));
            left = 0;
            CHECK(live == before);
        }
    }
    for_good = false;
}

static void json_is_read_or_refused_for_want_of_memory(void)
{
    starve(reads_json);
}

static void json_is_written_or_failed(void)
{
    starve(writes_json);
}

static void texts_are_folded_or_nothing(void)
{
    starve(folds);
}

static void profiles_are_made_or_nothing(void)
{
    starve(makes_a_profile);
}

static void identities_are_found_or_nothing(void)
{
    starve(finds_identities);
}

static void a_full_memory_fails_a_buffer(void)
{
    struct buf b = BUF_INIT(1 << 20);
    long before = live;

    for (int i = 0; i < 300; i++)
        buf_char(&b, 'x');
    left = 1;
    for_good = true;
    for (int i = 0; i < 100000 && !b.failed; i++)
        buf_char(&b, 'y');
    left = 0;
    for_good = false;
    CHECK(b.failed && b.len >= 300 && b.data[0] == 'x' && strlen(b.data) == b.len);
    buf_free(&b);
    CHECK(live == before);
}

/* Called where no guard is: they must need nothing. */
static void some_need_no_memory(void)
{
    char phone[PHONE_TEXT], folded[UTF8_SHORT];

    made = 0;
    CHECK(country_code("Côte d'Ivoire") && country_code("Germany") && !country_code("Atlantis"));
    CHECK(phone_normal("(503) 555-0177", "US", phone));
    CHECK(utf8_fold_short("Żółć", folded) && strcmp(folded, "zolc") == 0);
    CHECK(made == 0);
}

static void makes_ready(void)
{
    char dir[] = "/tmp/oom.XXXXXX", command[64];
    struct problem why;

    CHECK(mkdtemp(dir) && seal_open(dir, &seal, &why) == ERR_OK);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    CHECK(system(command) == 0);
    sample = sample_new(1000, 1);
    if (!seal)
        exit(1);
}

static void clears_away(void)
{
    seal_close(seal);
    sample_free(sample);
}

static const struct test tests[] = {
    {"oom: makes ready", makes_ready},
    {"oom: JSON is read or refused for want of memory", json_is_read_or_refused_for_want_of_memory},
    {"oom: JSON is written or failed", json_is_written_or_failed},
    {"oom: texts are folded or nothing", texts_are_folded_or_nothing},
    {"oom: profiles are made or nothing", profiles_are_made_or_nothing},
    {"oom: identities are found or nothing", identities_are_found_or_nothing},
    {"oom: a full memory fails a buffer", a_full_memory_fails_a_buffer},
    {"oom: some need no memory", some_need_no_memory},
    {"oom: clears away", clears_away},
};

TEST_MAIN(tests)
