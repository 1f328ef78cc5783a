#include <stdio.h>

#include "tui/screens/reveal.h"
#include "tui/widgets/paint.h"

enum { WIDTH = 66, HEIGHT = 10, NAME = 10, COUNT = 11, PRICE = 10 };

/* [x] E-mail   to reveal 2   owned 1 ...    2 cr */
static void draw_offers(const struct reveal *v, int y, int x, int cols)
{
    char number[NUMBER_TEXT], text[NUMBER_TEXT + 4];

    for (int k = 0; k < OUTCOMES; k++)
        paint_right(y, x + NAME + k * COUNT, COUNT, STYLE_DIM, outcome_labels[k]);
    paint_right(y, x + cols - PRICE, PRICE, STYLE_DIM, "cost");
    for (int i = 0; i < REVEAL_CONTACTS; i++) {
        const struct offer *o = &v->offers[i];

        paint_printf(y + 1 + i, x, NAME, STYLE_TEXT, "[%c] %s", v->wanted[i] ? 'x' : ' ',
                     reveal_labels[i]);
        for (int k = 0; k < OUTCOMES; k++)
            paint_right(y + 1 + i, x + NAME + k * COUNT, COUNT, STYLE_TEXT,
                        o->n[k] ? paint_number(o->n[k], number) : "-");
        snprintf(text, sizeof(text), "%s cr", paint_credits(o->price, number));
        paint_right(y + 1 + i, x + cols - PRICE, PRICE, v->wanted[i] ? STYLE_COST : STYLE_DIM,
                    text);
    }
}

static void draw_choice(const struct reveal *v, int y, int x, int cols)
{
    char number[NUMBER_TEXT];
    const char *total = paint_credits(reveal_total(v), number);

    if (!v->wanted[REVEAL_EMAIL] && !v->wanted[REVEAL_PHONE])
        paint_text(y, x, cols, STYLE_DIM, "choose something: e, m");
    else if (!reveal_is_affordable(v))
        paint_said(y, x, cols, STYLE_ERR, "not enough credits");
    else if (reveal_needs_typing(v))
        paint_printf(y, x, cols, STYLE_TEXT, "to pay, type %s and Enter: %s", total, v->typed.text);
    else
        paint_printf(y, x, cols, STYLE_TEXT, "[ Cancel ]     y = reveal for %s cr", total);
    paint_focus(y, x + 2);
}

/* What the total is made of stands above it. */
static void draw_price(struct reveal *v, const struct place *in)
{
    struct credits total = reveal_total(v), rest = {v->balance.hundredths - total.hundredths};
    char a[NUMBER_TEXT], b[NUMBER_TEXT], text[NUMBER_TEXT + 4];
    int y = in->y;

    draw_offers(v, y, in->x, in->cols);
    y += 1 + REVEAL_CONTACTS;
    if (v->not_found)
        paint_printf(y, in->x, in->cols, STYLE_WARN, "%d not found", v->not_found);
    y++;
    snprintf(text, sizeof(text), "%s cr", paint_credits(total, a));
    paint_text(y, in->x, NAME + 4, STYLE_COST, "TOTAL NOW");
    paint_right(y, in->x + in->cols - 20, 20, STYLE_COST, text);
    paint_printf(y + 1, in->x, in->cols, STYLE_TEXT, "balance %s -> %s",
                 paint_credits(v->balance, a),
                 reveal_is_affordable(v) ? paint_credits(rest, b) : "-");
    paint_text(y + 2, in->x, in->cols, STYLE_DIM,
               "charged once for ever; what is owned or not there is free");
    draw_choice(v, in->y + in->rows - 1, in->x, in->cols);
    if (!v->armed_us)
        screen_wake(&v->base, 1); /* when the frame is out */
}

static void draw_result(const struct reveal *v, const struct place *in)
{
    const struct reveal_item *items = v->reply.items.v;
    char a[NUMBER_TEXT], b[NUMBER_TEXT], text[160];
    int y = in->y, last = in->y + in->rows - 1;

    snprintf(text, sizeof(text), "charged %s cr, balance %s", paint_credits(v->reply.charged, a),
             paint_credits(v->balance, b));
    paint_said(y++, in->x, in->cols, STYLE_OK, text);
    y++;
    for (size_t i = 0; i < v->reply.items.n && y < last; i++) {
        const struct reveal_item *item = &items[i];
        const char *email = item->email ? item->email : "", *phone = item->phone ? item->phone : "";

        if (y == last - 1 && i + 1 < v->reply.items.n) {
            paint_printf(y, in->x, in->cols, STYLE_DIM, "and %zu more", v->reply.items.n - i);
            break;
        }
        if (*email || *phone)
            paint_printf(y++, in->x, in->cols, STYLE_TEXT, "%s%s%s", email,
                         *email && *phone ? "   " : "", phone);
        else
            paint_printf(y++, in->x, in->cols, STYLE_DIM, "nothing   %s",
                         item->outcome ? item->outcome : "");
    }
    paint_text(last, in->x, in->cols, STYLE_DIM, "[ Close ]");
    paint_focus(last, in->x + 2);
}

static void draw_lines(const struct place *in, enum style_role role, const char *first,
                       const char *second, const char *third)
{
    paint_said(in->y, in->x, in->cols, role, first);
    paint_text(in->y + 2, in->x, in->cols, STYLE_TEXT, second);
    paint_text(in->y + 4, in->x, in->cols, STYLE_DIM, third);
    paint_focus(in->y, in->x);
}

void reveal_draw(struct screen *s, int rows, int cols)
{
    struct reveal *v = (struct reveal *)s;
    struct place in;
    char title[64];

    snprintf(title, sizeof(title), "Reveal %zu contact%s", v->n, v->n == 1 ? "" : "s");
    if (!paint_dialog(rows, cols, HEIGHT, WIDTH, title, &in))
        return;
    switch (v->stage) {
    case STAGE_ASKING:
        draw_lines(&in, STYLE_DIM, "asking for the price ...", "", "nothing is charged until y");
        break;
    case STAGE_READY:
        draw_price(v, &in);
        break;
    case STAGE_SENT:
        draw_lines(&in, STYLE_DIM, "revealing ...", "", "");
        break;
    case STAGE_UNKNOWN:
        draw_lines(&in, STYLE_WARN, "the answer was lost; it may have been charged",
                   "R asks again: the same request, never charged twice", v->trouble);
        break;
    case STAGE_DONE:
        draw_result(v, &in);
        break;
    case STAGE_REFUSED:
        draw_lines(&in, STYLE_ERR, v->trouble, "nothing was charged", "R asks for the price again");
        break;
    }
}
