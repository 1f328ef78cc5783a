/* Rows that several tables of common/api*.c have; included by them alone. */
#ifndef COMMON_API_ROWS_H
#define COMMON_API_ROWS_H

#include "common/api.h"

#define EMAIL(record, member, flags_)                                                  \
    FIELD(record, member, .label = "E-mail", .min = 3, .max = 254, .pii = PII_CONTACT, \
          .flags = flags_)
/* Exact bytes, 15 to 256 of them; the server checks more (DECISIONS.md 9). */
#define PASSWORD(record, member)                                                        \
    FIELD(record, member, .label = "Password", .min = 1, .max = 256, .pii = PII_SECRET, \
          .flags = FIELD_REQUIRED | FIELD_WRITE_ONLY)
#define TOKEN(record, member) \
    FIELD(record, member, .max = 200, .pii = PII_SECRET, .flags = FIELD_REQUIRED | FIELD_WRITE_ONLY)

#define CAP(record)                                                            \
    FIELD(record, capped, .label = "Capped", .doc = "false: no cap."),         \
        FIELD(record, monthly_cap, .label = "Monthly cap", .max = CREDITS_MAX, \
              .doc = "The most that may be spent in a calendar month (UTC), where it is capped.")
#define ROLE(record, flags_) \
    FIELD(record, role, .label = "Role", .words = role_words, .flags = flags_)

#define TYPE(record, doc_)                                                              \
    const struct type record##_type = {#record, sizeof(struct record), record##_fields, \
                                       .owned = NO_OWNED, .doc = doc_}
#define PAGE(record, item)                        \
    FIELD(record, items, .type = &(item##_type)), \
        FIELD(record, next_cursor, .doc = "null: this was the last page.")

#endif
