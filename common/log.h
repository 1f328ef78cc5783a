/*
 * The log: one JSON object a line on stderr.
 *
 * Allow-listed members only: a caller gives a constant event name and constant keys; values are
 * numbers, ids, or words of our own.  Never a name, an address, a token, a body or a query.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_level(enum log_level least);

struct log_item {
    const char *key;
    const char *text; /* NULL: the number */
    int64_t number;
};

#define LOG_STR(key_, text_)       \
    {                              \
        .key = key_, .text = text_ \
    }
#define LOG_INT(key_, number_)                    \
    {                                             \
        .key = key_, .number = (int64_t)(number_) \
    }

/* log_event(LOG_WARN, "store.busy", LOG_INT("waiting", n), LOG_STR("table", t->name)); */
void log_items(enum log_level level, const char *event, const struct log_item *items, int n);

#define log_event(level, event, ...)                                \
    log_items(level, event, (const struct log_item[]){__VA_ARGS__}, \
              (int)(sizeof((const struct log_item[]){__VA_ARGS__}) / sizeof(struct log_item)))

#endif
