#include <stdio.h>
#include <string.h>

#include "common/json.h"

void json_write_text(struct buf *b, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    const char *from;

    if (!text) {
        buf_str(b, "null");
        return;
    }
    buf_char(b, '"');
    for (from = text; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(b, from, (size_t)(text - from));
        from = text + 1;
        if (c == '"' || c == '\\') {
            escape[1] = (char)c;
            buf_add(b, escape, 2);
        } else if (c == '\n') {
            buf_add(b, "\\n", 2);
        } else {
            buf_add(b, escape, sizeof(escape));
        }
    }
    buf_add(b, from, (size_t)(text - from));
    buf_char(b, '"');
}

static void write_value(struct buf *b, const struct field *f, const void *rec, enum json_mask mask,
                        struct arena *mem);

static void write_strs(struct buf *b, const struct strs *s)
{
    buf_char(b, '[');
    for (size_t i = 0; i < s->n; i++) {
        if (i)
            buf_char(b, ',');
        json_write_text(b, s->v[i]);
    }
    buf_char(b, ']');
}

static void write_list(struct buf *b, const struct field *f, const struct list *l,
                       enum json_mask mask, struct arena *mem)
{
    if (l->json) {
        buf_str(b, l->json);
        return;
    }
    buf_char(b, '[');
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            buf_char(b, ',');
        json_write(b, f->type, (const char *)l->v + i * f->type->size, mask, mem);
    }
    buf_char(b, ']');
}

/* 0.42: at most six decimals, no trailing zeros. */
static void write_ratio(struct buf *b, int64_t ppm)
{
    char text[32];
    size_t n =
        (size_t)snprintf(text, sizeof(text), "%d.%06d", (int)(ppm / 1000000), (int)(ppm % 1000000));

    while (text[n - 1] == '0')
        n--;
    buf_add(b, text, text[n - 1] == '.' ? n - 1 : n);
}

static void write_map(struct buf *b, const struct field *f, const struct map *m,
                      enum json_mask mask, struct arena *mem)
{
    const struct field *key = &f->type->fields[0], *value = &f->type->fields[1];

    if (m->json) {
        buf_str(b, m->json);
        return;
    }
    buf_char(b, '{');
    for (size_t i = 0; i < m->n; i++) {
        const void *rec = (const char *)m->v + i * f->type->size;

        if (i)
            buf_char(b, ',');
        json_write_text(b, *(const char *const *)field_at(key, rec));
        buf_char(b, ':');
        write_value(b, value, rec, mask, mem);
    }
    buf_char(b, '}');
}

static void write_value(struct buf *b, const struct field *f, const void *rec, enum json_mask mask,
                        struct arena *mem)
{
    const void *slot = field_at(f, rec);
    char text[CREDITS_TEXT + UUID_TEXT];

    if (field_is_null(f, rec)) {
        buf_str(b, "null");
        return;
    }
    switch (f->kind) {
    case KIND_STR:
        json_write_text(b, *(const char *const *)slot);
        break;
    case KIND_INT:
        buf_int(b, *(const int64_t *)slot);
        break;
    case KIND_BOOL:
        buf_str(b, *(const bool *)slot ? "true" : "false");
        break;
    case KIND_ID:
        json_write_text(b, uuid_text(slot, text));
        break;
    case KIND_TIME:
        json_write_text(b, stamp_text(*(const struct stamp *)slot, text));
        break;
    case KIND_CREDITS:
        buf_str(b, credits_text(*(const struct credits *)slot, text));
        break;
    case KIND_RATIO:
        write_ratio(b, ((const struct ratio *)slot)->ppm);
        break;
    case KIND_STRS:
        write_strs(b, slot);
        break;
    case KIND_REF:
        json_write(b, f->type, ((const struct ref *)slot)->rec, mask, mem);
        break;
    case KIND_LIST:
        write_list(b, f, slot, mask, mem);
        break;
    case KIND_MAP:
        write_map(b, f, slot, mask, mem);
        break;
    case KIND_BYTES:
        buf_str(b, "null");
        break;
    }
}

static bool is_clear(const struct type *type, const struct field *f, const void *rec,
                     enum json_mask mask)
{
    return mask == JSON_OWNED && type->owned != NO_OWNED &&
           *(const unsigned *)((const char *)rec + type->owned) & f->own;
}

static bool is_empty(const struct field *f, const void *rec)
{
    return field_is_null(f, rec) ||
           (f->kind == KIND_STRS && ((const struct strs *)field_at(f, rec))->n == 0);
}

void json_write(struct buf *b, const struct type *type, const void *rec, enum json_mask mask,
                struct arena *mem)
{
    bool first = true;

    buf_char(b, '{');
    for (const struct field *f = type->fields; f->name; f++) {
        if (f->flags & (FIELD_INTERNAL | FIELD_WRITE_ONLY))
            continue;
        if (f->flags & FIELD_OMIT_EMPTY && is_empty(f, rec))
            continue;
        if (!first)
            buf_char(b, ',');
        first = false;
        json_write_text(b, f->name);
        buf_char(b, ':');
        if (f->mask && !field_is_null(f, rec) && !is_clear(type, f, rec, mask))
            json_write_text(b, f->mask(mem, *(const char *const *)field_at(f, rec)));
        else
            write_value(b, f, rec, mask, mem);
    }
    buf_char(b, '}');
}

void json_write_value(struct buf *b, const struct field *f, const void *rec, enum json_mask mask,
                      struct arena *mem)
{
    write_value(b, f, rec, mask, mem);
}
