#include "tui/qr.h"

#include <qrencode.h>

#include "common/buf.h"

enum { QUIET = 2, TEXT_MAX = 256 * 1024 };

static bool is_light(const QRcode *code, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;

    return !inside || !(code->data[y * code->width + x] & 1);
}

static void add_halves(struct buf *b, const QRcode *code)
{
    static const char *const halves[] = {" ", "\u2580", "\u2584", "\u2588"};

    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++)
            buf_str(b, halves[is_light(code, x, y) | is_light(code, x, y + 1) << 1]);
        buf_char(b, '\n');
    }
}

static void add_ascii(struct buf *b, const QRcode *code)
{
    for (int y = -QUIET; y < code->width + QUIET; y++) {
        for (int x = -QUIET; x < code->width + QUIET; x++)
            buf_str(b, is_light(code, x, y) ? "##" : "  ");
        buf_char(b, '\n');
    }
}

char *qr_text(const char *text, bool ascii)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    struct buf b = BUF_INIT(TEXT_MAX);

    if (!code)
        return NULL;
    if (ascii)
        add_ascii(&b, code);
    else
        add_halves(&b, code);
    QRcode_free(code);
    return buf_take(&b);
}
