#include "tui/widgets/input.h"

#include <curses.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "tui/keymap.h"
#include "tui/widgets/paint.h"

void input_set(struct input *in, const char *text)
{
    size_t n = strlen(text);

    if (n >= sizeof(in->text))
        n = 0; /* what does not fit was not typed here */
    memcpy(in->text, text, n);
    in->text[n] = '\0';
    in->len = in->at = n;
}

void input_clear(struct input *in)
{
    explicit_bzero(in->text, sizeof(in->text));
    in->len = in->at = 0;
}

static size_t char_before(const struct input *in)
{
    size_t at = in->at;

    while (at && ((unsigned char)in->text[--at] & 0xc0) == 0x80)
        ;
    return at;
}

static size_t char_behind(const struct input *in)
{
    size_t len;

    if (in->at >= in->len)
        return in->len;
    utf8_next(in->text + in->at, &len);
    return in->at + len;
}

static void cut(struct input *in, size_t from, size_t to)
{
    memmove(in->text + from, in->text + to, in->len - to + 1);
    in->len -= to - from;
    in->at = from;
    explicit_bzero(in->text + in->len, sizeof(in->text) - in->len);
}

static size_t word_start(const struct input *in)
{
    size_t at = in->at;

    while (at && in->text[at - 1] == ' ')
        at--;
    while (at && in->text[at - 1] != ' ')
        at--;
    return at;
}

static void insert(struct input *in, int32_t c)
{
    char bytes[8];
    size_t n = utf8_put(bytes, c);

    if (in->len + n + 1 > sizeof(in->text))
        return;
    memmove(in->text + in->at + n, in->text + in->at, in->len - in->at + 1);
    memcpy(in->text + in->at, bytes, n);
    in->at += n;
    in->len += n;
}

static bool is_character(int key)
{
    return key >= 32 && key < KEY_FN(0) && key != 127 && !(key >= 0x80 && key < 0xa0);
}

bool input_key(struct input *in, int key)
{
    switch (key) {
    case KEY_FN(KEY_BACKSPACE):
    case 127:
    case KEY_CTRL('h'):
        cut(in, char_before(in), in->at);
        return true;
    case KEY_FN(KEY_DC):
        cut(in, in->at, char_behind(in));
        return true;
    case KEY_FN(KEY_LEFT):
        in->at = char_before(in);
        return true;
    case KEY_FN(KEY_RIGHT):
        in->at = char_behind(in);
        return true;
    case KEY_FN(KEY_HOME):
    case KEY_CTRL('a'):
        in->at = 0;
        return true;
    case KEY_FN(KEY_END):
    case KEY_CTRL('e'):
        in->at = in->len;
        return true;
    case KEY_CTRL('u'):
        cut(in, 0, in->at);
        return true;
    case KEY_CTRL('k'):
        cut(in, in->at, in->len);
        return true;
    case KEY_CTRL('w'):
        cut(in, word_start(in), in->at);
        return true;
    default:
        if (is_character(key))
            insert(in, key);
        return is_character(key);
    }
}

bool input_matches(const struct input *in, const char *text)
{
    for (; *text; text++)
        if (strncasecmp(text, in->text, in->len) == 0)
            return true;
    return in->len == 0;
}

/* The part around the cursor, when the text is longer than the field. */
static const char *visible(const struct input *in, int width, int *cursor)
{
    const char *from = in->text;
    char left[INPUT_MAX];
    size_t len;

    memcpy(left, in->text, in->at);
    left[in->at] = '\0';
    *cursor = utf8_columns(left);
    while (*cursor >= width && *from) {
        *cursor -= utf8_width(utf8_next(from, &len));
        from += len;
    }
    return from;
}

void input_draw(const struct input *in, int y, int x, int width, bool focus)
{
    int cursor = 0;
    const char *text = in->secret ? (in->len ? "(typed)" : "") : visible(in, width, &cursor);

    paint_text(y, x, width, focus ? STYLE_TEXT : STYLE_DIM, text);
    if (focus)
        paint_focus(y, x + cursor);
}
