/* Any text in any pieces gives the same rows, each ends behind the one before, and none is unsafe.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that a reader says, as bytes; pieces of `piece` bytes. */
static void read_all(const char *text, size_t n, size_t columns, size_t piece, struct buf *out)
{
    struct csv *c = csv_new(',');
    int64_t end = 0, line = 0;
    struct csv_row row;
    size_t at = 0;
    bool last = false;

    assert(c);
    csv_expect(c, columns);
    while (!last) {
        size_t k = piece < n - at ? piece : n - at;

        last = at + k == n;
        if (csv_feed(c, text + at, k, last))
            abort();
        at += k;
        while (csv_next(c, &row)) {
            assert(row.end > end && row.line > line && (size_t)row.end <= n);
            assert(row.fault == CSV_NONE || row.n == 0);
            end = row.end;
            line = row.line;
            buf_printf(out, "%lld %lld %d %zu:", (long long)line, (long long)end, (int)row.fault,
                       row.column);
            for (size_t i = 0; i < row.n; i++)
                buf_add(out, row.cells[i], strlen(row.cells[i]) + 1);
        }
    }
    csv_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = BUF_INIT(1 << 26), cut = BUF_INIT(1 << 26);
    const char *text = (const char *)data + 2;

    if (size < 3)
        return 0;
    size -= 2;
    (void)csv_sniff(text, size);
    read_all(text, size, data[0] % 5, size, &whole);
    read_all(text, size, data[0] % 5, data[1] % 17 + 1, &cut);
    if (whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, whole.len) != 0))
        abort();
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
