#include "common/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/json.h"

static _Atomic int least = LOG_INFO;

void log_level(enum log_level level)
{
    atomic_store(&least, (int)level);
}

void log_items(enum log_level level, const char *event, const struct log_item *items, int n)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    struct buf b = BUF_INIT(4096);
    char now[STAMP_TEXT];

    if ((int)level > atomic_load(&least))
        return;
    buf_printf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"",
               stamp_text(clock_now(), now), words[level], event);
    for (int i = 0; i < n; i++) {
        buf_printf(&b, ",\"%s\":", items[i].key);
        if (items[i].text)
            json_write_text(&b, items[i].text);
        else
            buf_int(&b, items[i].number);
    }
    buf_str(&b, "}\n");
    /* One write: lines of several threads do not mix.  A log that cannot be written is not news. */
    if (!b.failed && write(STDERR_FILENO, b.data, b.len) < 0)
        atomic_store(&least, (int)LOG_ERROR);
    buf_free(&b);
}
