/* The API's description (OpenAPI 3.1), written from the tables that the server runs on. */
#include <string.h>

#include "server/request.h"

enum { DOCUMENT_MAX = 2 * 1024 * 1024 };

static void write_member(struct buf *b, const char *name, const char *text)
{
    json_write_text(b, name);
    buf_char(b, ':');
    json_write_text(b, text);
}

static void write_ref(struct buf *b, const struct type *t)
{
    buf_printf(b, "{\"$ref\":\"#/components/schemas/%s\"}", t->name);
}

static void write_range(struct buf *b, const struct field *f, const char *least, const char *most)
{
    if (f->min)
        buf_printf(b, ",\"%s\":%lld", least, (long long)f->min);
    if (f->max)
        buf_printf(b, ",\"%s\":%lld", most, (long long)f->max);
}

static void write_words(struct buf *b, const struct field *f, bool nullable)
{
    if (!f->words)
        return;
    buf_str(b, ",\"enum\":[");
    for (const char *const *w = f->words; *w; w++) {
        if (w != f->words)
            buf_char(b, ',');
        json_write_text(b, *w);
    }
    buf_str(b, nullable ? ",null]" : "]");
}

/* Texts, ids, times and unknown numbers may be null in a reply. */
static bool may_be_null(const struct field *f)
{
    return f->kind == KIND_STR || f->kind == KIND_ID || f->kind == KIND_TIME ||
           f->flags & FIELD_ZERO_NULL;
}

static void write_text_schema(struct buf *b, const struct field *f)
{
    bool null = may_be_null(f);

    buf_str(b, null ? "{\"type\":[\"string\",\"null\"]" : "{\"type\":\"string\"");
    if (f->kind == KIND_ID)
        buf_str(b, ",\"format\":\"uuid\"");
    if (f->kind == KIND_TIME)
        buf_str(b, ",\"format\":\"date-time\"");
    if (f->kind == KIND_STR)
        write_range(b, f, "minLength", "maxLength");
    write_words(b, f, null);
}

static void write_schema(struct buf *b, const struct field *f)
{
    struct field one = *f;

    switch (f->kind) {
    case KIND_STR:
    case KIND_ID:
    case KIND_TIME:
        write_text_schema(b, f);
        break;
    case KIND_INT:
        buf_str(b, may_be_null(f) ? "{\"type\":[\"integer\",\"null\"]" : "{\"type\":\"integer\"");
        write_range(b, f, "minimum", "maximum");
        break;
    case KIND_BOOL:
        buf_str(b, "{\"type\":\"boolean\"");
        break;
    case KIND_CREDITS:
        buf_str(b, "{\"type\":\"number\",\"multipleOf\":0.01");
        break;
    case KIND_RATIO:
        buf_str(b, "{\"type\":\"number\",\"minimum\":0,\"maximum\":1");
        break;
    case KIND_STRS:
        one.max = 0;
        buf_str(b, "{\"type\":\"array\",\"items\":{\"type\":\"string\"");
        write_words(b, &one, false);
        buf_char(b, '}');
        if (f->max)
            buf_printf(b, ",\"maxItems\":%lld", (long long)f->max);
        break;
    case KIND_REF:
        buf_str(b, "{\"anyOf\":[");
        write_ref(b, f->type);
        buf_str(b, ",{\"type\":\"null\"}]");
        break;
    case KIND_LIST:
        buf_str(b, "{\"type\":\"array\",\"items\":");
        write_ref(b, f->type);
        break;
    case KIND_MAP:
        buf_str(b, "{\"type\":\"object\",\"additionalProperties\":");
        write_schema(b, &f->type->fields[1]);
        break;
    case KIND_BYTES:
        buf_str(b, "{\"type\":\"null\"");
        break;
    }
    if (f->doc) {
        buf_char(b, ',');
        write_member(b, "description", f->doc);
    }
    if (f->flags & FIELD_SERVER)
        buf_str(b, ",\"readOnly\":true");
    if (f->flags & FIELD_WRITE_ONLY)
        buf_str(b, ",\"writeOnly\":true");
    buf_char(b, '}');
}

static void write_type(struct buf *b, const struct type *t)
{
    bool first = true;

    json_write_text(b, t->name);
    buf_str(b, ":{\"type\":\"object\",");
    write_member(b, "description", t->doc ? t->doc : "");
    buf_str(b, ",\"properties\":{");
    for (const struct field *f = t->fields; f->name; f++) {
        if (f->flags & FIELD_INTERNAL)
            continue;
        if (!first)
            buf_char(b, ',');
        first = false;
        json_write_text(b, f->name);
        buf_char(b, ':');
        write_schema(b, f);
    }
    buf_str(b, "},\"required\":[");
    first = true;
    for (const struct field *f = t->fields; f->name; f++) {
        if (!(f->flags & FIELD_REQUIRED) || f->flags & FIELD_INTERNAL)
            continue;
        if (!first)
            buf_char(b, ',');
        first = false;
        json_write_text(b, f->name);
    }
    buf_str(b, "],\"additionalProperties\":false}");
}

/* "/api/profiles/:id" -> "/api/profiles/{id}" */
static void write_path(struct buf *b, const char *path)
{
    buf_char(b, '"');
    while (*path) {
        if (*path == ':') {
            size_t n = strcspn(++path, "/");

            buf_printf(b, "{%.*s}", (int)n, path);
            path += n;
        } else {
            buf_char(b, *path++);
        }
    }
    buf_char(b, '"');
}

static void write_parameters(struct buf *b, const struct route *row)
{
    bool first = true;

    buf_str(b, ",\"parameters\":[");
    for (const char *p = strchr(row->path, ':'); p; p = strchr(p + 1, ':')) {
        buf_printf(b,
                   "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,\"schema\":"
                   "{\"type\":\"string\",\"format\":\"uuid\"}}",
                   first ? "" : ",", (int)strcspn(p + 1, "/"), p + 1);
        first = false;
    }
    for (const struct field *f = row->query ? row->query->fields : NULL; f && f->name; f++) {
        buf_printf(b, "%s{\"name\":", first ? "" : ",");
        json_write_text(b, f->name);
        buf_printf(b, ",\"in\":\"query\",\"required\":%s,\"explode\":true,\"schema\":",
                   f->flags & FIELD_REQUIRED ? "true" : "false");
        write_schema(b, f);
        buf_char(b, '}');
        first = false;
    }
    if (row->flags & ROUTE_IDEMPOTENT)
        buf_printf(b,
                   "%s{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":false,"
                   "\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}}",
                   first ? "" : ",");
    buf_char(b, ']');
}

static void write_body(struct buf *b, const struct route *row)
{
    if (!row->body && !row->open_sink)
        return;
    buf_printf(b, ",\"requestBody\":{\"required\":true,\"content\":{\"%s\":{\"schema\":",
               row->consumes ? row->consumes : "application/json");
    if (row->body)
        write_ref(b, row->body);
    else
        buf_str(b, "{\"type\":\"string\"}");
    buf_str(b, "}}}");
}

static void write_problem(struct buf *b, const char *status, const char *words)
{
    buf_printf(b,
               ",\"%s\":{\"description\":\"%s\",\"content\":{\"application/problem+json\":"
               "{\"schema\":{\"$ref\":\"#/components/schemas/problem_reply\"}}}}",
               status, words);
}

/* What a reply of no record is; of a stream of events, each of them. */
static const char *schema_of(const char *type)
{
    if (strcmp(type, "application/json") == 0)
        return "{\"type\":\"object\"}";
    if (strcmp(type, "text/event-stream") == 0)
        return "{\"type\":\"object\",\"properties\":{\"event\":{\"type\":\"string\"},"
               "\"data\":{\"type\":\"string\"}}}";
    return "{\"type\":\"string\"}";
}

/* One for each of its content types. */
static void write_contents(struct buf *b, const struct route *row)
{
    const char *at = row->produces ? row->produces : "application/json", *comma = "";

    while (*at) {
        char type[64];
        size_t n = strcspn(at, " ,");

        snprintf(type, sizeof(type), "%.*s", (int)n, at);
        buf_printf(b, "%s\"%s\":{\"schema\":", comma, type);
        if (row->reply)
            write_ref(b, row->reply);
        else
            buf_str(b, schema_of(type));
        buf_char(b, '}');
        comma = ",";
        at += n;
        at += strspn(at, " ,");
    }
}

static void write_replies(struct buf *b, const struct route *row)
{
    buf_str(b, ",\"responses\":{\"2XX\":{\"description\":\"Done.\",\"content\":{");
    write_contents(b, row);
    buf_str(b, "}}");
    write_problem(b, "4XX", "Refused; the field is named.");
    write_problem(b, "5XX", "Not possible now.");
    buf_char(b, '}');
}

static void write_operation(struct buf *b, const struct route *row)
{
    char method[16] = "";

    for (size_t i = 0; row->method[i] && i + 1 < sizeof(method); i++)
        method[i] = (char)(row->method[i] | 0x20);
    buf_printf(b, "\"%s\":{", method);
    write_member(b, "summary", row->doc);
    buf_printf(b, ",\"description\":\"Least role: %s. Rate class: %s.\"", role_word(row->role),
               rate_word(row->rate));
    buf_str(b, row->role == ROLE_PUBLIC ? ",\"security\":[]" : ",\"security\":[{\"bearer\":[]}]");
    write_parameters(b, row);
    write_body(b, row);
    write_replies(b, row);
    buf_char(b, '}');
}

static bool same_path(const struct route *a, const struct route *b)
{
    return strcmp(a->path, b->path) == 0;
}

/* Rows of one path follow each other in a table, or are gathered here. */
static bool is_first_of_path(const struct route *row)
{
    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *r = *t; r->method; r++)
            if (same_path(r, row))
                return r == row;
    return true;
}

static void write_paths(struct buf *b)
{
    bool first = true;

    for (const struct route *const *t = route_tables; *t; t++) {
        for (const struct route *row = *t; row->method; row++) {
            bool one = true;

            if (!is_first_of_path(row))
                continue;
            buf_str(b, first ? "" : ",");
            first = false;
            write_path(b, row->path);
            buf_str(b, ":{");
            for (const struct route *const *u = route_tables; *u; u++) {
                for (const struct route *r = *u; r->method; r++) {
                    if (!same_path(r, row))
                        continue;
                    buf_str(b, one ? "" : ",");
                    one = false;
                    write_operation(b, r);
                }
            }
            buf_char(b, '}');
        }
    }
}

static enum err openapi_show(struct request *r)
{
    struct buf *b = &r->out;

    b->max = DOCUMENT_MAX;
    r->status = 200;
    buf_str(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"LeadGen Pro\",\"version\":\"" VERSION
               "\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},"
               "\"paths\":{");
    write_paths(b);
    buf_str(b, "},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\","
               "\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"}},\"schemas\":{");
    for (const struct type *const *t = api_types; *t; t++) {
        if (t != api_types)
            buf_char(b, ',');
        write_type(b, *t);
    }
    buf_str(b, "}}}");
    return b->failed ? ERR_NO_MEMORY : ERR_OK;
}

const struct route openapi_routes[] = {
    {"GET", "/api/openapi.json", openapi_show, "This description.", .role = ROLE_PUBLIC,
     .rate = RATE_ANONYMOUS},
    {0},
};
