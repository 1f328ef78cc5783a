/*
 * Seniority: the most senior word of a title, in the order of seniority_words.  What would mislead
 * stands in the tables of derive_titles.c: who assists somebody is "entry" whatever the somebody
 * is, and phrases ("vice president", "product owner", "partner manager") are taken out of the title
 * before its single words are read.
 *
 * The published tables (DECISIONS.md 21), each 0 to 100; the rows that hold are added:
 *
 *   quality  address, verified        30    score  seniority          up to 40 (seniority_points)
 *            of another state         15           size of company    up to 15 (size_points)
 *            bounced                   0           address, verified        20
 *            phone                    15           of another state         10
 *            title                    10           bounced, opted out        0
 *            company                  10           phone, may be called     10
 *            company domain            5           revenue known             5
 *            industry                  5           title                     4
 *            employees                 5           industry                  3
 *            country                   5           profile address           3
 *            city                      5
 *            profile address           5
 *            technologies              5
 */
#include "server/derive.h"

#include <string.h>

#include "common/utf8.h"
#include "server/derive_titles.h"

enum { THREES = 2048, NAME_MAX_BYTES = 160 };

/* A title to look in: " head of sales ", and which three bytes in a row are in it at all. */
struct title {
    char *text;
    uint64_t threes[THREES / 64];
};

static unsigned hash_of(int a, int b, int c)
{
    return (((unsigned)a & 0xff) * 961 + ((unsigned)b & 0xff) * 31 + ((unsigned)c & 0xff)) % THREES;
}

static bool is_part_of_word(int32_t c)
{
    return c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                    : c != 0xb7 && c != 0xab && c != 0xbb && c != 0x30fb &&
                          !(c >= 0x2000 && c <= 0x2bff) && !(c >= 0x3000 && c <= 0x303f);
}

/* Words with one blank between, one before and one after. */
static char *padded(struct arena *mem, const char *text)
{
    const char *folded = utf8_fold(mem, text);
    char *out = arena_alloc(mem, strlen(folded) + 3);
    size_t n = 0, len;

    out[n++] = ' ';
    for (const char *p = folded; *p; p += len) {
        if (is_part_of_word(utf8_next(p, &len))) {
            memcpy(out + n, p, len);
            n += len;
        } else if (out[n - 1] != ' ') {
            out[n++] = ' ';
        }
    }
    if (out[n - 1] != ' ')
        out[n++] = ' ';
    return out;
}

static struct title title_of(struct arena *mem, const char *text)
{
    struct title t = {.text = padded(mem, text)};

    for (const char *p = t.text; p[0] && p[1] && p[2]; p++) {
        unsigned h = hash_of(p[0], p[1], p[2]);

        t.threes[h / 64] |= UINT64_C(1) << h % 64;
    }
    return t;
}

/* Could the words be in it?  Those of two letters are followed by a blank. */
static bool may_have(const struct title *t, const char *words)
{
    unsigned h = hash_of(words[0], words[1], words[2] ? words[2] : ' ');

    return t->threes[h / 64] >> h % 64 & 1;
}

/* Where the row's words are in the title, and how long they are there; NULL: nowhere. */
static char *find(const struct title *t, const struct title_row *row, size_t *n)
{
    const char *words = row->words + (row->words[0] == '*');
    bool anywhere = (unsigned char)words[0] >= 0xe3; /* Chinese, Japanese */
    bool open_left = anywhere || words != row->words, open_right;
    char *at = t->text, word[64];

    if (!may_have(t, words))
        return NULL;
    *n = strlen(words);
    open_right = anywhere || words[*n - 1] == '*';
    *n -= words[*n - 1] == '*';
    memcpy(word, words, *n);
    word[*n] = '\0';
    for (; (at = strstr(at, word)); at++)
        if ((open_left || at[-1] == ' ') && (open_right || at[*n] == ' '))
            return at;
    return NULL;
}

static const char *first_match(const struct title_row *rows, const struct title *t)
{
    size_t n;

    for (; rows->words; rows++)
        if (find(t, rows, &n))
            return rows->means;
    return NULL;
}

/* The more senior of the two; either may say nothing. */
static const char *more_senior(const char *a, const char *b)
{
    for (const char *const *w = seniority_words; *w; w++)
        if ((a && strcmp(*w, a) == 0) || (b && strcmp(*w, b) == 0))
            return *w;
    return NULL;
}

/* The phrases of a title, each taken out so that no single word of it counts again. */
static const char *take_phrases(struct title *t)
{
    const char *best = NULL;

    for (const struct title_row *row = title_phrases; row->words; row++) {
        char *at;
        size_t n;

        while ((at = find(t, row, &n))) {
            best = more_senior(best, row->means);
            memset(at, '.', n);
        }
    }
    return best;
}

static const char *seniority_of(struct title *t)
{
    const char *best;
    size_t n;

    if (first_match(title_assistants, t))
        return "entry";
    best = take_phrases(t);
    for (const struct title_row *row = title_ranks; row->words; row++)
        if (find(t, row, &n))
            best = more_senior(best, row->means);
    return best;
}

const char *derive_seniority(struct arena *mem, const char *title)
{
    struct title t = title_of(mem, title);

    return seniority_of(&t);
}

const char *derive_department(struct arena *mem, const char *title)
{
    struct title t = title_of(mem, title);

    return first_match(title_departments, &t);
}

/* One of our own words ("C_Suite"), or one that stands for it alone ("C-Level"). */
static const char *own_word(const char *const *words, const struct title_row *synonyms,
                            const struct title *t, const char *folded)
{
    size_t n = strlen(t->text) - 1;

    for (; *words; words++)
        if (strcmp(*words, folded) == 0)
            return *words;
    for (; synonyms->words; synonyms++)
        if (strlen(synonyms->words) + 1 == n && memcmp(t->text + 1, synonyms->words, n - 1) == 0)
            return synonyms->means;
    return NULL;
}

const char *derive_seniority_word(struct arena *mem, const char *word)
{
    struct title t = title_of(mem, word);
    const char *own = own_word(seniority_words, seniority_synonyms, &t, utf8_fold(mem, word));

    return own ? own : seniority_of(&t);
}

const char *derive_department_word(struct arena *mem, const char *word)
{
    struct title t = title_of(mem, word);
    const char *own = own_word(department_words, department_synonyms, &t, utf8_fold(mem, word));

    return own ? own : first_match(title_departments, &t);
}

struct points {
    const char *word;
    int64_t n;
};

static int64_t points_of(const struct points *rows, const char *word)
{
    for (; word && rows->word; rows++)
        if (strcmp(rows->word, word) == 0)
            return rows->n;
    return 0;
}

static const struct points seniority_points[] = {{"owner", 36},    {"founder", 40}, {"c_suite", 40},
                                                 {"partner", 34},  {"vp", 36},      {"head", 30},
                                                 {"director", 28}, {"manager", 20}, {"senior", 12},
                                                 {"entry", 6},     {"intern", 1},   {NULL, 0}};

static const struct points size_points[] = {{"1-10", 3},        {"11-50", 7},     {"51-200", 11},
                                            {"201-500", 14},    {"501-1000", 15}, {"1001-5000", 13},
                                            {"5001-10000", 10}, {"10001+", 8},    {NULL, 0}};

static int64_t address_points(const struct profile *p, int64_t verified, int64_t other)
{
    if (!p->email || (p->email_status && strcmp(p->email_status, "bounced") == 0))
        return 0;
    return p->email_status && strcmp(p->email_status, "verified") == 0 ? verified : other;
}

static int64_t quality_of(const struct profile *p)
{
    return address_points(p, 30, 15) + (p->phone ? 15 : 0) + (p->title ? 10 : 0) +
           (p->company ? 10 : 0) + (p->domain ? 5 : 0) + (p->industry ? 5 : 0) +
           (p->employees ? 5 : 0) + (p->country ? 5 : 0) + (p->city ? 5 : 0) +
           (p->linkedin_url ? 5 : 0) + (p->technologies.n ? 5 : 0);
}

static int64_t score_of(const struct profile *p)
{
    return points_of(seniority_points, p->seniority) +
           points_of(size_points, employees_bucket(p->employees)) +
           (p->email_opt_out ? 0 : address_points(p, 20, 10)) +
           (p->phone && !p->do_not_call ? 10 : 0) + (p->revenue ? 5 : 0) + (p->title ? 4 : 0) +
           (p->industry ? 3 : 0) + (p->linkedin_url ? 3 : 0);
}

/* "Jan van der Berg": these begin a family name. */
static bool is_particle(const char *word, size_t n)
{
    static const char *const particles[] = {
        "van", "von",   "vom", "zu",  "zum", "zur", "de", "del", "da", "dos", "das", "di",  "du",
        "des", "della", "der", "den", "ten", "ter", "la", "le",  "el", "al",  "bin", "ben", "ibn"};

    for (size_t i = 0; i < sizeof(particles) / sizeof(*particles); i++)
        if (strlen(particles[i]) == n && memcmp(particles[i], word, n) == 0)
            return true;
    return false;
}

/* "Ann Marie Lee" -> "Ann Marie", "Lee"; "Jan van der Berg" -> "Jan", "van der Berg". */
static void split_name(struct profile *p, struct arena *mem)
{
    const char *last = strrchr(p->name, ' ');

    if (!last || last == p->name || p->first_name || p->last_name)
        return;
    for (const char *at = strchr(p->name, ' '); at && at < last; at = strchr(at + 1, ' '))
        if (is_particle(at + 1, strcspn(at + 1, " ")))
            last = at;
    p->first_name = arena_strndup(mem, p->name, (size_t)(last - p->name));
    p->last_name = arena_strdup(mem, last + 1);
}

/* First and last name together, within the ceiling of a name. */
static const char *join_name(const struct profile *p, struct arena *mem)
{
    const char *first = p->first_name ? p->first_name : "",
               *last = p->last_name ? p->last_name : "";
    char *name = arena_printf(mem, "%s%s%s", first, *first && *last ? " " : "", last);
    size_t n = strlen(name);

    if (n > NAME_MAX_BYTES) {
        for (n = NAME_MAX_BYTES; n && (name[n] & 0xc0) == 0x80; n--)
            continue;
        name[n] = '\0';
    }
    return name;
}

void derive_profile(struct profile *p, struct arena *mem)
{
    if (!p->name && (p->first_name || p->last_name))
        p->name = join_name(p, mem);
    else if (p->name)
        split_name(p, mem);
    if (p->title && !p->seniority)
        p->seniority = derive_seniority(mem, p->title);
    if (p->title && !p->department)
        p->department = derive_department(mem, p->title);
    p->has_email = p->email != NULL;
    p->has_phone = p->phone != NULL;
    if (!p->email)
        p->email_status = "unavailable";
    else if (!p->email_status || strcmp(p->email_status, "unavailable") == 0)
        p->email_status = "unverified";
    p->quality = quality_of(p);
    p->score = score_of(p);
}
