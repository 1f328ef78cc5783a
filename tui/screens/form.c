#include "tui/screens/form.h"

#include "tui/widgets/paint.h"

enum { LABEL = 18 };

void form_draw_fields(const struct form *f, int y, int x, int cols)
{
    for (int i = 0; i < f->n; i++) {
        paint_text(y + i, x, LABEL, STYLE_DIM, f->labels[i]);
        input_draw(&f->inputs[i], y + i, x + LABEL + 1, cols - LABEL - 1, i == f->at);
    }
}

bool form_input(struct screen *s, int key)
{
    struct form *f = (struct form *)s;

    return !f->busy && input_key(&f->inputs[f->at], key);
}

void form_next(struct screen *s)
{
    struct form *f = (struct form *)s;

    f->at = (f->at + 1) % f->n;
}

void form_previous(struct screen *s)
{
    struct form *f = (struct form *)s;

    f->at = (f->at + f->n - 1) % f->n;
}

void form_enter(struct screen *s)
{
    struct form *f = (struct form *)s;

    if (f->at + 1 < f->n)
        f->at++;
    else if (!f->busy)
        f->submit(f);
}

void form_close(struct screen *s)
{
    struct form *f = (struct form *)s;

    for (int i = 0; i < f->n; i++)
        input_clear(&f->inputs[i]);
}
