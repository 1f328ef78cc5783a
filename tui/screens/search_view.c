/* The layouts of TUI: results alone with a preview line, with a detail pane, with facets as well.
 */
#include <string.h>

#include "common/country.h"
#include "common/utf8.h"
#include "tui/screens/search.h"

enum { FACETS_WIDTH = 30, DETAIL_WIDTH = 36, DETAIL_COLS = 100, FACET_COLS = 140 };

bool search_has_facet_pane(int cols)
{
    return cols >= FACET_COLS;
}

bool search_has_detail_pane(int cols)
{
    return cols >= DETAIL_COLS;
}

static const char *join(struct arena *mem, const struct strs *list)
{
    const char *all = "";

    for (size_t i = 0; i < list->n; i++)
        all = arena_printf(mem, "%s%s%s", all, i ? ", " : "", list->v[i]);
    return all;
}

static const char *money(int64_t n, char out[32])
{
    char number[32];

    if (!n)
        return "-";
    snprintf(out, 32, "%s", ui_number(n, number));
    return out;
}

struct fact {
    const char *label, *value;
    enum style_role role;
};

void search_draw_profile(const struct profile *p, int y, int x, int rows, int width)
{
    struct arena *mem = arena_new();
    char employees[32], revenue[32], score[48], date[STAMP_TEXT];
    const char *email = p->email ? p->email : "none", *phone = p->phone ? p->phone : "none";
    const char *place = arena_printf(mem, "%s%s%s", p->city ? p->city : "",
                                     p->city && p->state ? ", " : "", p->state ? p->state : "");
    const char *country = p->country ? country_name(p->country) : NULL;

    snprintf(score, sizeof(score), "%d, quality %d", (int)p->score, (int)p->quality);
    stamp_text(p->updated, date);
    date[10] = '\0';
    struct fact facts[] = {
        {"", p->name, STYLE_ACCENT},
        {"", p->title, STYLE_TEXT},
        {"", p->company, STYLE_TEXT},
        {"", "", STYLE_TEXT},
        {"E-mail", email, p->owned & OWN_EMAIL ? STYLE_OK : STYLE_MASKED},
        {"", p->email_status, STYLE_DIM},
        {"Phone", phone, p->owned & OWN_PHONE ? STYLE_OK : STYLE_MASKED},
        {"", p->phone_type, STYLE_DIM},
        {"Yours", p->is_owned ? join(mem, &p->owned_fields) : "no; r reveals", STYLE_COST},
        {"", p->email_opt_out ? "! asked for no e-mail" : NULL, STYLE_WARN},
        {"", p->do_not_call ? "! asked for no calls" : NULL, STYLE_WARN},
        {"", "", STYLE_TEXT},
        {"Place", place, STYLE_TEXT},
        {"Country", country, STYLE_TEXT},
        {"Industry", p->industry, STYLE_TEXT},
        {"People", money(p->employees, employees), STYLE_TEXT},
        {"Revenue", money(p->revenue, revenue), STYLE_TEXT},
        {"Web", p->domain, STYLE_TEXT},
        {"Profile", p->linkedin_url, STYLE_TEXT},
        {"Uses", join(mem, &p->technologies), STYLE_TEXT},
        {"Words", join(mem, &p->keywords), STYLE_TEXT},
        {"Score", score, STYLE_TEXT},
        {"Updated", date, STYLE_TEXT},
    };

    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts) && rows > 0; i++) {
        if (!facts[i].value)
            continue;
        ui_text(y, x, 9, STYLE_DIM, facts[i].label);
        ui_text(y, facts[i].label[0] ? x + 9 : x, facts[i].label[0] ? width - 9 : width,
                facts[i].role, facts[i].value);
        y++;
        rows--;
    }
    arena_free(mem);
}

/* Column widths: e-mail and company give way first, the name last. */
struct widths {
    int name, title, company, country, email, phone;
};

static struct widths choose_widths(int cols)
{
    struct widths w = {.name = 18, .title = 18, .company = 18, .country = 2, .email = 18};
    int rest = cols - 2 - 4;

    if (cols >= 96)
        w.phone = 17;
    rest -= w.country + (w.phone ? w.phone + 1 : 0);
    if (cols < 64) {
        w.email = 0;
        w.company = rest / 3;
    } else {
        w.email = rest * 30 / 100;
        w.company = rest * 23 / 100;
    }
    w.name = (rest - w.email - w.company) * 48 / 100;
    w.title = rest - w.email - w.company - w.name;
    return w;
}

static void draw_cells(int y, int x, const struct widths *w, const char *const *cells,
                       const enum style_role *roles)
{
    const int widths[] = {w->name, w->title, w->company, w->country, w->email, w->phone};

    for (int i = 0; i < 6; i++) {
        if (!widths[i])
            continue;
        ui_text(y, x, widths[i], roles[i], cells[i]);
        x += widths[i] + 1;
    }
}

static void draw_row(const struct search *s, int y, int x, int cols, size_t i)
{
    const struct profile *p = search_row(s, i);
    struct widths w = choose_widths(cols);
    bool here = i == s->at, marked = p && search_is_marked(s, p);
    char gutter[3] = {here ? '>' : ' ', marked ? '*' : ' ', '\0'};
    const char *cells[6], *none = "-";
    enum style_role roles[6] = {here && s->wide ? STYLE_CURSOR : STYLE_TEXT};

    if (!p)
        return;
    cells[0] = p->name;
    cells[1] = p->title;
    cells[2] = p->company;
    cells[3] = p->country ? p->country : none;
    cells[4] = p->owned_fields.n || p->is_owned ? "owned" : p->email ? p->email : none;
    cells[5] = p->phone ? p->phone : none;
    if (p->is_owned)
        roles[4] = STYLE_OK;
    ui_text(y, x, 2, STYLE_TEXT, gutter);
    draw_cells(y, x + 2, &w, cells, roles);
}

static void draw_head(int y, int x, int cols)
{
    static const char *const names[] = {"NAME", "TITLE", "COMPANY", "CC", "E-MAIL", "PHONE"};
    static const enum style_role roles[6] = {STYLE_TEXT};
    struct widths w = choose_widths(cols);

    draw_cells(y, x + 2, &w, names, roles);
}

static void draw_results(struct search *s, int y, int x, int rows, int cols)
{
    if (s->at < s->top) /* turn half a page at a time: less to draw on slow lines */
        s->top = s->at > (size_t)rows / 2 ? s->at - (size_t)rows / 2 : 0;
    if (s->at >= s->top + (size_t)rows)
        s->top = s->at - (size_t)rows / 2;
    for (int i = 0; i < rows && s->top + (size_t)i < s->n_rows; i++)
        draw_row(s, y + i, x, cols, s->top + (size_t)i);
    if (s->error[0])
        ui_printf(y + 1, x + 2, cols - 3, STYLE_WARN, "! %s", s->error);
    else if (!s->n_rows)
        ui_text(y + 1, x + 2, cols - 3, STYLE_DIM,
                s->loading || !s->fresh
                    ? "searching ..."
                    : "Nobody matches. x clears the filters, / edits the words.");
    if (s->focus == FOCUS_RESULTS)
        ui_focus(y + (int)(s->at - s->top), x);
}

static void draw_facets(struct search *s, int y, int x, int rows, int width)
{
    struct facet_line line;

    if (s->facet_at < s->facet_top)
        s->facet_top = s->facet_at;
    if (s->facet_at >= s->facet_top + rows)
        s->facet_top = s->facet_at - rows + 1;
    for (int i = 0; i < rows && search_facet_line(s, s->facet_top + i, &line); i++) {
        bool here = s->focus == FOCUS_FACETS && s->facet_top + i == s->facet_at;
        const struct chosen *c;
        char count[32];

        ui_text(y + i, x, 1, STYLE_TEXT, here ? ">" : " ");
        if (!line.value) {
            ui_text(y + i, x + 1, width - 1, STYLE_ACCENT, facet_label(line.facet));
            continue;
        }
        c = search_chosen(s, line.facet, line.value->value);
        ui_printf(y + i, x + 1, width - 10, c && !c->excluded ? STYLE_OK : STYLE_TEXT, "[%c] %s",
                  !c            ? ' '
                  : c->excluded ? '-'
                                : 'x',
                  line.value->value);
        ui_printf(y + i, x + width - 9, 9, STYLE_TEXT, "%9s", ui_number(line.value->count, count));
    }
    if (s->focus == FOCUS_FACETS)
        ui_focus(y + s->facet_at - s->facet_top, x);
}

static void draw_query(struct search *s, int cols)
{
    char total[32], right[96];

    snprintf(right, sizeof(right), "%s hits  %.1f ms%s", ui_number(s->total, total),
             (double)s->took_us / 1000, s->sort ? "  " : "");
    if (s->sort && cols > 60)
        snprintf(right + strlen(right), sizeof(right) - strlen(right), "sort: %s", s->sort);
    ui_text(1, 0, 2, STYLE_ACCENT, "/ ");
    input_draw(&s->query, 1, 2, cols - 32, s->focus == FOCUS_QUERY);
    ui_printf(1, cols - 30, 30, STYLE_DIM, "%30s", s->n_rows || s->fresh ? right : "");
}

static void draw_chips(const struct search *s, int cols)
{
    struct arena *mem = arena_new();
    const char *text = "";

    for (size_t i = 0; i < s->n_chosen; i++)
        text = arena_printf(mem, "%s  %s%s:%s", text, s->chosen[i].excluded ? "-" : "",
                            facet_name(s->chosen[i].facet), s->chosen[i].value);
    ui_text(2, 0, cols, STYLE_COST, s->n_chosen ? text + 1 : " no filters; f chooses some");
    arena_free(mem);
}

static void draw_preview(const struct search *s, int y, int cols)
{
    const struct profile *p = search_row(s, s->preview_at);

    if (p)
        ui_printf(y, 0, cols, STYLE_DIM, " %s | %s%s%s | %s | e-mail %s%s%s",
                  p->company ? p->company : "-", p->city ? p->city : "-", p->country ? ", " : "",
                  p->country ? p->country : "", p->industry ? p->industry : "-",
                  p->email_status ? p->email_status : "-", p->phone ? " | phone " : "",
                  p->phone ? p->phone : "");
}

static void draw_state(const struct search *s, int y, int cols)
{
    char total[32];

    ui_printf(y, 0, cols, STYLE_TEXT, " row %zu of %s%s", s->n_rows ? s->at + 1 : 0,
              ui_number(s->total, total), s->loading ? "  loading ..." : "");
    if (s->n_marks)
        ui_printf(y, cols - 20, 20, STYLE_COST, "%zu marked", s->n_marks);
}

static void draw_line(int x, int y, int rows)
{
    for (int i = 0; i < rows; i++)
        ui_text(y + i, x, 1, STYLE_TEXT, "|");
}

void search_draw(struct screen *base, int rows, int cols)
{
    struct search *s = (struct search *)base;
    bool facets = search_has_facet_pane(cols), detail = search_has_detail_pane(cols);
    int x = facets ? FACETS_WIDTH + 2 : 0, width = cols - x - (detail ? DETAIL_WIDTH + 2 : 0);
    int y = 4, body = rows - y - (detail ? 0 : 1);
    const struct profile *p = search_row(s, s->preview_at);

    s->wide = detail;
    draw_query(s, cols);
    draw_chips(s, cols);
    draw_head(3, x, width);
    draw_results(s, y, x, body, width);
    if (facets) {
        draw_line(FACETS_WIDTH + 1, 3, rows - 3);
        draw_facets(s, 3, 0, rows - 3, FACETS_WIDTH);
    }
    if (detail) {
        draw_line(cols - DETAIL_WIDTH - 2, 3, rows - 3);
        if (p)
            search_draw_profile(p, 3, cols - DETAIL_WIDTH, rows - 3, DETAIL_WIDTH);
    } else {
        draw_preview(s, rows - 1, cols);
    }
    if (!facets && s->focus == FOCUS_FACETS && ui_box(3, 0, rows - 3, 40, "Filters"))
        draw_facets(s, 4, 1, rows - 5, 38);
    draw_state(s, rows, cols);
}
