#include "server/search/words.h"

#include <string.h>

#include "common/utf8.h"

static bool is_cjk(int32_t c)
{
    return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
           (c >= 0xac00 && c <= 0xd7af) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x3ffff);
}

/* Folded text has no capitals. */
static bool is_letter(int32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return utf8_is_letter(c);
}

struct splitter {
    word_each *each;
    void *arg;
    char word[WORD_MAX + 8];
    size_t n;
    char last[4]; /* the CJK character before, for pairs */
    size_t last_n;
    bool single; /* of a query: the run has one character so far */
    bool query;
};

static void end_word(struct splitter *s)
{
    if (s->n) {
        s->word[s->n] = '\0';
        s->each(s->arg, s->word);
    }
    s->n = 0;
}

static void end_run(struct splitter *s)
{
    char one[8];

    if (s->query && s->single && s->last_n) {
        memcpy(one, s->last, s->last_n);
        one[s->last_n] = '\0';
        s->each(s->arg, one);
    }
    s->last_n = 0;
}

static void take_cjk(struct splitter *s, const char *at, size_t n)
{
    char text[12];

    end_word(s);
    if (s->last_n) {
        memcpy(text, s->last, s->last_n);
        memcpy(text + s->last_n, at, n);
        text[s->last_n + n] = '\0';
        s->each(s->arg, text);
    }
    s->single = s->last_n == 0;
    memcpy(s->last, at, n);
    s->last_n = n;
    if (!s->query) {
        memcpy(text, at, n);
        text[n] = '\0';
        s->each(s->arg, text);
    }
}

static void split(const char *folded, struct splitter *s)
{
    size_t len;

    for (const char *p = folded; *p; p += len) {
        int32_t c;

        if ((unsigned char)*p < 0x80 && is_letter(*p) && !s->last_n) { /* most of them, sooner */
            if (s->n < WORD_MAX)
                s->word[s->n++] = *p;
            len = 1;
            continue;
        }
        c = utf8_next(p, &len);
        if (is_cjk(c)) {
            take_cjk(s, p, len);
            continue;
        }
        end_run(s);
        if (!is_letter(c)) {
            end_word(s);
        } else if (s->n + len <= WORD_MAX) {
            memcpy(s->word + s->n, p, len);
            s->n += len;
        }
    }
    end_run(s);
    end_word(s);
}

void words_of_folded(const char *folded, word_each *each, void *arg)
{
    struct splitter s = {.each = each, .arg = arg};

    split(folded, &s);
}

void words_of_text(struct arena *mem, const char *text, word_each *each, void *arg)
{
    words_of_folded(utf8_fold(mem, text), each, arg);
}

void words_of_query(struct arena *mem, const char *text, word_each *each, void *arg)
{
    struct splitter s = {.each = each, .arg = arg, .query = true};

    split(utf8_fold(mem, text), &s);
}

bool words_next(const char **at, char word[WORD_MAX + 8])
{
    const char *p = *at;
    size_t n = 0, len;

    for (; *p; p += len) {
        int32_t c = utf8_next(p, &len);

        if (is_cjk(c) && n == 0) {
            memcpy(word, p, len);
            n = len;
            p += len;
            break;
        }
        if (is_cjk(c) || (!is_letter(c) && n))
            break;
        if (is_letter(c) && n + len <= WORD_MAX) {
            memcpy(word + n, p, len);
            n += len;
        }
    }
    word[n] = '\0';
    *at = p;
    return n > 0;
}

static bool begins_here(const char *at, const struct strs *words, bool star)
{
    char word[WORD_MAX + 8];

    for (size_t i = 0; i < words->n; i++) {
        const char *want = words->v[i];

        if (!words_next(&at, word))
            return false;
        if (star && i + 1 == words->n ? strncmp(word, want, strlen(want)) != 0
                                      : strcmp(word, want) != 0)
            return false;
    }
    return true;
}

bool words_side_by_side(const char *folded, const struct strs *words, bool star)
{
    char word[WORD_MAX + 8];

    for (const char *at = folded; *at;) {
        if (begins_here(at, words, star))
            return true;
        if (!words_next(&at, word))
            return false;
    }
    return false;
}
