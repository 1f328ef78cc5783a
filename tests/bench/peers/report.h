/*
 * The engines' answers against ours: are they the same, and how much longer did they take?
 *
 * Our panes show their first 25 values, so of theirs the same are taken before they are compared.
 */
#ifndef TESTS_BENCH_PEERS_REPORT_H
#define TESTS_BENCH_PEERS_REPORT_H

#include "tests/bench/bench.h"
#include "tests/bench/peers/driver.h"
#include "tests/bench/peers/rows.h"

/* REPORT_TIMES: how far ahead we are to be; REPORT_LEAST: of that many answers, or nothing is said.
 */
enum { REPORT_PANE = 25, REPORT_TIMES = 10, REPORT_LEAST = 200 };

struct report_value {
    int code;
    int64_t count;
};

static int report_by_count(const void *a, const void *b)
{
    const struct report_value *x = a, *y = b;

    return x->count != y->count ? (x->count < y->count ? 1 : -1) : x->code - y->code;
}

/* Only what a pane shows. */
static void report_cut(int64_t counts[PEER_CODES])
{
    struct report_value v[PEER_CODES];
    int n = 0;

    for (int c = 1; c < PEER_CODES; c++)
        if (counts[c])
            v[n++] = (struct report_value){c, counts[c]};
    qsort(v, (size_t)n, sizeof(*v), report_by_count);
    memset(counts, 0, PEER_CODES * sizeof(*counts));
    for (int i = 0; i < n && i < REPORT_PANE; i++)
        counts[v[i].code] = v[i].count;
}

/* false: the file ends. */
static bool report_read(FILE *f, struct peer_answer *a)
{
    static char line[PEER_LINE];
    char *at = line;

    memset(a, 0, sizeof(*a));
    if (!fgets(line, sizeof(line), f))
        return false;
    (void)strtoll(at, &at, 10);
    a->ns = strtoll(at, &at, 10);
    a->total = strtoll(at, &at, 10);
    for (at++; *at >= '0' && *at <= '9' && a->n_top < PEER_TOP; at += *at == ',')
        a->top[a->n_top++] = strtoll(at, &at, 10);
    while (*at && (*at < '0' || *at > '9'))
        at++;
    while (*at >= '0' && *at <= '9') {
        long facet = strtol(at, &at, 10), code = strtol(at + 1, &at, 10);

        if (facet < 0 || facet >= PEER_FACETS || code < 0 || code >= PEER_CODES)
            peer_die("an answer", "cannot be read");
        a->counts[facet][code] = strtoll(at + 1, &at, 10);
        at += *at == ',';
    }
    for (int k = 0; k < PEER_FACETS; k++)
        report_cut(a->counts[k]);
    return true;
}

static bool report_same(const struct peer_answer *a, const struct peer_answer *b)
{
    return a->total == b->total && a->n_top == b->n_top &&
           memcmp(a->top, b->top, sizeof(a->top)) == 0 &&
           memcmp(a->counts, b->counts, sizeof(a->counts)) == 0;
}

struct report_kind {
    int64_t *ours, *theirs;
    size_t n, different;
};

struct report {
    struct report_kind kinds[ROWS_KINDS];
    size_t read, unnoticed; /* wrong answers that the comparison took for right */
};

/* A comparison that notices nothing is worth nothing: is a count that is off by one noticed? */
static bool report_control(const struct peer_answer *ours)
{
    struct peer_answer wrong = *ours;

    for (int k = 0; k < PEER_FACETS; k++) {
        for (int c = 0; c < PEER_CODES; c++) {
            if (!wrong.counts[k][c])
                continue;
            wrong.counts[k][c]++;
            return !report_same(ours, &wrong);
        }
    }
    wrong.total++;
    return !report_same(ours, &wrong);
}

static void report_compare(struct report *r, const char *dir, const char *name)
{
    char mine[200];
    FILE *theirs = peer_file(dir, name, ".answers", "r"), *ours;
    size_t n;
    struct peer_question *q = peer_questions(dir, &n);
    struct peer_answer a, b;

    snprintf(mine, sizeof(mine), "ours-%s", name);
    ours = peer_file(dir, mine, ".answers", "r");
    for (int k = 0; k < ROWS_KINDS; k++) {
        r->kinds[k].ours = xcalloc(n, sizeof(int64_t));
        r->kinds[k].theirs = xcalloc(n, sizeof(int64_t));
    }
    for (size_t i = 0; i < n && report_read(theirs, &b) && report_read(ours, &a); i++) {
        struct report_kind *k = &r->kinds[q[i].kind];

        k->ours[k->n] = a.ns;
        k->theirs[k->n++] = b.ns;
        k->different += !report_same(&a, &b);
        r->unnoticed += !report_control(&a);
        r->read++;
    }
    if (r->read < n)
        printf("%s: FAIL %zu of %zu questions were answered\n", name, r->read, n);
    free(q);
    fclose(theirs);
    fclose(ours);
}

static void report_meta(const char *dir, const char *name)
{
    FILE *f = peer_file(dir, name, ".meta", "r");
    double seconds = 0, bytes = 0;
    char what[200] = "";

    if (fscanf(f, "%lf\t%lf\t%199[^\n]", &seconds, &bytes, what) < 2)
        peer_die(name, "has no facts");
    fclose(f);
    printf("%s: %s; loaded in %.1f s, %.0f MB\n", name, what, seconds, bytes / 1e6);
}

/* true: at least REPORT_TIMES ahead at p99 of every faceted kind, and every answer was the same. */
static bool report_kinds(struct report *r, const char *name)
{
    bool ahead = true, few = false;

    for (int i = 0; i < ROWS_KINDS; i++) {
        struct report_kind *k = &r->kinds[i];
        double p50 = bench_percentile(k->ours, k->n, 0.5, 1e6);
        double p99 = bench_percentile(k->ours, k->n, 0.99, 1e6);
        double peer50 = bench_percentile(k->theirs, k->n, 0.5, 1e6);
        double peer99 = bench_percentile(k->theirs, k->n, 0.99, 1e6);

        printf("  %-26s n %zu  p50 %9.3f  p99 %9.3f ms  ours p50 %7.3f  p99 %7.3f ms  ratio p50 "
               "%7.1f  p99 %7.1f%s\n",
               rows_kinds[i].name, k->n, peer50, peer99, p50, p99, peer50 / p50, peer99 / p99,
               rows_kinds[i].faceted ? "" : "  (no panes: not judged)");
        if (k->different)
            printf("  FAIL %zu of these answers differ from ours\n", k->different);
        if (rows_kinds[i].faceted) {
            ahead &= k->n && peer99 >= REPORT_TIMES * p99;
            few |= k->n < REPORT_LEAST;
        }
        free(k->ours);
        free(k->theirs);
    }
    printf("  %s: at least %dx at p99 of every faceted kind: %s\n", name, REPORT_TIMES,
           few     ? "too few answers to say"
           : ahead ? "yes"
                   : "no");
    return ahead && !few;
}

/* 0: read, compared, the same, and the control was noticed; whether we are ahead is another thing
 */
static int report_peer(const char *dir, const char *name)
{
    struct report r = {0};
    size_t different = 0;

    report_meta(dir, name);
    report_compare(&r, dir, name);
    for (int k = 0; k < ROWS_KINDS; k++)
        different += r.kinds[k].different;
    report_kinds(&r, name);
    printf("  %zu answers compared, %zu differ; control: a count off by one is %s\n", r.read,
           different, r.unnoticed ? "NOT noticed: FAIL" : "noticed every time");
    fflush(stdout);
    return different || r.unnoticed || !r.read;
}

#endif
