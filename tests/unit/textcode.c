/* Encodings are told apart and brought to UTF-8, whatever the pieces. */
#include <stdlib.h>

#include "common/textcode.h"
#include "tests/test.h"

static enum textcode sniffed(const char *data, size_t n, size_t piece)
{
    struct textcode_sniff s = {0};

    for (size_t at = 0; at < n; at += piece)
        textcode_sniff_add(&s, data + at, piece < n - at ? piece : n - at);
    return textcode_sniff_end(&s);
}

static void check_code(const char *data, size_t n, enum textcode want)
{
    for (size_t piece = 1; piece < 5; piece++)
        CHECK(sniffed(data, n, piece) == want);
}

static void check_text(enum textcode from, const char *data, size_t n, const char *want)
{
    for (size_t piece = 1; piece < 6; piece++) {
        struct textcode_conv c = {.from = from};
        struct buf out = BUF_INIT(4096);

        for (size_t at = 0; at < n; at += piece)
            textcode_convert(&c, data + at, piece < n - at ? piece : n - at, at + piece >= n, &out);
        buf_str(&out, "");
        CHECK_STR(out.data, want);
        buf_free(&out);
    }
}

#define CODE(data, want) check_code(data, sizeof(data) - 1, want)
#define TEXT(from, data, want) check_text(from, data, sizeof(data) - 1, want)

static void tells_encodings_apart(void)
{
    CODE("", TEXT_UTF8);
    CODE("plain", TEXT_UTF8);
    CODE("Müller, 日本, 🙂", TEXT_UTF8);
    CODE("\xef\xbb\xbfName", TEXT_UTF8_BOM);
    CODE("\xff\xfeN\0", TEXT_UTF16LE);
    CODE("\xfe\xff\0N", TEXT_UTF16BE);
    CODE("M\xfcller", TEXT_WINDOWS_1252);
    CODE("caf\xe9", TEXT_WINDOWS_1252);
    CODE("Müller, Jörg, Ström, one \xff damaged", TEXT_UTF8);
    CODE("\xc0\xaf\xed\xa0\x80", TEXT_WINDOWS_1252); /* overlong; a surrogate */
}

static void converts(void)
{
    TEXT(TEXT_UTF8, "Zoë", "Zoë");
    TEXT(TEXT_UTF8_BOM, "\xef\xbb\xbfZoë", "Zoë");
    TEXT(TEXT_UTF16LE, "\xff\xfeZ\0o\0\xeb\0", "Zoë");
    TEXT(TEXT_UTF16BE, "\xfe\xff\0Z\0o\0\xeb", "Zoë");
    TEXT(TEXT_UTF16LE, "\xff\xfe\x3d\xd8\x42\xde!\0", "🙂!");
    TEXT(TEXT_WINDOWS_1252, "B\xf6\x80\x93x\x94 \x8a", "Bö€“x” Š");
}

static void keeps_damage_visible(void)
{
    TEXT(TEXT_WINDOWS_1252, "a\x81z", "a\xffz");
    TEXT(TEXT_UTF16LE, "\xff\xfe\x3d\xd8x\0", "\xffx");                 /* half a pair */
    TEXT(TEXT_UTF16LE, "\xff\xfe\x42\xdex\0", "\xffx");                 /* the other half */
    TEXT(TEXT_UTF16LE, "\xff\xfe\x3d\xd8\x3d\xd8\x42\xde", "\xff🙂"); /* half, then a pair */
    TEXT(TEXT_UTF16LE, "\xff\xfex\0y", "x\xff");                        /* half a unit at the end */
    TEXT(TEXT_UTF16LE, "\xff\xfex\0\x3d\xd8", "x\xff");
}

static const struct test tests[] = {
    {"textcode: encodings are told apart", tells_encodings_apart},
    {"textcode: converts", converts},
    {"textcode: damage stays visible", keeps_damage_visible},
};

TEST_MAIN(tests)
