#include "tui/ui.h"

#include <curses.h>
#include <stdarg.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "tui/screen.h"

static int focus_y, focus_x;

void ui_text(int y, int x, int width, enum style_role role, const char *text)
{
    struct arena *mem;
    const char *clean;
    int used;
    size_t n;

    if (width <= 0 || y < 0 || y >= LINES || x >= COLS)
        return;
    if (x + width > COLS)
        width = COLS - x;
    mem = arena_new();
    clean = utf8_clean(mem, text ? text : "");
    n = utf8_fit(clean, width);
    used = utf8_columns(arena_strndup(mem, clean, n));
    attrset(theme_attr(role));
    mvaddnstr(y, x, clean, (int)n);
    if (used < width)
        mvprintw(y, x + used, "%*s", width - used, "");
    attrset(theme_attr(STYLE_TEXT));
    arena_free(mem);
}

void ui_printf(int y, int x, int width, enum style_role role, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    ui_text(y, x, width, role, text);
}

bool ui_box(int y, int x, int rows, int cols, const char *title)
{
    if (y < 0 || x < 0 || rows < 3 || cols < 8 || y + rows > LINES || x + cols > COLS)
        return false;
    attrset(theme_attr(STYLE_DIM));
    for (int i = 0; i < rows; i++) {
        bool edge = i == 0 || i == rows - 1;

        for (int k = 0; k < cols; k++)
            mvaddch(y + i, x + k,
                    edge && (k == 0 || k == cols - 1) ? '+'
                    : edge                            ? '-'
                    : k == 0 || k == cols - 1         ? '|'
                                                      : ' ');
    }
    ui_printf(y, x + 2, utf8_columns(title) + 2, STYLE_ACCENT, " %s ", title);
    return true;
}

void ui_bar(int y, int x, int width, int64_t done, int64_t all)
{
    int inner = width - 9, full;
    int64_t percent = all > 0 ? done * 100 / all : 0;

    percent = percent > 100 ? 100 : percent;
    full = (int)(inner * percent / 100);
    if (inner < 4)
        return;
    attrset(theme_attr(STYLE_ACCENT));
    mvaddch(y, x, '[');
    for (int i = 0; i < inner; i++)
        addch(i < full ? '#' : '-');
    printw("] %3d %%", (int)percent);
    attrset(theme_attr(STYLE_TEXT));
}

void ui_focus(int y, int x)
{
    focus_y = y;
    focus_x = x;
}

void ui_place_focus(void)
{
    move(focus_y < LINES ? focus_y : LINES - 1, focus_x < COLS ? focus_x : COLS - 1);
}

const char *ui_number(int64_t n, char out[32])
{
    char plain[24];
    size_t len, k = 0;

    len = (size_t)snprintf(plain, sizeof(plain), "%lld", (long long)n);
    for (size_t i = 0; i < len; i++) {
        if (i && plain[i - 1] != '-' && (len - i) % 3 == 0)
            out[k++] = ',';
        out[k++] = plain[i];
    }
    out[k] = '\0';
    return out;
}

void input_set(struct input *in, const char *text)
{
    snprintf(in->text, sizeof(in->text), "%s", text);
    in->len = in->at = strlen(in->text);
}

void input_clear(struct input *in)
{
    explicit_bzero(in->text, sizeof(in->text));
    in->len = in->at = 0;
}

static size_t before(const struct input *in)
{
    size_t at = in->at;

    while (at && ((unsigned char)in->text[--at] & 0xc0) == 0x80)
        ;
    return at;
}

static size_t behind(const struct input *in)
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

bool input_key(struct input *in, int key)
{
    switch (key) {
    case KEY_FN(KEY_BACKSPACE):
    case 127:
    case 8:
        if (in->at)
            cut(in, before(in), in->at);
        return true;
    case KEY_FN(KEY_DC):
        if (in->at < in->len)
            cut(in, in->at, behind(in));
        return true;
    case KEY_FN(KEY_LEFT):
        in->at = before(in);
        return true;
    case KEY_FN(KEY_RIGHT):
        in->at = behind(in);
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
    case KEY_CTRL('w'):
        cut(in, word_start(in), in->at);
        return true;
    default:
        if (key < 32 || key >= KEY_FN(0))
            return false;
        insert(in, key);
        return true;
    }
}

void input_draw(struct input *in, int y, int x, int width, bool focus)
{
    struct arena *mem = arena_new();
    const char *left = arena_strndup(mem, in->text, in->at);
    int cursor = in->secret ? 0 : utf8_columns(left),
        skip = cursor >= width ? cursor - width + 1 : 0;
    const char *from = in->secret ? (in->len ? "(typed)" : "") : in->text;
    size_t len;

    for (int gone = 0; gone < skip && *from; from += len)
        gone += utf8_width(utf8_next(from, &len));
    ui_text(y, x, width, focus ? STYLE_TEXT : STYLE_DIM, from);
    if (focus)
        ui_focus(y, x + cursor - skip);
    arena_free(mem);
}
