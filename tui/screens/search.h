/*
 * The search screen in seven files: search_model.c (what is asked and what came), search_words.c
 * and search_typed.c (the words as text, and what they may become), search_facets.c (the lines of
 * the filters), search_view.c and search_table.c (how it looks), search.c (keys).
 */
#ifndef TUI_SCREENS_SEARCH_H
#define TUI_SCREENS_SEARCH_H

#include "common/mem.h"
#include "tui/screen.h"
#include "tui/widgets/input.h"

enum {
    PAGE_ROWS = 50,   /* asked for at a time */
    ROWS_MAX = 5000,  /* kept; who wants to see more narrows the search */
    MARKS_MAX = 1000, /* what one reveal takes */
    FILTERS_MAX = 64,
    PAST_MAX = 50, /* steps of undo */
    LINES_MAX = 400,
    SORTS = 6,
    SUGGESTIONS = 6,
};

/* A facet's value that is wanted, or not wanted. */
struct filter {
    enum facet facet;
    bool excluded;
    char value[100];
};

/* What can be undone. */
struct question {
    char words[INPUT_MAX];
    struct filter filters[FILTERS_MAX];
    size_t n;
    int sort; /* of search_sorts */
};

struct result_page {
    struct result_page *next;
    struct arena *mem;
    const struct profile *rows;
    size_t n;
};

/* Of the filters: a facet's name, a value of it, the rest of the top ones, or the way to all. */
enum facet_kind { FACET_HEAD, FACET_VALUE, FACET_MORE, FACET_ALL };
struct facet_line {
    enum facet_kind kind;
    enum facet facet;
    const char *value;
    int64_t count; /* -1: not said. FACET_MORE: how many */
};

/* What the word at the cursor may become (search_typed.c). */
struct typed {
    struct arena *mem;
    struct list items; /* struct suggestion: what came last */
    const struct suggestion *shown[SUGGESTIONS];
    int n, at;                 /* shown; which is chosen, -1: none */
    char word[100], field[24]; /* as written; "": no field */
    size_t from;               /* where it begins in the words, its quote included */
    char asked[100];           /* the word that the call is about */
    bool closed;               /* until the next key of typing */
    struct api_call *call;
};

/* RESULTS last: Tab goes round. */
enum focus { FOCUS_RESULTS, FOCUS_WORDS, FOCUS_FILTERS, FOCUSES };

struct search {
    struct screen base;
    struct input words;
    struct typed typed;
    enum focus focus;
    struct question now, asked;
    bool editing; /* one edit of the words is one step of undo */
    struct question *past[PAST_MAX], *future[PAST_MAX];
    int n_past, n_future;
    /* what came */
    struct result_page *pages, *last;
    int64_t total, took_us;
    char *cursor; /* of the next page; NULL: there is none */
    struct arena *panes_mem;
    struct map panes;
    struct list corrections; /* struct correction, in panes_mem: typos that were forgiven */
    int natural[8];          /* widths of the first page's columns */
    bool shown;              /* an answer to `asked` is here */
    int sign_in;             /* whose it is: app_sign_ins() */
    struct api_call *call;
    bool appending;
    char trouble[200]; /* why there is no answer */
    int64_t retry_us;  /* when it is asked again by itself; 0: not */
    /* where we are */
    struct scroll rows, lines;
    int preview; /* the row whose preview is drawn: it follows when the cursor rests */
    struct facet_line line[LINES_MAX];
    bool open[FACET_END]; /* all values of the facet are shown */
    int64_t ask_us, rest_us;
    struct uuid marks[MARKS_MAX];
    size_t n_marks;
};

/* search_model.c */

extern const struct search_sort {
    const char *name, *label;
} search_sorts[SORTS];

/* Ask what is now wanted, from the first page; after a pause; or the next page. */
void search_ask(struct search *s);
void search_ask_soon(struct search *s);
void search_more(struct search *s);
void search_stop(struct search *s);
void search_undo(struct search *s);
void search_redo(struct search *s);
void search_tick(struct screen *s);
/* The cursor has moved: the preview follows when it rests. */
void search_rest(struct search *s);
/* Drop what came and what is marked; the question stays. */
void search_forget(struct search *s);
void search_free(struct search *s);
const struct profile *search_row(const struct search *s, int i); /* NULL: not loaded */
bool search_is_marked(const struct search *s, const struct profile *p);
void search_mark(struct search *s, const struct profile *p);
void search_mark_loaded(struct search *s);
/* A reveal told these values: the row is ours now, and no longer marked. NULL: not told. */
void search_own(struct search *s, const char *id, const char *email, const char *phone);
const char *search_facets_asked(int i); /* the names of the panes; NULL behind the last */
bool search_is_asked(enum facet f);
/* The words and filters as a request has them; the caller deletes it. */
cJSON *search_question(const struct question *q);

/* search_words.c */

/* What was forgiven, in a sentence; NULL: nothing was. */
char *search_said(const struct search *s, struct arena *mem);
/* The words with quotes around those that were corrected: so they are taken as they are. */
char *search_as_typed(const struct search *s, struct arena *mem, const char *words);

/* search_typed.c */

/* Somebody has typed: what no longer fits goes. */
void search_typed_changed(struct search *s);
/* Ask what the word at the cursor may become; nothing happens while an answer is waited for. */
void search_typed_ask(struct search *s);
/* Offer nothing until the next key of typing; true: something was offered. */
bool search_typed_close(struct search *s);
void search_typed_free(struct search *s);
/* Up or down among what is offered; false: the key means something else. */
bool search_typed_move(struct search *s, int by);
/* Write the chosen one, else the first, in the place of the word; false: nothing was written. */
bool search_typed_take(struct search *s);
void search_typed_draw(const struct search *s, int cols);

/* search_facets.c */

const struct filter *search_filter(const struct search *s, enum facet f, const char *value);
/* Off, on, off; not wanted likewise. */
void search_toggle(struct search *s, enum facet f, const char *value, bool exclude);
/* The lines again, after an answer or a toggle. */
void search_build_lines(struct search *s);
/* The line at the cursor, or NULL. */
const struct facet_line *search_line(const struct search *s);
/* To the next heading. */
void search_next_facet(struct search *s);
void search_draw_facets(struct search *s, int y, int x, int rows, int cols);
/* "[x] DE Germany" and its count (-1: not said) at the right; what a code means stands behind it.
 */
void search_draw_value(const struct search *s, enum facet facet, const char *value, int64_t count,
                       int count_cols, int y, int x, int cols);

/* values.c: all values of a facet, over the filters. */
void values_open(struct search *s, enum facet f);

/* search_table.c */

/* Measure the first page. */
void search_measure(struct search *s);
void search_draw_table(struct search *s, int y, int x, int rows, int cols);

/* search_view.c */

void search_draw(struct screen *s, int rows, int cols);

/* profile.c: everything of one profile, a line a fact. */
void profile_draw(const struct profile *p, int y, int x, int rows, int cols);

#endif
