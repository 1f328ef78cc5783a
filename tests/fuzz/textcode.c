/* Any bytes in any pieces are told and converted alike; only damage comes out as damage. */
#include <stdlib.h>
#include <string.h>

#include "common/textcode.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void convert(enum textcode from, const uint8_t *data, size_t n, size_t piece,
                    struct buf *out)
{
    struct textcode_conv c = {.from = from};

    for (size_t at = 0; at < n; at += piece)
        textcode_convert(&c, data + at, piece < n - at ? piece : n - at, at + piece >= n, out);
}

static enum textcode sniff(const uint8_t *data, size_t n, size_t piece)
{
    struct textcode_sniff s = {0};

    for (size_t at = 0; at < n; at += piece)
        textcode_sniff_add(&s, data + at, piece < n - at ? piece : n - at);
    return textcode_sniff_end(&s);
}

/* What is no UTF-8 after a conversion can only be the mark of damage. */
static void check_damage(struct buf *out)
{
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == (char)0xff || out->data[i] == '\0')
            out->data[i] = '?';
    if (!utf8_valid(out->data, out->len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece;

    if (size < 2)
        return 0;
    piece = data[0] % 13 + 1;
    data++;
    size--;
    if (sniff(data, size, size) != sniff(data, size, piece))
        abort();
    for (int from = TEXT_UTF8; from <= TEXT_WINDOWS_1252; from++) {
        struct buf whole = BUF_INIT(1 << 26), cut = BUF_INIT(1 << 26);

        convert((enum textcode)from, data, size, size, &whole);
        convert((enum textcode)from, data, size, piece, &cut);
        if (whole.len != cut.len || (whole.len && memcmp(whole.data, cut.data, whole.len) != 0) ||
            whole.len > size * 3 + 1)
            abort();
        if (from > TEXT_UTF8_BOM && whole.len)
            check_damage(&whole);
        buf_free(&whole);
        buf_free(&cut);
    }
    return 0;
}
