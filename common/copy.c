#include "common/copy.h"

#include <string.h>

static void copy_strs(struct arena *mem, struct strs *list)
{
    const char **v = arena_alloc(mem, list->n * sizeof(*v));

    for (size_t i = 0; i < list->n; i++)
        v[i] = arena_strdup(mem, list->v[i]);
    list->v = v;
}

void record_copy(const struct type *t, struct arena *mem, void *out, const void *rec)
{
    memcpy(out, rec, t->size);
    for (const struct field *f = t->fields; f->name; f++) {
        void *slot = field_slot(f, out);

        if (f->kind == KIND_STR)
            *(const char **)slot = arena_strdup(mem, *(const char **)slot);
        else if (f->kind == KIND_STRS)
            copy_strs(mem, slot);
        else if (f->kind == KIND_BYTES && ((struct bytes *)slot)->n)
            ((struct bytes *)slot)->p =
                arena_dup(mem, ((struct bytes *)slot)->p, ((struct bytes *)slot)->n);
    }
}
