#include "common/json.h"

#include "common/utf8.h"
#include "tests/random.h"
#include "tests/test.h"
#include "tests/unit/json_thing.h"

/* JSON text to a record as a client sends it. */
static enum err take(struct arena *mem, const char *text, struct thing *out, uint64_t *given,
                     struct problem *why)
{
    const cJSON *doc;
    enum err err = json_parse(mem, text, strlen(text), &doc, why);

    *out = (struct thing){0};
    return err ? err : json_decode(&thing_type, doc, JSON_FROM_CLIENT, mem, out, given, why);
}

/* Parsing */

static const char *const documents[] = {
    "{}",
    " { } ",
    "[]",
    "null",
    "true",
    "0",
    "-0",
    "-1.5e-3",
    "1E5",
    "\"\"",
    "\"\\u00e9\\n\\/\"",
    "\"\\ud83d\\ude00\"",
    "[1,2,[3,{}]]",
    "{\"a\":{\"b\":[null,false]}}",
    "\t\r\n1\n",
    "\"\\\\u0000\"", /* a backslash and a word, no NUL */
};

static const char *const no_documents[] = {
    "",
    " ",
    "{",
    "}",
    "[1,]",
    "{\"a\":1,}",
    "{\"a\"}",
    "{a:1}",
    "{'a':1}",
    "[1 2]",
    "1 2",
    "{} {}",
    "nul",
    "truex",
    "True",
    "NaN",
    "Infinity",
    "-",
    "+1",
    "01",
    "-01",
    "1.",
    ".5",
    "1.e5",
    "1e",
    "1e+",
    "0x10",
    "1_000",
    "\"",
    "\"abc",
    "\"\\\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\u00zz\"",
    "'a'",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\x01\"",
    "\x01 1",
    "\v1",
    "\f{}",
    "/* c */ 1",
    "// c\n1",
    "\"\\u0000\"",
    "{\"a\\u0000b\":1}",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800x\"",
    "\"\\ud800\\u0041\"",
    "\"\\ude00\\ud83d\"",
    "\"\xff\"",
    "\"\xc0\xaf\"",
    "\"\xed\xa0\x80\"",
    "\xef\xbb\xbf\xff",
};

static void only_json_is_parsed(void)
{
    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
        struct arena *mem = arena_new();
        const cJSON *doc = NULL;

        CHECK(json_parse(mem, documents[i], strlen(documents[i]), &doc, NULL) == ERR_OK && doc);
        arena_free(mem);
    }
    for (size_t i = 0; i < sizeof(no_documents) / sizeof(*no_documents); i++) {
        struct arena *mem = arena_new();
        struct problem why = {0};
        const cJSON *doc = NULL;
        const char *s = no_documents[i];

        if (json_parse(mem, s, strlen(s), &doc, &why) != ERR_INVALID)
            fprintf(stderr, "taken: %s\n", s);
        CHECK(json_parse(mem, s, strlen(s), &doc, &why) == ERR_INVALID);
        CHECK(why.text[0] && !why.field[0] && !doc);
        arena_free(mem);
    }
}

static void a_nul_is_no_end(void)
{
    struct arena *mem = arena_new();
    const cJSON *doc;

    CHECK(json_parse(mem, "{}\0{}", 5, &doc, NULL) == ERR_INVALID);
    CHECK(json_parse(mem, "\"a\0b\"", 5, &doc, NULL) == ERR_INVALID);
    arena_free(mem);
}

static void nesting_is_bounded(void)
{
    static const char open[] = "[{", close[] = "]}";

    for (size_t depth = 30; depth < 40; depth++) {
        struct arena *mem = arena_new();
        struct buf b = BUF_INIT(10000);
        const cJSON *doc;

        for (size_t i = 0; i < depth; i++)
            buf_str(&b, i % 2 ? "{\"a\":" : "[");
        buf_char(&b, '1');
        for (size_t i = depth; i-- > 0;)
            buf_char(&b, close[i % 2]);
        CHECK(strchr(open, b.data[0]));
        CHECK(json_parse(mem, b.data, b.len, &doc, NULL) == (depth <= 32 ? ERR_OK : ERR_INVALID));
        buf_free(&b);
        arena_free(mem);
    }
    /* brackets in texts are no nesting, and a million of them no recursion */
    {
        struct arena *mem = arena_new();
        struct buf b = BUF_INIT(3000000);
        const cJSON *doc;

        buf_char(&b, '"');
        for (int i = 0; i < 100; i++)
            buf_str(&b, "[{\\\"");
        buf_char(&b, '"');
        CHECK(json_parse(mem, b.data, b.len, &doc, NULL) == ERR_OK);
        buf_clear(&b);
        for (int i = 0; i < 1000000; i++)
            buf_char(&b, '[');
        CHECK(json_parse(mem, b.data, b.len, &doc, NULL) == ERR_INVALID);
        buf_free(&b);
        arena_free(mem);
    }
}

/* Decoding */

static const struct {
    const char *json, *field; /* the field that is named; "": the whole; NULL: fine */
} inputs[] = {
    {"{\"name\":\"Ann\"}", NULL},
    {"{\"name\":\"Ann\",\"colour\":null,\"words\":null,\"ref\":null}", NULL},
    {"{\"name\":\"\\ud83d\\ude00\"}", NULL},
    {"{}", "name"},
    {"{\"name\":null}", "name"},
    {"[]", ""},
    {"1", ""},
    {"null", ""},
    {"{\"name\":1}", "name"},
    {"{\"name\":[\"Ann\"]}", "name"},
    {"{\"name\":{}}", "name"},
    {"{\"name\":true}", "name"},
    {"{\"name\":\"A\"}", "name"},
    {"{\"name\":\"0123456789012345678901234567890123456789\"}", NULL},
    {"{\"name\":\"01234567890123456789012345678901234567890\"}", "name"},
    {"{\"name\":\"Ann\",\"nonsense\":1}", "nonsense"},
    {"{\"name\":\"Ann\",\"Name\":\"Bob\"}", "Name"},
    {"{\"name\":\"Ann\",\"name\":\"Bob\"}", "name"},
    {"{\"name\":\"Ann\",\"na\\u006de\":\"Bob\"}", "name"},
    {"{\"name\":\"Ann\",\"\":1}", ""},
    {"{\"name\":\"Ann\",\"hidden\":\"x\"}", "hidden"}, /* as if there were none */
    {"{\"name\":\"Ann\",\"bytes\":\"x\"}", "bytes"},
    {"{\"name\":\"Ann\",\"known\":1}", "known"},
    {"{\"name\":\"Ann\",\"owned\":3}", "owned"},
    {"{\"name\":\"Ann\",\"colour\":\"red\"}", NULL},
    {"{\"name\":\"Ann\",\"colour\":\"Red\"}", "colour"},
    {"{\"name\":\"Ann\",\"colour\":\"\"}", "colour"},
    {"{\"name\":\"Ann\",\"number\":-0}", NULL},
    {"{\"name\":\"Ann\",\"number\":9007199254740991}", NULL},
    {"{\"name\":\"Ann\",\"number\":-9007199254740991}", NULL},
    {"{\"name\":\"Ann\",\"number\":9007199254740992}", "number"},
    {"{\"name\":\"Ann\",\"number\":18446744073709551616}", "number"},
    {"{\"name\":\"Ann\",\"number\":1e400}", "number"},
    {"{\"name\":\"Ann\",\"number\":-1e400}", "number"},
    {"{\"name\":\"Ann\",\"number\":1e3}", NULL},
    {"{\"name\":\"Ann\",\"number\":1.0}", NULL},
    {"{\"name\":\"Ann\",\"number\":1.5}", "number"},
    {"{\"name\":\"Ann\",\"number\":1e-400}", NULL}, /* which is zero */
    {"{\"name\":\"Ann\",\"number\":\"1\"}", "number"},
    {"{\"name\":\"Ann\",\"number\":true}", "number"},
    {"{\"name\":\"Ann\",\"small\":1}", NULL},
    {"{\"name\":\"Ann\",\"small\":0}", "small"},
    {"{\"name\":\"Ann\",\"small\":100}", NULL},
    {"{\"name\":\"Ann\",\"small\":101}", "small"},
    {"{\"name\":\"Ann\",\"flag\":false}", NULL},
    {"{\"name\":\"Ann\",\"flag\":0}", "flag"},
    {"{\"name\":\"Ann\",\"flag\":\"true\"}", "flag"},
    {"{\"name\":\"Ann\",\"id\":\"01a20cf8-d812-7011-8f24-bbf522f9049e\"}", NULL},
    {"{\"name\":\"Ann\",\"id\":\"01A20CF8-D812-7011-8F24-BBF522F9049E\"}", NULL},
    {"{\"name\":\"Ann\",\"id\":\"\"}", "id"},
    {"{\"name\":\"Ann\",\"id\":7}", "id"},
    {"{\"name\":\"Ann\",\"at\":\"2026-11-24T08:38:21Z\"}", NULL},
    {"{\"name\":\"Ann\",\"at\":\"2026-02-30\"}", "at"},
    {"{\"name\":\"Ann\",\"at\":1795509501}", "at"},
    {"{\"name\":\"Ann\",\"price\":0.5}", NULL},
    {"{\"name\":\"Ann\",\"price\":-3}", NULL},
    {"{\"name\":\"Ann\",\"price\":0.005}", "price"},
    {"{\"name\":\"Ann\",\"price\":0.0000001}", "price"},
    {"{\"name\":\"Ann\",\"price\":1.0000000001}", "price"},
    {"{\"name\":\"Ann\",\"price\":999999999999.99}", NULL},
    {"{\"name\":\"Ann\",\"price\":1000000000000}", NULL},
    {"{\"name\":\"Ann\",\"price\":1000000000000.01}", "price"},
    {"{\"name\":\"Ann\",\"price\":1e400}", "price"},
    {"{\"name\":\"Ann\",\"price\":\"1\"}", "price"},
    {"{\"name\":\"Ann\",\"part\":1}", NULL},
    {"{\"name\":\"Ann\",\"part\":1.01}", "part"},
    {"{\"name\":\"Ann\",\"part\":-0.1}", "part"},
    {"{\"name\":\"Ann\",\"words\":[]}", NULL},
    {"{\"name\":\"Ann\",\"words\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", NULL},
    {"{\"name\":\"Ann\",\"words\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]}", "words"},
    {"{\"name\":\"Ann\",\"words\":[1]}", "words"},
    {"{\"name\":\"Ann\",\"words\":[null]}", "words"},
    {"{\"name\":\"Ann\",\"words\":\"a\"}", "words"},
    {"{\"name\":\"Ann\",\"words\":{\"a\":\"b\"}}", "words"},
    {"{\"name\":\"Ann\",\"ref\":{\"name\":\"x\",\"count\":1}}", NULL},
    {"{\"name\":\"Ann\",\"ref\":{\"nonsense\":1}}", "nonsense"},
    {"{\"name\":\"Ann\",\"ref\":[]}", ""},
    {"{\"name\":\"Ann\",\"list\":[{},{},{}]}", NULL},
    {"{\"name\":\"Ann\",\"list\":[{},{},{},{}]}", "list"},
    {"{\"name\":\"Ann\",\"list\":{}}", "list"},
    {"{\"name\":\"Ann\",\"list\":[1]}", ""},
    {"{\"name\":\"Ann\",\"map\":{\"a\":[{\"count\":2}]}}", NULL},
    {"{\"name\":\"Ann\",\"map\":{\"a\":1}}", "parts"},
    {"{\"name\":\"Ann\",\"map\":[]}", "map"},
};

static void each_input_is_taken_or_its_fault_is_named(void)
{
    for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
        struct arena *mem = arena_new();
        struct problem why = {0};
        struct thing t;
        enum err err = take(mem, inputs[i].json, &t, NULL, &why);

        if ((err == ERR_OK) != !inputs[i].field || (err && strcmp(why.field, inputs[i].field) != 0))
            fprintf(stderr, "%s: %s \"%s\" %s\n", inputs[i].json, err_slug(err), why.field,
                    why.text);
        CHECK((err == ERR_OK) == !inputs[i].field);
        CHECK(!err || (err == ERR_INVALID && why.text[0]));
        CHECK(!err || strcmp(why.field, inputs[i].field) == 0);
        arena_free(mem);
    }
}

static void values_arrive(void)
{
    struct arena *mem = arena_new();
    struct thing t;
    uint64_t given;
    char text[UUID_TEXT];

    CHECK(take(mem,
               "{\"name\":\"Zo\\u00eb\",\"number\":-42,\"flag\":true,\"price\":0.05,\"part\":0.25,"
               "\"id\":\"01a20cf8-d812-7011-8f24-bbf522f9049e\",\"at\":\"2026-11-24T08:38:21.5Z\","
               "\"words\":[\"a\",\"\"],\"ref\":{\"count\":3},\"list\":[{\"name\":\"x\"},{}],"
               "\"map\":{\"k\":[{\"count\":9}]},\"colour\":null,\"password\":\"p\"}",
               &t, &given, NULL) == ERR_OK);
    CHECK_STR(t.name, "Zoë");
    CHECK(t.number == -42 && t.flag && t.price.hundredths == 5 && t.part.ppm == 250000);
    CHECK_STR(uuid_text(&t.id, text), "01a20cf8-d812-7011-8f24-bbf522f9049e");
    CHECK(t.at.ms == INT64_C(1795509501500));
    CHECK(t.words.n == 2 && strcmp(t.words.v[0], "a") == 0 && strcmp(t.words.v[1], "") == 0);
    CHECK(((const struct part *)t.ref.rec)->count == 3);
    CHECK(t.list.n == 2 && strcmp(((const struct part *)t.list.v)[0].name, "x") == 0);
    CHECK(t.map.n == 1 && strcmp(((const struct pane *)t.map.v)->name, "k") == 0);
    CHECK(((const struct pane *)t.map.v)->parts.n == 1);
    CHECK(!t.colour && strcmp(t.password, "p") == 0);
    CHECK(given & type_bit(&thing_type, type_field(&thing_type, "flag")));
    CHECK(!(given & type_bit(&thing_type, type_field(&thing_type, "colour"))));
    CHECK(!(given & type_bit(&thing_type, type_field(&thing_type, "small"))));
    arena_free(mem);
}

/* A client must understand a server that knows more than it does. */
static void a_newer_server_is_trusted(void)
{
    static const char text[] = "{\"name\":\"A\",\"colour\":\"ultraviolet\",\"small\":4711,"
                               "\"known\":5,\"novelty\":{},\"words\":[\"1\",\"2\",\"3\",\"4\","
                               "\"5\",\"6\",\"7\"]}";
    struct arena *mem = arena_new();
    struct problem why = {0};
    struct thing t = {0};
    const cJSON *doc;

    CHECK(json_parse(mem, text, strlen(text), &doc, &why) == ERR_OK);
    CHECK(json_decode(&thing_type, doc, JSON_FROM_SERVER, mem, &t, NULL, &why) == ERR_OK);
    CHECK(t.colour && strcmp(t.colour, "ultraviolet") == 0);
    CHECK(t.small == 4711 && t.known == 5 && t.words.n == 7);
    arena_free(mem);
}

static void problems_never_hold_the_value(void)
{
    static const char *const hostile[] = {
        "{\"name\":\"SECRETSECRETSECRETSECRETSECRETSECRETSECRET\"}",
        "{\"name\":\"Ann\",\"colour\":\"SECRET\"}",
        "{\"name\":\"Ann\",\"id\":\"SECRET\"}",
        "{\"name\":\"Ann\",\"at\":\"SECRET\"}",
        "{\"name\":\"Ann\",\"price\":\"SECRET\"}",
    };

    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        struct arena *mem = arena_new();
        struct problem why = {0};
        struct thing t;

        CHECK(take(mem, hostile[i], &t, NULL, &why) == ERR_INVALID);
        CHECK(!strstr(why.text, "SECRET") && !strstr(why.field, "SECRET"));
        arena_free(mem);
    }
}

static const struct {
    const char *field, *text;
    bool ok;
} texts[] = {
    {"name", "Ann", true},
    {"name", "A", false},
    {"colour", "red", true},
    {"colour", "blue", false},
    {"number", "42", true},
    {"number", "-42", true},
    {"number", "+42", false},
    {"number", "", false},
    {"number", "-", false},
    {"number", " 1", false},
    {"number", "1 ", false},
    {"number", "0x1", false},
    {"number", "1.0", false},
    {"number", "9007199254740991", true},
    {"number", "9007199254740992", false},
    {"number", "-9223372036854775808", false},
    {"number", "-99999999999999999999999", false},
    {"number", "99999999999999999999999", false},
    {"small", "0", false},
    {"small", "100", true},
    {"small", "101", false},
    {"flag", "true", true},
    {"flag", "1", false},
    {"flag", "TRUE", false},
    {"id", "x", false},
    {"at", "2026-11-24", true},
    {"at", "yesterday", false},
    {"price", "0.5", true},
    {"price", "0.555", false},
    {"price", "1000000000000.01", false},
    {"ref", "x", false},
    {"list", "x", false},
    {"bytes", "x", false},
};

static void texts_of_query_strings_are_checked_alike(void)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        const struct field *f = type_field(&thing_type, texts[i].field);
        struct arena *mem = arena_new();
        struct problem why = {0};
        struct thing t = {0};
        enum err err = json_decode_text(f, texts[i].text, mem, &t, &why);

        if ((err == ERR_OK) != texts[i].ok)
            fprintf(stderr, "%s=%s: %s\n", texts[i].field, texts[i].text, err_slug(err));
        CHECK((err == ERR_OK) == texts[i].ok);
        CHECK(!err || strcmp(why.field, texts[i].field) == 0);
        arena_free(mem);
    }
}

static void repetition_grows_a_list(void)
{
    const struct field *f = type_field(&thing_type, "words");
    struct arena *mem = arena_new();
    struct thing t = {0};
    char word[2] = "a";

    for (int i = 0; i < 5; i++, word[0]++)
        CHECK(json_decode_text(f, word, mem, &t, NULL) == ERR_OK);
    CHECK(t.words.n == 5 && strcmp(t.words.v[0], "a") == 0 && strcmp(t.words.v[4], "e") == 0);
    CHECK(json_decode_text(f, word, mem, &t, NULL) == ERR_INVALID);
    CHECK(t.words.n == 5);
    arena_free(mem);
}

/* Damage to a sound document is refused or read; it never crashes, and refusals have words. */
static void damaged_documents_do_no_harm(void)
{
    struct random r = random_start("json damage");
    int taken = 0, refused = 0;

    for (int i = 0; i < 30000; i++) {
        struct arena *mem = arena_new();
        struct thing t;
        struct problem why = {0};
        char text[200];
        size_t n;

        snprintf(text, sizeof(text), "%s",
                 inputs[random_below(&r, sizeof(inputs) / sizeof(*inputs))].json);
        n = strlen(text);
        for (size_t k = random_below(&r, 3); k-- > 0;)
            text[random_below(&r, n)] = "{}[]\":,\\u0 1e-\xc3\xa9\xff\x01"[random_below(&r, 18)];
        if (take(mem, text, &t, NULL, &why) == ERR_OK)
            taken++;
        else
            refused += why.text[0] != '\0' && utf8_valid(why.field, strlen(why.field));
        arena_free(mem);
    }
    CHECK(taken + refused == 30000 && taken > 1000 && refused > 10000);
}

static const struct test tests[] = {
    {"json: only JSON is parsed", only_json_is_parsed},
    {"json: a NUL is no end", a_nul_is_no_end},
    {"json: nesting is bounded", nesting_is_bounded},
    {"json: each input is taken or its fault is named", each_input_is_taken_or_its_fault_is_named},
    {"json: values arrive", values_arrive},
    {"json: a newer server is trusted", a_newer_server_is_trusted},
    {"json: problems never hold the value", problems_never_hold_the_value},
    {"json: texts of query strings are checked alike", texts_of_query_strings_are_checked_alike},
    {"json: repetition grows a list", repetition_grows_a_list},
    {"json: damaged documents do no harm", damaged_documents_do_no_harm},
};

TEST_MAIN(tests)
