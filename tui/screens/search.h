/*
 * The search screen in three files: search_model.c (what is asked and what came), search_view.c
 * (how it looks), search.c (keys).
 */
#ifndef TUI_SCREENS_SEARCH_H
#define TUI_SCREENS_SEARCH_H

#include "common/api.h"
#include "common/mem.h"
#include "tui/screen.h"
#include "tui/ui.h"

enum { PAGE_ROWS = 50, MARKS_MAX = 1000, CHOSEN_MAX = 64, PANE_FACETS = 8, ROWS_MAX = 5000 };

struct result_page {
    struct result_page *next;
    struct arena *mem;
    struct profile *rows;
    size_t n;
};

/* A facet value that is chosen (or excluded). */
struct chosen {
    enum facet facet;
    bool excluded;
    char value[100];
};

enum focus { FOCUS_RESULTS, FOCUS_QUERY, FOCUS_FACETS };

struct search {
    struct screen base;
    struct input query;
    enum focus focus;
    struct chosen chosen[CHOSEN_MAX];
    size_t n_chosen;
    const char *sort;
    /* results */
    struct result_page *pages, *last;
    size_t n_rows;
    int64_t total, took_us;
    char *cursor;
    struct arena *facet_mem;
    struct search_reply facets; /* panes of the last first page */
    bool loading, fresh, appending;
    char error[200];
    int64_t retry_s;
    struct api_call *call;
    /* where we are */
    size_t at, top;
    bool wide;         /* the width allows the name of the row to be bold */
    size_t preview_at; /* the row whose preview is drawn: follows after a rest */
    int facet_at, facet_top;
    char marks[MARKS_MAX][UUID_TEXT];
    size_t n_marks;
};

/* Ask anew (from the first page), after a pause for typing, or for the next page. */
void search_ask(struct search *s);
void search_ask_soon(struct search *s);
void search_more(struct search *s);
void search_tick(struct screen *s);
void search_free(struct search *s);
const struct profile *search_row(const struct search *s, size_t i); /* NULL: not loaded */
const struct chosen *search_chosen(const struct search *s, enum facet f, const char *value);
/* Off, on, off; excluded likewise. */
void search_toggle(struct search *s, enum facet f, const char *value, bool exclude);
bool search_is_marked(const struct search *s, const struct profile *p);
void search_mark(struct search *s, const struct profile *p);

/* The lines of the facet pane: headings and values. */
struct facet_line {
    enum facet facet;
    const struct facet_value *value; /* NULL: the heading */
};
/* The i-th, false: there are fewer. */
bool search_facet_line(const struct search *s, int i, struct facet_line *out);

/* A reveal below us told these values: the row is ours now. NULL: not told. */
void search_own(struct search *s, const char *id, const char *email, const char *phone);

void search_draw(struct screen *s, int rows, int cols);
/* Do facets and detail stand beside the results at this width? */
bool search_has_facet_pane(int cols);
bool search_has_detail_pane(int cols);
void search_draw_profile(const struct profile *p, int y, int x, int rows, int width);

#endif
