#include "common/api.h"
#include "common/json.h"
#include "common/utf8.h"
#include "tests/random.h"
#include "tests/test.h"
#include "tests/unit/json_thing.h"

static void empty_records_are_nulls(void)
{
    struct arena *mem = arena_new();
    struct thing t = {0};

    CHECK_STR(write_thing(mem, &t, JSON_OWNED),
              "{\"id\":null,\"name\":null,\"colour\":null,\"secret\":null,\"number\":0,\"small\":0,"
              "\"known\":null,\"flag\":false,\"at\":null,\"price\":0,\"part\":0,\"words\":[],"
              "\"ref\":null,\"list\":[],\"map\":{}}");
    arena_free(mem);
}

static void what_is_hidden_never_shows(void)
{
    struct arena *mem = arena_new();
    struct thing t = {.name = "Ann",
                      .secret = "CLEAR",
                      .hidden = "HIDDEN",
                      .password = "PASSWORD",
                      .bytes = {(const uint8_t *)"BYTES", 5}};

    for (int mask = JSON_MASKED; mask <= JSON_OWNED; mask++) {
        for (t.owned = 0; t.owned < 4; t.owned++) {
            const char *out = write_thing(mem, &t, (enum json_mask)mask);

            CHECK(!strstr(out, "HIDDEN") && !strstr(out, "PASSWORD") && !strstr(out, "BYTES"));
            CHECK(!strstr(out, "CLEAR") == (mask == JSON_MASKED || !(t.owned & 1)));
            CHECK(!strstr(out, "***") == (mask == JSON_OWNED && t.owned & 1));
        }
    }
    arena_free(mem);
}

/* Profiles in a search's reply: masked always, whatever is owned. */
static void masks_reach_into_lists(void)
{
    struct arena *mem = arena_new();
    struct profile p = {.email = "clear@acme.example", .phone = "+15035550142", .owned = OWN_EMAIL};
    struct search_reply reply = {.items = {&p, 1}};
    struct buf b = BUF_INIT(100000);

    json_write(&b, &search_reply_type, &reply, JSON_MASKED, mem);
    CHECK(!strstr(b.data, "clear") && !strstr(b.data, "5550142"));
    CHECK(strstr(b.data, "c***@acme.example") && strstr(b.data, "+1 *** *** **42"));
    buf_clear(&b);
    json_write(&b, &search_reply_type, &reply, JSON_OWNED, mem);
    CHECK(strstr(b.data, "clear@acme.example") && !strstr(b.data, "5550142"));
    buf_free(&b);
    arena_free(mem);
}

/* Any text that is well-formed, controls and quotes included. */
static const char *any_text(struct random *r, struct arena *mem, size_t most)
{
    char *s = arena_alloc(mem, most + 8);
    size_t n = 0, want = random_below(r, most);

    while (n < want) {
        int32_t c = random_below(r, 3) ? (int32_t)random_below(r, 0x7f) + 1
                                       : (int32_t)random_below(r, 0x10ffff) + 1;

        if (!(c >= 0xd800 && c <= 0xdfff))
            n += utf8_put(s + n, c);
    }
    s[n] = '\0';
    return s;
}

static struct thing any_thing(struct random *r, struct arena *mem)
{
    struct thing t = {.name = any_text(r, mem, 300), .number = 0};
    struct part *parts = arena_alloc(mem, 3 * sizeof(*parts));
    struct pane *panes = arena_alloc(mem, 2 * sizeof(*panes));
    const char **words = arena_alloc(mem, 5 * sizeof(*words));

    t.id = uuid_at((int64_t)random_below(r, 1000000), t.name, strlen(t.name));
    t.colour = colours[random_below(r, 2)];
    t.note = random_below(r, 2) ? any_text(r, mem, 20) : NULL;
    t.number = (int64_t)(random_bits(r) >> 11) * (random_below(r, 2) ? 1 : -1);
    t.flag = random_below(r, 2);
    t.at.ms = (int64_t)(random_bits(r) % UINT64_C(253402300799999)) + 1;
    t.price.hundredths = (int64_t)(random_bits(r) % (2 * CREDITS_MAX)) - CREDITS_MAX;
    t.part.ppm = (int64_t)random_below(r, 1000001);
    for (size_t i = 0; i < 5; i++)
        words[i] = any_text(r, mem, 30);
    t.words = (struct strs){words, random_below(r, 6)};
    for (size_t i = 0; i < 3; i++)
        parts[i] = (struct part){any_text(r, mem, 30), (int64_t)random_below(r, 1000)};
    if (random_below(r, 2))
        t.ref.rec = &parts[0];
    t.list = (struct list){parts, random_below(r, 4)};
    for (size_t i = 0; i < 2; i++)
        panes[i] = (struct pane){i ? "one" : any_text(r, mem, 20), {parts, random_below(r, 4)}};
    t.map = (struct map){panes, random_below(r, 3)};
    return t;
}

static void check_text(const cJSON *obj, const char *name, const char *want)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, name);

    CHECK(want ? cJSON_IsString(item) && strcmp(item->valuestring, want) == 0
               : !item || cJSON_IsNull(item));
}

static double number_of(const cJSON *obj, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, name);

    CHECK(cJSON_IsNumber(item));
    return item ? item->valuedouble : 0;
}

static bool near(double a, double b)
{
    return a - b < 1e-9 * (1 + (b < 0 ? -b : b)) && b - a < 1e-9 * (1 + (b < 0 ? -b : b));
}

/* What another reader makes of our bytes. */
static void check_as_cjson(const char *json, const struct thing *t)
{
    cJSON *doc = cJSON_Parse(json);
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(doc, "words");

    CHECK(doc);
    check_text(doc, "name", t->name);
    check_text(doc, "colour", t->colour);
    check_text(doc, "note", t->note);
    CHECK(near(number_of(doc, "number"), (double)t->number));
    CHECK(near(number_of(doc, "price"), (double)t->price.hundredths / 100));
    CHECK(near(number_of(doc, "part"), (double)t->part.ppm / 1e6));
    CHECK(cJSON_GetArraySize(words) == (int)t->words.n);
    for (size_t i = 0; i < t->words.n; i++)
        CHECK_STR(cJSON_GetArrayItem(words, (int)i)->valuestring, t->words.v[i]);
    CHECK(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "list")) == (int)t->list.n);
    cJSON_Delete(doc);
}

static void what_is_written_is_read_back(void)
{
    struct random r = random_start("json");

    for (int i = 0; i < 5000; i++) {
        struct arena *mem = arena_new();
        struct thing t = any_thing(&r, mem), back = {0};
        const char *json = write_thing(mem, &t, JSON_OWNED), *again;
        struct problem why = {0};
        const cJSON *doc;

        CHECK(utf8_valid(json, strlen(json)));
        check_as_cjson(json, &t);
        CHECK(json_parse(mem, json, strlen(json), &doc, &why) == ERR_OK);
        CHECK(json_decode(&thing_type, doc, JSON_FROM_SERVER, mem, &back, NULL, &why) == ERR_OK);
        CHECK(uuid_equal(&t.id, &back.id) && t.number == back.number && t.at.ms == back.at.ms);
        CHECK(t.price.hundredths == back.price.hundredths && t.part.ppm == back.part.ppm);
        again = write_thing(mem, &back, JSON_OWNED);
        CHECK_STR(again, json);
        arena_free(mem);
    }
}

/* A writer that adds to a full buffer leaves no broken document behind unnoticed. */
static void a_full_buffer_fails_the_whole(void)
{
    struct random r = random_start("json full");
    struct arena *mem = arena_new();
    struct thing t = any_thing(&r, mem);
    size_t n = strlen(write_thing(mem, &t, JSON_OWNED));

    for (size_t max = 0; max <= n; max++) {
        struct buf b = BUF_INIT(max);

        json_write(&b, &thing_type, &t, JSON_OWNED, mem);
        CHECK(b.failed == (max < n));
        buf_free(&b);
    }
    arena_free(mem);
}

static const struct test tests[] = {
    {"json_write: empty records are nulls", empty_records_are_nulls},
    {"json_write: what is hidden never shows", what_is_hidden_never_shows},
    {"json_write: masks reach into lists", masks_reach_into_lists},
    {"json_write: what is written is read back", what_is_written_is_read_back},
    {"json_write: a full buffer fails the whole", a_full_buffer_fails_the_whole},
};

TEST_MAIN(tests)
