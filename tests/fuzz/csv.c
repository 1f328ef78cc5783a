/* Any text in any pieces gives the same rows, each ends behind the one before, and none is unsafe.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that a reader says, as bytes; pieces of `piece` bytes. */
static void read_all(const char *text, size_t n, size_t columns, size_t row_max, size_t piece,
                     struct buf *out)
{
    struct csv *c = csv_new(',');
    int64_t end = 0, line = 0;
    struct csv_row row;
    bool more = true;

    assert(c);
    csv_expect(c, columns);
    csv_row_max(c, row_max);
    while (more) {
        size_t at = (size_t)csv_wants(c), k = piece < n - at ? piece : n - at;

        more = at + k < n;
        if (csv_feed(c, text + at, k, !more))
            abort();
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
        more |= (size_t)csv_wants(c) < at + k;
    }
    csv_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = BUF_INIT(1 << 26), cut = BUF_INIT(1 << 26);
    const char *text = (const char *)data + 2;
    size_t most;

    if (size < 3)
        return 0;
    size -= 2;
    most = data[0] & 0x80 ? CSV_ROW_MAX : 4 + (data[0] & 0x78); /* short rows are soon too long */
    (void)csv_sniff(text, size);
    read_all(text, size, data[0] % 5, most, size, &whole);
    read_all(text, size, data[0] % 5, most, data[1] % 17 + 1, &cut);
    if (whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, whole.len) != 0))
        abort();
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
