/*
 * What every engine of the comparison does, whatever its language: it loads DIR/rows.tsv, answers
 * DIR/questions.tsv, and appends what it answered to a file, which tests/bench/peers.c compares.
 *
 *   NAME load DIR           writes NAME.meta: load seconds, bytes on disk, what it is
 *   NAME ask DIR SECONDS    appends to NAME.answers those that are not in it yet; stops behind
 *                           SECONDS with exit status 3 when there are more
 *
 * rows.tsv: row number, six facet codes (0: none), words with blanks between them; in the order of
 * the answers (score descending, then id), so that the row number is the sort key.
 * questions.tsv: kind, words, is the last word a beginning, facet:code of each selection, are the
 * six panes wanted.  Always wanted: the total and the first 25 row numbers.
 * NAME.answers: question number (from 0), nanoseconds, total, row numbers, facet:code:count of all
 * panes, counted without the pane's own selection; codes that
 * no row has may be left out, as is code 0.
 */
#ifndef TESTS_BENCH_PEERS_DRIVER_H
#define TESTS_BENCH_PEERS_DRIVER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PEER_FACETS = 6,
    PEER_CODES = 256, /* a facet's codes are below */
    PEER_TOP = 25,
    PEER_WORDS = 4,
    PEER_LINE = 1 << 16,
    PEER_MORE = 3, /* exit status: time is up and there are more questions */
};

static const char *const peer_facets[PEER_FACETS] = {"seniority", "department", "industry",
                                                     "employees", "country",    "email_status"};

struct peer_question {
    int kind;
    char text[256], *words[PEER_WORDS];
    int n_words;
    bool prefix; /* the last word is a beginning */
    int n;       /* selections */
    int facet[PEER_FACETS], code[PEER_FACETS];
    bool panes;
};

struct peer_answer {
    int64_t ns, total, top[PEER_TOP];
    int n_top;
    int64_t counts[PEER_FACETS][PEER_CODES];
};

struct peer {
    const char *name;
    void (*load)(const char *dir);
    void (*open)(const char *dir);
    /* All of this is timed, unless it sets ns itself. */
    void (*ask)(const struct peer_question *q, struct peer_answer *a);
    const char *(*what)(void); /* its version; after open() */
    void (*close)(void);
    const char *files; /* what of DIR is its index; a pattern for the shell */
};

static inline int64_t peer_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline void peer_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
    exit(1);
}

static inline FILE *peer_file(const char *dir, const char *name, const char *end, const char *mode)
{
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s%s", dir, name, end);
    f = fopen(path, mode);
    if (!f)
        peer_die(path, "cannot be opened");
    return f;
}

/* The code that the question selects of a facet; 0: none. */
static inline int peer_selected(const struct peer_question *q, int facet)
{
    for (int i = 0; i < q->n; i++)
        if (q->facet[i] == facet)
            return q->code[i];
    return 0;
}

/* The next field of a line, which is cut; NULL: there are no more. */
static inline char *peer_cut(char **at, const char *ends)
{
    char *from = *at, *end;

    if (!from || !*from)
        return NULL;
    end = from + strcspn(from, ends);
    *at = *end ? end + 1 : end;
    *end = '\0';
    return from;
}

static inline void peer_parse_question(char *line, struct peer_question *q)
{
    char *field[5], *at, *one;

    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < 5; i++) {
        field[i] = line;
        line += strcspn(line, "\t");
        if (*line)
            *line++ = '\0';
    }
    memset(q, 0, sizeof(*q));
    q->kind = (int)strtol(field[0], NULL, 10);
    snprintf(q->text, sizeof(q->text), "%s", field[1]);
    at = q->text;
    while (q->n_words < PEER_WORDS && (one = peer_cut(&at, " ")))
        q->words[q->n_words++] = one;
    q->prefix = *field[2] == '1';
    while (q->n < PEER_FACETS && (one = peer_cut(&field[3], ","))) {
        q->facet[q->n] = (int)strtol(one, &one, 10);
        q->code[q->n++] = (int)strtol(one + 1, NULL, 10);
    }
    q->panes = *field[4] == '1';
}

static inline size_t peer_lines(const char *dir, const char *name, const char *end)
{
    FILE *f = peer_file(dir, name, end, "a+");
    size_t n = 0;
    int c;

    while ((c = fgetc(f)) != EOF)
        n += c == '\n';
    fclose(f);
    return n;
}

static inline struct peer_question *peer_questions(const char *dir, size_t *n)
{
    size_t lines = peer_lines(dir, "questions", ".tsv");
    struct peer_question *all = calloc(lines + 1, sizeof(*all));
    FILE *f = peer_file(dir, "questions", ".tsv", "r");
    char line[1024];

    if (!all)
        peer_die("questions", "no memory");
    for (*n = 0; *n < lines && fgets(line, sizeof(line), f); ++*n)
        peer_parse_question(line, &all[*n]);
    fclose(f);
    return all;
}

static inline void peer_write(FILE *f, size_t number, const struct peer_answer *a)
{
    fprintf(f, "%zu\t%lld\t%lld\t", number, (long long)a->ns, (long long)a->total);
    for (int i = 0; i < a->n_top; i++)
        fprintf(f, "%s%lld", i ? "," : "", (long long)a->top[i]);
    fputc('\t', f);
    for (int k = 0; k < PEER_FACETS; k++)
        for (int c = 1; c < PEER_CODES; c++)
            if (a->counts[k][c])
                fprintf(f, "%d:%d:%lld,", k, c, (long long)a->counts[k][c]);
    fputc('\n', f);
}

/* One line of rows.tsv, in place. */
struct peer_row {
    int64_t row;
    int codes[PEER_FACETS];
    char *words;
};

static inline bool peer_next_row(FILE *f, char *line, size_t size, struct peer_row *r)
{
    char *at = line;

    if (!fgets(line, (int)size, f))
        return false;
    r->row = strtoll(at, &at, 10);
    for (int i = 0; i < PEER_FACETS; i++)
        r->codes[i] = (int)strtol(at, &at, 10);
    r->words = at + 1;
    r->words[strcspn(r->words, "\n")] = '\0';
    return true;
}

/* The questions of the kind that comes next, put without being counted, for a while. */
static inline void peer_warm(const struct peer *p, const struct peer_question *q, size_t n)
{
    const char *text = getenv("WARM");
    int64_t until = peer_now() + (text ? strtoll(text, NULL, 10) : 8) * INT64_C(1000000000);
    static struct peer_answer a;

    for (size_t i = 0; i < n && q[i].kind == q[0].kind && peer_now() < until; i++) {
        memset(&a, 0, sizeof(a));
        p->ask(&q[i], &a);
    }
}

static inline int peer_ask_all(const struct peer *p, const char *dir, int64_t seconds)
{
    int64_t until = peer_now() + seconds * INT64_C(1000000000), from;
    size_t done = peer_lines(dir, p->name, ".answers"), n;
    struct peer_question *q = peer_questions(dir, &n);
    FILE *f = peer_file(dir, p->name, ".answers", "a");
    static struct peer_answer a;

    p->open(dir);
    for (size_t i = done, first = done; i < n; i++) {
        if (peer_now() >= until)
            break;
        if (i == first || q[i].kind != q[i - 1].kind)
            peer_warm(p, &q[i], n - i);
        memset(&a, 0, sizeof(a));
        from = peer_now();
        p->ask(&q[i], &a);
        a.ns = a.ns ? a.ns : peer_now() - from;
        peer_write(f, i, &a);
        fflush(f);
        done = i + 1;
    }
    p->close();
    fclose(f);
    free(q);
    return done < n ? PEER_MORE : 0;
}

static inline double peer_size(const char *dir, const char *files)
{
    char command[PATH_MAX + 200];
    double bytes = 0;
    FILE *f;

    snprintf(command, sizeof(command), "cd '%s' && du -cB1 %s | tail -1", dir, files);
    f = popen(command, "r");
    if (!f || fscanf(f, "%lf", &bytes) != 1)
        peer_die(files, "has no size");
    pclose(f);
    return bytes;
}

static inline int peer_main(int argc, char **argv, const struct peer *p)
{
    FILE *f;
    int64_t from;

    if (argc == 4 && strcmp(argv[1], "ask") == 0)
        return peer_ask_all(p, argv[2], strtoll(argv[3], NULL, 10));
    if (argc != 3 || strcmp(argv[1], "load") != 0)
        peer_die(p->name, "usage: load DIR | ask DIR SECONDS");
    from = peer_now();
    p->load(argv[2]);
    from = peer_now() - from;
    p->open(argv[2]);
    p->close();
    f = peer_file(argv[2], p->name, ".meta", "w");
    fprintf(f, "%.1f\t%.0f\t%s\n", (double)from / 1e9, peer_size(argv[2], p->files), p->what());
    fclose(f);
    return 0;
}

#endif
