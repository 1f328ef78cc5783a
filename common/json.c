#include "common/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 1000, STR_MAX = 1000 };

#define SAFE_INT INT64_C(9007199254740991) /* 2^53 - 1: what a double holds exactly */

/* Is the text one that a client may send? */
static enum err check_str(const struct field *f, const char *text, struct problem *why)
{
    size_t n = strlen(text), max = f->max ? (size_t)f->max : STR_MAX;

    if (n > max)
        return problem_set(why, f->name, "%s is longer than %zu bytes", f->name, max);
    if (n < (size_t)f->min)
        return problem_set(why, f->name, "%s is shorter than %lld bytes", f->name,
                           (long long)f->min);
    for (const char *const *w = f->words; w; w++) {
        if (!*w)
            return problem_set(why, f->name, "%s is none of the known words", f->name);
        if (strcmp(*w, text) == 0)
            break;
    }
    return ERR_OK;
}

static enum err store_str(const struct field *f, const char *text, enum json_side side,
                          struct arena *mem, const char **slot, struct problem *why)
{
    if (side == JSON_FROM_CLIENT && check_str(f, text, why))
        return ERR_INVALID;
    *slot = arena_strdup(mem, text);
    return ERR_OK;
}

static enum err store_int(const struct field *f, int64_t n, enum json_side side, int64_t *slot,
                          struct problem *why)
{
    int64_t max = f->max ? f->max : SAFE_INT;

    if (side == JSON_FROM_CLIENT && n < f->min)
        return problem_set(why, f->name, "%s is less than %lld", f->name, (long long)f->min);
    if (side == JSON_FROM_CLIENT && n > max)
        return problem_set(why, f->name, "%s is more than %lld", f->name, (long long)max);
    *slot = n;
    return ERR_OK;
}

static enum err store_credits(const struct field *f, struct credits c, enum json_side side,
                              struct credits *slot, struct problem *why)
{
    int64_t max = f->max ? f->max : CREDITS_MAX;

    if (side == JSON_FROM_CLIENT && (c.hundredths < f->min || c.hundredths > max))
        return problem_set(why, f->name, "%s is out of range", f->name);
    *slot = c;
    return ERR_OK;
}

static enum err decode_credits(const struct field *f, const cJSON *item, enum json_side side,
                               struct credits *slot, struct problem *why)
{
    double n = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    struct credits c = {0};

    /* whole hundredths are exact; divided, they round to the double that their decimal is read as
     */
    if (fabs(n) <= (double)CREDITS_MAX / 100)
        c.hundredths = (int64_t)llround(n * 100);
    if (!((double)c.hundredths / 100 >= n && (double)c.hundredths / 100 <= n))
        return problem_set(why, f->name, "%s must be a number of credits with at most two decimals",
                           f->name);
    return store_credits(f, c, side, slot, why);
}

static enum err decode_int(const struct field *f, const cJSON *item, enum json_side side,
                           int64_t *slot, struct problem *why)
{
    double n = cJSON_IsNumber(item) ? item->valuedouble : NAN;

    if (!(fabs(n) <= (double)SAFE_INT) || floor(n) < n)
        return problem_set(why, f->name, "%s must be a whole number", f->name);
    return store_int(f, (int64_t)n, side, slot, why);
}

static enum err decode_strs(const struct field *f, const cJSON *item, enum json_side side,
                            struct arena *mem, struct strs *slot, struct problem *why)
{
    size_t n = (size_t)cJSON_GetArraySize(item), max = f->max ? (size_t)f->max : LIST_MAX;
    struct field one = *f;
    const char **v;
    const cJSON *e;

    if (!cJSON_IsArray(item))
        return problem_set(why, f->name, "%s must be a list of texts", f->name);
    if (side == JSON_FROM_CLIENT && n > max)
        return problem_set(why, f->name, "%s has more than %zu elements", f->name, max);
    one.min = one.max = 0;
    v = arena_alloc(mem, n * sizeof(*v));
    slot->v = v;
    slot->n = 0;
    cJSON_ArrayForEach(e, item)
    {
        if (!cJSON_IsString(e))
            return problem_set(why, f->name, "%s must be a list of texts", f->name);
        if (store_str(&one, e->valuestring, side, mem, &v[slot->n++], why))
            return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err decode_list(const struct field *f, const cJSON *item, enum json_side side,
                            struct arena *mem, struct list *slot, struct problem *why)
{
    size_t n = (size_t)cJSON_GetArraySize(item), max = f->max ? (size_t)f->max : LIST_MAX;
    const cJSON *e;
    char *v;

    if (!cJSON_IsArray(item))
        return problem_set(why, f->name, "%s must be a list", f->name);
    if (side == JSON_FROM_CLIENT && n > max)
        return problem_set(why, f->name, "%s has more than %zu elements", f->name, max);
    v = arena_alloc(mem, n * f->type->size);
    slot->v = v;
    slot->n = 0;
    cJSON_ArrayForEach(e, item)
    {
        if (json_decode(f->type, e, side, mem, v + slot->n++ * f->type->size, NULL, why))
            return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err decode_field(const struct field *f, const cJSON *item, enum json_side side,
                             struct arena *mem, void *rec, struct problem *why);

static enum err decode_map(const struct field *f, const cJSON *item, enum json_side side,
                           struct arena *mem, struct map *slot, struct problem *why)
{
    const struct field *key = &f->type->fields[0], *value = &f->type->fields[1];
    const cJSON *e;
    char *v;

    if (!cJSON_IsObject(item) || (side == JSON_FROM_CLIENT && cJSON_GetArraySize(item) > LIST_MAX))
        return problem_set(why, f->name, "%s must be an object", f->name);
    v = arena_alloc(mem, (size_t)cJSON_GetArraySize(item) * f->type->size);
    slot->v = v;
    slot->n = 0;
    cJSON_ArrayForEach(e, item)
    {
        void *rec = v + slot->n++ * f->type->size;

        *(const char **)field_slot(key, rec) = arena_strdup(mem, e->string);
        if (decode_field(value, e, side, mem, rec, why))
            return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err decode_ref(const struct field *f, const cJSON *item, enum json_side side,
                           struct arena *mem, struct ref *slot, struct problem *why)
{
    void *rec = arena_alloc(mem, f->type->size);

    slot->rec = rec;
    return json_decode(f->type, item, side, mem, rec, NULL, why);
}

static enum err text_to_int(const struct field *f, const char *text, enum json_side side,
                            int64_t *slot, struct problem *why)
{
    char *end;
    long long n = strtoll(text, &end, 10);

    if ((*text != '-' && (*text < '0' || *text > '9')) || *end || n > SAFE_INT || n < -SAFE_INT)
        return problem_set(why, f->name, "%s must be a whole number", f->name);
    return store_int(f, n, side, slot, why);
}

/* One more element at the end of a list that grows by repetition. */
static enum err append_str(const struct field *f, const char *text, enum json_side side,
                           struct arena *mem, struct strs *slot, struct problem *why)
{
    size_t max = f->max ? (size_t)f->max : LIST_MAX;
    struct field one = *f;
    const char **v;

    if (slot->n >= max)
        return problem_set(why, f->name, "%s has more than %zu elements", f->name, max);
    v = arena_alloc(mem, (slot->n + 1) * sizeof(*v));
    if (slot->n)
        memcpy(v, slot->v, slot->n * sizeof(*v));
    one.min = one.max = 0;
    if (store_str(&one, text, side, mem, &v[slot->n], why))
        return ERR_INVALID;
    *slot = (struct strs){v, slot->n + 1};
    return ERR_OK;
}

static enum err decode_text(const struct field *f, const char *text, enum json_side side,
                            struct arena *mem, void *rec, struct problem *why)
{
    void *slot = field_slot(f, rec);
    struct credits c;

    switch (f->kind) {
    case KIND_STR:
        return store_str(f, text, side, mem, slot, why);
    case KIND_INT:
        return text_to_int(f, text, side, slot, why);
    case KIND_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return problem_set(why, f->name, "%s must be true or false", f->name);
        *(bool *)slot = text[0] == 't';
        return ERR_OK;
    case KIND_ID:
        if (!uuid_parse(text, slot))
            return problem_set(why, f->name, "%s is not an id", f->name);
        return ERR_OK;
    case KIND_TIME:
        if (!stamp_parse(text, slot))
            return problem_set(why, f->name, "%s is not a time (RFC 3339)", f->name);
        return ERR_OK;
    case KIND_CREDITS:
        if (!credits_parse(text, &c))
            return problem_set(why, f->name, "%s is not an amount of credits", f->name);
        return store_credits(f, c, side, slot, why);
    case KIND_STRS:
        return append_str(f, text, side, mem, slot, why);
    default:
        return problem_set(why, f->name, "%s cannot be given as text", f->name);
    }
}

enum err json_decode_text(const struct field *f, const char *text, struct arena *mem, void *rec,
                          struct problem *why)
{
    return decode_text(f, text, JSON_FROM_CLIENT, mem, rec, why);
}

static enum err decode_field(const struct field *f, const cJSON *item, enum json_side side,
                             struct arena *mem, void *rec, struct problem *why)
{
    void *slot = field_slot(f, rec);

    switch (f->kind) {
    case KIND_STR:
    case KIND_ID:
    case KIND_TIME:
        if (!cJSON_IsString(item))
            return problem_set(why, f->name, "%s must be text", f->name);
        return decode_text(f, item->valuestring, side, mem, rec, why);
    case KIND_INT:
        return decode_int(f, item, side, slot, why);
    case KIND_BOOL:
        if (!cJSON_IsBool(item))
            return problem_set(why, f->name, "%s must be true or false", f->name);
        *(bool *)slot = cJSON_IsTrue(item);
        return ERR_OK;
    case KIND_CREDITS:
        return decode_credits(f, item, side, slot, why);
    case KIND_RATIO:
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 1))
            return problem_set(why, f->name, "%s must be a number from 0 to 1", f->name);
        ((struct ratio *)slot)->ppm = llround(item->valuedouble * 1e6);
        return ERR_OK;
    case KIND_STRS:
        return decode_strs(f, item, side, mem, slot, why);
    case KIND_REF:
        return decode_ref(f, item, side, mem, slot, why);
    case KIND_LIST:
        return decode_list(f, item, side, mem, slot, why);
    case KIND_MAP:
        return decode_map(f, item, side, mem, slot, why);
    case KIND_BYTES:
        break;
    }
    return problem_set(why, f->name, "%s cannot be sent", f->name);
}

/* Every member is a field that a client may send, and none comes twice. */
static enum err check_members(const struct type *type, const cJSON *obj, struct problem *why)
{
    uint64_t seen = 0;
    const cJSON *item;

    cJSON_ArrayForEach(item, obj)
    {
        const struct field *f = type_field(type, item->string);

        if (!f || f->flags & FIELD_INTERNAL)
            return problem_set(why, item->string, "there is no such field");
        if (f->flags & FIELD_SERVER)
            return problem_set(why, f->name, "%s is set by the server", f->name);
        if (seen & type_bit(type, f))
            return problem_set(why, f->name, "%s is given twice", f->name);
        seen |= type_bit(type, f);
    }
    return ERR_OK;
}

enum err json_decode(const struct type *type, const cJSON *obj, enum json_side side,
                     struct arena *mem, void *rec, uint64_t *given, struct problem *why)
{
    uint64_t got = 0;

    if (!cJSON_IsObject(obj))
        return problem_set(why, NULL, "expected a JSON object");
    if (side == JSON_FROM_CLIENT && check_members(type, obj, why))
        return ERR_INVALID;

    for (const struct field *f = type->fields; f->name; f++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, f->name);

        if (cJSON_IsNull(item))
            item = NULL;
        if (side == JSON_FROM_CLIENT && !item && f->flags & FIELD_REQUIRED)
            return problem_set(why, f->name, "%s is missing", f->name);
        if (!item)
            continue;
        if (decode_field(f, item, side, mem, rec, why))
            return ERR_INVALID;
        got |= type_bit(type, f);
    }
    if (given)
        *given = got;
    return ERR_OK;
}

const char *json_str(const cJSON *obj, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

double json_num(const cJSON *obj, const char *name, double fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, name);

    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

bool json_bool(const cJSON *obj, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, name));
}
