/* Scrolling, fields, and numbers as people read them. */
#include <curses.h>

#include "tests/test.h"
#include "tui/keymap.h"
#include "tui/widgets/input.h"
#include "tui/widgets/paint.h"
#include "tui/widgets/scroll.h"

static bool is_sound(const struct scroll *s)
{
    bool has = s->n > 0;

    return s->at >= 0 && s->at < (has ? s->n : 1) && s->top >= 0 && s->at >= s->top &&
           s->at < s->top + s->rows;
}

static void the_cursor_stays_in_its_window(void)
{
    struct scroll s = {0}, broken = {.n = 5, .at = 7, .rows = 3};

    CHECK(!is_sound(&broken)); /* the control */
    for (int n = 0; n < 40; n++) {
        for (int rows = -1; rows < 45; rows++) {
            for (int by = -50; by <= 50; by += 7) {
                scroll_resize(&s, n);
                scroll_by(&s, by);
                scroll_fit(&s, rows);
                CHECK(is_sound(&s));
            }
        }
    }
}

static void a_full_window_is_not_left_empty(void)
{
    struct scroll s = {.n = 30};

    scroll_to(&s, 29);
    scroll_fit(&s, 10);
    CHECK(s.top == 20);
    scroll_to(&s, 0);
    scroll_fit(&s, 10);
    CHECK(s.top == 0);
    scroll_resize(&s, 0);
    scroll_fit(&s, 10);
    CHECK(s.at == 0 && s.top == 0);
}

static void type(struct input *in, const char *text)
{
    for (; *text; text++)
        CHECK(input_key(in, *text));
}

static void fields_are_edited(void)
{
    struct input in = {0};

    type(&in, "vp sales");
    CHECK(input_key(&in, KEY_CTRL('w')));
    CHECK_STR(in.text, "vp ");
    CHECK(input_key(&in, 0xe9) && input_key(&in, 0x4f50) && input_key(&in, 0x1f600));
    CHECK_STR(in.text, "vp \xc3\xa9\xe4\xbd\x90\xf0\x9f\x98\x80");
    CHECK(input_key(&in, KEY_FN(KEY_BACKSPACE)) && input_key(&in, KEY_FN(KEY_LEFT)));
    CHECK(input_key(&in, KEY_FN(KEY_DC)));
    CHECK_STR(in.text, "vp \xc3\xa9");
    CHECK(input_key(&in, KEY_CTRL('a')) && in.at == 0 && input_key(&in, KEY_CTRL('k')));
    CHECK(in.len == 0);
    CHECK(!input_key(&in, '\r') && !input_key(&in, KEY_ESCAPE) && !input_key(&in, '\t'));
    CHECK(!input_key(&in, 0x9b) && !input_key(&in, 7) && in.len == 0); /* control characters */
}

static void fields_hold_their_ceiling(void)
{
    struct input in = {0};

    for (int i = 0; i < 2 * INPUT_MAX; i++)
        input_key(&in, 0x4f50);
    CHECK(in.len < INPUT_MAX && in.len % 3 == 0 && in.text[in.len] == '\0');
    input_clear(&in);
    for (int i = 0; i < INPUT_MAX; i++)
        CHECK(in.text[i] == 0);
}

static void fields_match_in_any_case(void)
{
    struct input in = {0};

    CHECK(input_matches(&in, "anything") && input_matches(&in, ""));
    type(&in, "ReVe");
    CHECK(input_matches(&in, "to reveal") && !input_matches(&in, "rev") && !input_matches(&in, ""));
}

static void numbers_are_grouped(void)
{
    static const struct {
        int64_t n;
        const char *want;
    } cases[] = {{0, "0"},
                 {999, "999"},
                 {1000, "1,000"},
                 {-1000, "-1,000"},
                 {-100, "-100"},
                 {1234567, "1,234,567"},
                 {INT64_MIN, "-9,223,372,036,854,775,808"}};
    char text[NUMBER_TEXT];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        CHECK_STR(paint_number(cases[i].n, text), cases[i].want);
    CHECK_STR(paint_credits((struct credits){1248050}, text), "12,480.5");
    CHECK_STR(paint_credits((struct credits){-50}, text), "-0.5");
}

static const struct test tests[] = {
    {"widgets: the cursor stays in its window", the_cursor_stays_in_its_window},
    {"widgets: a full window is not left empty", a_full_window_is_not_left_empty},
    {"widgets: fields are edited", fields_are_edited},
    {"widgets: fields hold their ceiling", fields_hold_their_ceiling},
    {"widgets: fields match in any case", fields_match_in_any_case},
    {"widgets: numbers are grouped", numbers_are_grouped},
};
TEST_MAIN(tests)
