#include "common/utf8.h"

#include <stdbool.h>

#include "common/mem.h"
#include "tests/random.h"
#include "tests/test.h"

/* Markus Kuhn's stress test and RFC 3629, 10: what must not pass. */
static const char *const broken[] = {
    "\x80",
    "\xbf",
    "a\x80z",
    "\xc0\x80", /* overlong NUL */
    "\xc0\xaf", /* overlong slash */
    "\xc1\xbf",
    "\xe0\x80\xaf",
    "\xe0\x9f\xbf",
    "\xf0\x80\x80\xaf",
    "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80", /* surrogates, alone and in pairs */
    "\xed\xbf\xbf",
    "\xed\xa0\xbd\xed\xb8\x80",
    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
    "\xf5\x80\x80\x80",
    "\xf8\x88\x80\x80\x80",
    "\xfc\x84\x80\x80\x80\x80",
    "\xfe",
    "\xff",
    "\xc3", /* cut short */
    "\xe2\x82",
    "\xf0\x9f\x98",
    "\xc3(",
    "\xe2\x82(",
    "\xe2(\xa1",
    "\xf0\x9f\x98(",
    "\xf0(\x8c\xbc",
};

static const char *const sound[] = {"",
                                    "a",
                                    "\xc2\x80",
                                    "\xdf\xbf",
                                    "\xe0\xa0\x80",
                                    "\xed\x9f\xbf",
                                    "\xee\x80\x80",
                                    "\xef\xbf\xbf",
                                    "\xf0\x90\x80\x80",
                                    "\xf4\x8f\xbf\xbf",
                                    "Zoë Łukasz 日本 😀"};

static void only_sound_texts_are_valid(void)
{
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        CHECK(!utf8_valid(broken[i], strlen(broken[i])));
    for (size_t i = 0; i < sizeof(sound) / sizeof(*sound); i++)
        CHECK(utf8_valid(sound[i], strlen(sound[i])));
    CHECK(!utf8_valid("a\0b", 3));
    CHECK(!utf8_valid("\xc3\xa9", 1)); /* the second byte is not ours to read */
}

/* An independent reading of RFC 3629: decode the bits, then look at the value. */
static bool is_sound(const unsigned char *s, size_t n)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    for (size_t i = 0, k; i < n; i += k) {
        int32_t c = s[i];

        k = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        if (!k || k > n - i || c == 0)
            return false;
        c &= k == 1 ? 0x7f : 0xff >> (k + 1);
        for (size_t j = 1; j < k; j++) {
            if (s[i + j] >> 6 != 2)
                return false;
            c = c << 6 | (s[i + j] & 0x3f);
        }
        if (c < least[k] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
    }
    return true;
}

/* Bytes that are likely to be at an edge. */
static size_t any_bytes(struct random *r, char *out, size_t most)
{
    static const char edges[] = "aZ \xc2\xc0\xe0\xed\xef\xf0\xf4\x80\x8f\x90\x9f\xa0\xbf\xbb\xff";
    size_t n = random_below(r, most);

    for (size_t i = 0; i < n; i++)
        out[i] = random_below(r, 4) ? edges[random_below(r, sizeof(edges) - 1)]
                                    : (char)(1 + random_below(r, 255));
    out[n] = '\0';
    return n;
}

static void validity_agrees_with_another_reading(void)
{
    struct random r = random_start("utf8");
    int valid = 0;
    char s[12];

    for (int i = 0; i < 300000; i++) {
        size_t n = any_bytes(&r, s, 7);
        bool want = is_sound((unsigned char *)s, n);

        valid += want;
        CHECK(utf8_valid(s, n) == want);
    }
    CHECK(valid > 10000 && valid < 290000);
}

static void every_character_survives_put_and_next(void)
{
    for (int32_t c = 1; c <= 0x10ffff; c++) {
        char s[8] = "";
        size_t n, len;

        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        n = utf8_put(s, c);
        CHECK(utf8_next(s, &len) == c && len == n && utf8_valid(s, n));
    }
}

static void a_broken_byte_is_one_replacement(void)
{
    size_t len;

    CHECK(utf8_next("\xff", &len) == 0xfffd && len == 1);
    CHECK(utf8_next("\xe2\x82", &len) == 0xfffd && len == 1);
    CHECK(utf8_next("\xc3", &len) == 0xfffd && len == 1); /* reads nothing behind the NUL */
    CHECK(utf8_next("", &len) == 0 && len == 1);
}

static const struct {
    const char *hostile, *clean;
} cleaning[] = {
    {"Ann", "Ann"},
    {"a\tb\nc\rd", "a b c d"},
    {"\x1b[2J\x1b]0;title\x07", "[2J]0;title"},
    {"\x1bP$q\x1b\\", "P$q\\"},
    {"a\x7f\x08z", "az"},
    {"\xc2\x9b"
     "31mred",
     "31mred"},                         /* C1 CSI */
    {"\xc2\x85", ""},                   /* NEL */
    {"\u202eevil\u202c", "evil"},       /* right-to-left override */
    {"\u2066a\u2069", "a"},             /* isolates */
    {"\u061c\u200e\u200fa", "a"},       /* marks of direction */
    {"a\u200bb\u200cc\u200dd", "abcd"}, /* joiners */
    {"\ufeffa", "a"},
    {"\u2028a\u2029", "a"},
    {"❤\ufe0f", "❤"}, /* variation selectors */
    {"a\U000e0100", "a"},
    {"ᠠ\u180b\u180e", "ᠠ"},
    {"\U000e0041\U000e007f", ""}, /* tags */
    {"\U0010fffd", ""},           /* private use */
    {"\ufff9a\ufffbb", "ab"},     /* interlinear annotation */
    {"\xff", "\ufffd"},
    {"a\xe2\x82z", "a\ufffd\ufffdz"},
    {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
    {"e\u0301", "e\u0301"}, /* an accent stays with its letter */
    {"日本 Zoë", "日本 Zoë"},
};

static void what_harms_a_terminal_is_taken_out(void)
{
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(cleaning) / sizeof(*cleaning); i++) {
        const char *got = utf8_clean(mem, cleaning[i].hostile);

        if (strcmp(got, cleaning[i].clean) != 0)
            fprintf(stderr, "row %zu: \"%s\"\n", i, got);
        CHECK_STR(got, cleaning[i].clean);
    }
    arena_free(mem);
}

static void cleaned_bytes_are_harmless(void)
{
    struct random r = random_start("utf8 clean");

    for (int i = 0; i < 20000; i++) {
        struct arena *mem = arena_new();
        char s[64], *out;
        size_t len;

        any_bytes(&r, s, sizeof(s));
        out = utf8_clean(mem, s);
        CHECK(utf8_valid(out, strlen(out)));
        for (const char *p = out; *p; p += len) {
            int32_t c = utf8_next(p, &len);

            CHECK(c >= 0x20 && (c < 0x7f || c > 0x9f) && !(c >= 0x202a && c <= 0x202e) &&
                  c < 0xe0000);
        }
        CHECK_STR(utf8_clean(mem, out), out);
        arena_free(mem);
    }
}

static void columns_are_counted_and_fitted(void)
{
    CHECK(utf8_columns("abc") == 3);
    CHECK(utf8_columns("日本") == 4);
    CHECK(utf8_columns("e\u0301") == 1);
    CHECK(utf8_columns("") == 0);
    CHECK(utf8_fit("abcdef", 3) == 3);
    CHECK(utf8_fit("日本", 3) == 3); /* half a character is none */
    CHECK(utf8_fit("日本", 4) == 6);
    CHECK(utf8_fit("e\u0301x", 1) == 3); /* the mark comes along */
    CHECK(utf8_fit("abc", 0) == 0);
    CHECK(utf8_fit("\u0301abc", 0) == 2);
    CHECK(utf8_fit("", 10) == 0);
}

static const struct {
    const char *text, *folded;
} folds[] = {
    {"Zoë WEBER", "zoe weber"},
    {"  Ann \t\n Lee  ", "ann lee"},
    {"Ann\u00a0\u3000Lee", "ann lee"},
    {"Straße", "strasse"},
    {"Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"},
    {"ﬁnance", "finance"},
    {"Łukasz Wiśniewski", "lukasz wisniewski"},
    {"Sørensen", "sorensen"},
    {"İstanbul", "istanbul"},
    {"ΣΊΣΥΦΟΣ", "σισυφοσ"},
    {"Йод", "иод"},
    {"ｶﾞﾂ", "ガツ"},
    {"が", "が"},     /* not か */
    {"मीरा", "मीरा"}, /* vowel signs are not accents */
    {"한국", "한국"},
    {"مُحَمَّد", "محمد"},
    {"co\u00adoperate", "cooperate"},
    {"a\u200db", "ab"},
    {"", ""},
    {" ", ""},
    {"\xff\xfe", "\ufffd\ufffd"},
};

static void folding_is_for_comparison(void)
{
    struct arena *mem = arena_new();
    char brief[UTF8_SHORT];

    for (size_t i = 0; i < sizeof(folds) / sizeof(*folds); i++) {
        const char *got = utf8_fold(mem, folds[i].text);

        if (strcmp(got, folds[i].folded) != 0)
            fprintf(stderr, "\"%s\" folds to \"%s\"\n", folds[i].text, got);
        CHECK_STR(got, folds[i].folded);
        CHECK(!utf8_valid(folds[i].text, strlen(folds[i].text)) ||
              (utf8_fold_short(folds[i].text, brief) && strcmp(brief, folds[i].folded) == 0));
    }
    CHECK(!utf8_fold_short("\xff", brief));
    arena_free(mem);
}

static void tidy_and_lower_change_little(void)
{
    struct arena *mem = arena_new();

    CHECK_STR(utf8_tidy(mem, "  Zoe\u0308 \u00a0 WEBER\r\n"), "Zoë WEBER");
    CHECK_STR(utf8_tidy(mem, "Ａ ﬁ"), "Ａ ﬁ");
    CHECK_STR(utf8_tidy(mem, "\u2003a\u2003"), "a");
    CHECK_STR(utf8_tidy(mem, ""), "");
    CHECK_STR(utf8_lower(mem, "Jose\u0301+X@Y"), "josé+x@y");
    CHECK_STR(utf8_lower(mem, "José"), "josé");
    CHECK_STR(utf8_lower(mem, " A B "), " a b ");
    CHECK(strcmp(utf8_lower(mem, "jose"), utf8_lower(mem, "josé")) != 0);
    arena_free(mem);
}

static void forms_are_fixed_points(void)
{
    struct random r = random_start("utf8 forms");

    for (int i = 0; i < 20000; i++) {
        struct arena *mem = arena_new();
        char s[64], brief[UTF8_SHORT];
        size_t n = 0;
        const char *once;

        while (n < 40) {
            int32_t c = (int32_t)random_below(&r, random_below(&r, 3) ? 0x2500 : 0x30000);

            if (c && !(c >= 0xd800 && c <= 0xdfff))
                n += utf8_put(s + n, c);
        }
        s[n] = '\0';
        once = utf8_fold(mem, s);
        CHECK(utf8_valid(once, strlen(once)));
        CHECK_STR(utf8_fold(mem, once), once);
        CHECK(!utf8_fold_short(s, brief) || strcmp(brief, once) == 0);
        once = utf8_tidy(mem, s);
        CHECK_STR(utf8_tidy(mem, once), once);
        arena_free(mem);
    }
}

static void short_folds_stay_in_their_room(void)
{
    char text[4000], out[UTF8_SHORT];

    for (size_t n = UTF8_SHORT - 3; n < UTF8_SHORT + 3; n++) {
        memset(text, 'a', n);
        text[n] = '\0';
        CHECK(utf8_fold_short(text, out) == (n < UTF8_SHORT));
    }
    /* U+FDFA is one character that becomes eighteen */
    for (size_t n = 0; n < 20; n++) {
        memcpy(text + 3 * n, "\ufdfa", 4);
        if (utf8_fold_short(text, out))
            CHECK(strlen(out) < UTF8_SHORT);
    }
}

static const struct test tests[] = {
    {"utf8: only sound texts are valid", only_sound_texts_are_valid},
    {"utf8: validity agrees with another reading", validity_agrees_with_another_reading},
    {"utf8: every character survives put and next", every_character_survives_put_and_next},
    {"utf8: a broken byte is one replacement", a_broken_byte_is_one_replacement},
    {"utf8: what harms a terminal is taken out", what_harms_a_terminal_is_taken_out},
    {"utf8: cleaned bytes are harmless", cleaned_bytes_are_harmless},
    {"utf8: columns are counted and fitted", columns_are_counted_and_fitted},
    {"utf8: folding is for comparison", folding_is_for_comparison},
    {"utf8: tidy and lower change little", tidy_and_lower_change_little},
    {"utf8: forms are fixed points", forms_are_fixed_points},
    {"utf8: short folds stay in their room", short_folds_stay_in_their_room},
};

TEST_MAIN(tests)
