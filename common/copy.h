/* Deep copies of records, driven by their struct type. */
#ifndef COMMON_COPY_H
#define COMMON_COPY_H

#include "common/mem.h"
#include "common/type.h"

/* Texts, lists of texts and bytes are copied into mem; references and lists of records are shared.
 */
void record_copy(const struct type *t, struct arena *mem, void *out, const void *rec);

#endif
