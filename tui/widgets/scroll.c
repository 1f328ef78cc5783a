#include "tui/widgets/scroll.h"

void scroll_to(struct scroll *s, int at)
{
    if (at >= s->n)
        at = s->n - 1;
    s->at = at < 0 ? 0 : at;
}

void scroll_by(struct scroll *s, int lines)
{
    scroll_to(s, s->at + lines);
}

void scroll_resize(struct scroll *s, int n)
{
    s->n = n;
    scroll_to(s, s->at);
}

void scroll_fit(struct scroll *s, int rows)
{
    int most;

    s->rows = rows < 1 ? 1 : rows;
    if (s->at < s->top || s->at >= s->top + s->rows)
        s->top = s->at - s->rows / 2;
    most = s->n > s->rows ? s->n - s->rows : 0;
    if (s->top > most)
        s->top = most;
    if (s->top < 0)
        s->top = 0;
}
