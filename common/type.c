#include "common/type.h"

#include <assert.h>
#include <string.h>

const struct field *type_field(const struct type *t, const char *name)
{
    for (const struct field *f = t->fields; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

size_t type_count(const struct type *t)
{
    size_t n = 0;

    while (t->fields[n].name)
        n++;
    return n;
}

uint64_t type_bit(const struct type *t, const struct field *f)
{
    assert(f >= t->fields && f < t->fields + FIELDS_MAX);
    return UINT64_C(1) << (f - t->fields);
}

bool field_is_null(const struct field *f, const void *rec)
{
    const void *slot = field_at(f, rec);

    switch (f->kind) {
    case KIND_STR:
        return !*(const char *const *)slot;
    case KIND_INT:
        return f->flags & FIELD_ZERO_NULL && *(const int64_t *)slot == 0;
    case KIND_ID:
        return uuid_is_zero(slot);
    case KIND_TIME:
        return ((const struct stamp *)slot)->ms == 0;
    case KIND_BYTES:
        return ((const struct bytes *)slot)->n == 0;
    case KIND_REF:
        return !((const struct ref *)slot)->rec;
    case KIND_BOOL:
    case KIND_CREDITS:
    case KIND_RATIO:
    case KIND_STRS:
    case KIND_LIST:
    case KIND_MAP:
        break;
    }
    return false;
}
