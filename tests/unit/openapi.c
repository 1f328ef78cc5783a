/* The API's description against the tables it is written from, and against itself. */
#include <strings.h>

#include "server/request.h"
#include "tests/test.h"

static struct arena *mem;
static const cJSON *doc;

static const char *no_header(const struct request *r, const char *name)
{
    (void)r;
    (void)name;
    return NULL;
}

static const struct route *find(const char *method, const char *path)
{
    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *row = *t; row->method; row++)
            if (strcmp(row->method, method) == 0 && strcmp(row->path, path) == 0)
                return row;
    return NULL;
}

static const cJSON *member(const cJSON *obj, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(obj, name);
}

static void is_well_formed(void)
{
    const struct route *row = find("GET", "/api/openapi.json");
    struct request r = {.header = no_header, .out = BUF_INIT(1 << 20), .route = row};
    struct problem why = {0};

    mem = r.mem = arena_new();
    CHECK(row && row->handle(&r) == ERR_OK);
    CHECK(r.status == 200);
    CHECK(json_parse(mem, r.out.data, r.out.len, &doc, &why) == ERR_OK);
    CHECK_STR(json_str(doc, "openapi"), "3.1.0");
    CHECK_STR(json_str(member(doc, "info"), "version"), VERSION);
    buf_free(&r.out);
}

/* "/api/jobs/:id" -> "/api/jobs/{id}" */
static const char *braced(const char *path)
{
    char *out = arena_alloc(mem, 2 * strlen(path) + 1), *to = out;

    for (; *path; path++) {
        if (*path != ':') {
            *to++ = *path;
            continue;
        }
        *to++ = '{';
        while (path[1] && path[1] != '/')
            *to++ = *++path;
        *to++ = '}';
    }
    return out;
}

static const cJSON *operation(const struct route *row)
{
    char method[16] = "";

    for (size_t i = 0; row->method[i]; i++)
        method[i] = (char)(row->method[i] | 0x20);
    return member(member(member(doc, "paths"), braced(row->path)), method);
}

static bool has_parameter(const cJSON *op, const char *name, const char *in)
{
    const cJSON *p;

    cJSON_ArrayForEach(p, member(op, "parameters"))
    {
        if (strcmp(json_str(p, "name"), name) == 0 && strcmp(json_str(p, "in"), in) == 0)
            return member(p, "schema") != NULL;
    }
    return false;
}

static size_t count_parameters(const struct route *row)
{
    size_t n = row->flags & ROUTE_IDEMPOTENT ? 1 : 0;

    for (const char *p = row->path; *p; p++)
        n += *p == ':';
    return n + (row->query ? type_count(row->query) : 0);
}

static bool refers_to(const cJSON *content, const struct type *t)
{
    const cJSON *schema = member(content ? content->child : NULL, "schema");
    const char *ref = schema ? json_str(schema, "$ref") : NULL;

    return ref && strcmp(ref, arena_printf(mem, "#/components/schemas/%s", t->name)) == 0;
}

static void check_route(const struct route *row)
{
    const cJSON *op = operation(row), *replies = member(op, "responses");

    if (!op)
        fprintf(stderr, "%s %s is not described\n", row->method, row->path);
    CHECK(op != NULL);
    CHECK(row->doc && *row->doc && strcmp(json_str(op, "summary"), row->doc) == 0);
    CHECK((size_t)cJSON_GetArraySize(member(op, "parameters")) == count_parameters(row));
    for (const struct field *f = row->query ? row->query->fields : NULL; f && f->name; f++)
        CHECK(has_parameter(op, f->name, "query"));
    CHECK(!(row->flags & ROUTE_IDEMPOTENT) || has_parameter(op, "Idempotency-Key", "header"));
    CHECK(!row->body == !refers_to(member(member(op, "requestBody"), "content"), row->body));
    CHECK((row->role == ROLE_PUBLIC) == (cJSON_GetArraySize(member(op, "security")) == 0));
    CHECK(!row->reply || refers_to(member(member(replies, "2XX"), "content"), row->reply));
    CHECK(refers_to(member(member(replies, "4XX"), "content"), &problem_reply_type));
    CHECK(refers_to(member(member(replies, "5XX"), "content"), &problem_reply_type));
}

static void every_route_is_described(void)
{
    size_t rows = 0, described = 0;
    const cJSON *path;

    for (const struct route *const *t = route_tables; *t; t++) {
        for (const struct route *row = *t; row->method; row++) {
            check_route(row);
            rows++;
        }
    }
    cJSON_ArrayForEach(path, member(doc, "paths")) described += (size_t)cJSON_GetArraySize(path);
    CHECK(rows > 20 && described == rows); /* neither more nor twice */
}

static size_t refs, broken;

static void follow(const cJSON *at)
{
    static const char prefix[] = "#/components/schemas/";
    const cJSON *e, *schemas = member(member(doc, "components"), "schemas");

    cJSON_ArrayForEach(e, at)
    {
        if (e->string && strcmp(e->string, "$ref") == 0) {
            refs++;
            if (strncmp(e->valuestring, prefix, sizeof(prefix) - 1) != 0 ||
                !member(schemas, e->valuestring + sizeof(prefix) - 1)) {
                fprintf(stderr, "%s leads nowhere\n", e->valuestring);
                broken++;
            }
        }
        follow(e);
    }
}

static void every_ref_resolves(void)
{
    cJSON *astray = cJSON_Parse("{\"$ref\":\"#/components/schemas/nothing\"}");

    follow(doc);
    CHECK(refs > 50 && broken == 0);
    follow(astray);
    CHECK(broken == 1); /* the control */
    cJSON_Delete(astray);
}

/* What never leaves the server is not described; what only comes in is marked. */
static void every_field_is_described(void)
{
    const cJSON *schemas = member(member(doc, "components"), "schemas");

    for (const struct type *const *t = api_types; *t; t++) {
        const cJSON *schema = member(schemas, (*t)->name);

        for (const struct field *f = (*t)->fields; f->name; f++) {
            const cJSON *p = member(member(schema, "properties"), f->name);

            CHECK(!p == !!(f->flags & FIELD_INTERNAL));
            CHECK(!p || json_bool(p, "writeOnly") == !!(f->flags & FIELD_WRITE_ONLY));
            CHECK(!p || member(p, "type") || member(p, "$ref") || member(p, "anyOf"));
        }
    }
    CHECK(member(member(member(schemas, "user"), "properties"), "password_hash") == NULL);
}

static void ends(void)
{
    arena_free(mem);
}

static const struct test tests[] = {
    {"openapi: well-formed", is_well_formed},
    {"openapi: every route is described, once", every_route_is_described},
    {"openapi: every $ref resolves", every_ref_resolves},
    {"openapi: every field is described but the internal ones", every_field_is_described},
    {"openapi: ends", ends},
};

TEST_MAIN(tests)
