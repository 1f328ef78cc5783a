#include "tui/qr.h"

#include <qrencode.h>

#include "common/buf.h"

enum { QUIET = 2, TEXT_MAX = 256 * 1024 };

static bool is_drawn(const QRcode *code, int x, int y, enum qr_ground ground)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    bool dark = inside && code->data[y * code->width + x] & 1;

    return dark == (ground == QR_ON_LIGHT);
}

static void add_halves(struct buf *b, const QRcode *code, enum qr_ground ground)
{
    static const char *const halves[] = {" ", "\u2580", "\u2584", "\u2588"};

    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++)
            buf_str(b,
                    halves[is_drawn(code, x, y, ground) | is_drawn(code, x, y + 1, ground) << 1]);
        buf_char(b, '\n');
    }
}

static void add_ascii(struct buf *b, const QRcode *code, enum qr_ground ground)
{
    for (int y = -QUIET; y < code->width + QUIET; y++) {
        for (int x = -QUIET; x < code->width + QUIET; x++)
            buf_str(b, is_drawn(code, x, y, ground) ? "##" : "  ");
        buf_char(b, '\n');
    }
}

char *qr_text(const char *text, bool ascii, enum qr_ground ground)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    struct buf b = BUF_INIT(TEXT_MAX);

    if (!code)
        return NULL;
    if (ascii)
        add_ascii(&b, code, ground);
    else
        add_halves(&b, code, ground);
    QRcode_free(code);
    return buf_take(&b);
}
