/* Which rows of a resource are wanted: parameters of the question, by the fields of a form. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tui/screens/record.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"

static struct listing *of(struct screen *s)
{
    return (struct listing *)s;
}

/* Its class is the first member of the resource. */
static const struct record_form *filter_of(const struct listing *l)
{
    return ((const struct resource *)l->base.class)->filter;
}

static void want(struct listing *l, int i, const char *value)
{
    free(l->wanted[i]);
    l->wanted[i] = value && *value ? xstrdup(value) : NULL;
}

/* What is there is not what is wanted now. */
static void forget(struct listing *l)
{
    cJSON_Delete(l->rows);
    l->rows = NULL;
    l->loaded = false;
    scroll_resize(&l->scroll, 0);
}

void resource_take_filter(struct form *f)
{
    forget(of(f->base.below));
    for (int i = 0; i < f->n; i++)
        want(of(f->base.below), i, f->inputs[i].text);
}

void resource_filter(struct screen *s)
{
    const struct record_form *filter = filter_of(of(s));
    struct form *f = form_open(s->app, filter);

    for (int i = 0; filter->fields[i].name; i++)
        if (of(s)->wanted[i])
            form_set(f, filter->fields[i].name, of(s)->wanted[i]);
    f->at = 0;
}

void resource_widen(struct screen *s)
{
    for (int i = 0; i < FORM_MAX; i++)
        want(of(s), i, NULL);
    forget(of(s));
    resource_ask(s);
}

/* The fields of the filter that the row at the cursor has a text for. */
static int values(struct screen *s, int fields[FORM_MAX])
{
    const struct form_field *f = filter_of(of(s))->fields;
    int n = 0;

    for (int i = 0; f[i].name; i++)
        if (resource_text(s, f[i].name))
            fields[n++] = i;
    return n;
}

static void take_value(struct screen *s, int chosen)
{
    int fields[FORM_MAX];

    if (chosen >= values(s, fields))
        return;
    want(of(s), fields[chosen], resource_text(s, filter_of(of(s))->fields[fields[chosen]].name));
    forget(of(s));
}

void resource_narrow(struct screen *s)
{
    const struct record_form *filter = filter_of(of(s));
    int fields[FORM_MAX], n = values(s, fields);
    struct arena *mem = arena_new();
    const char *labels[FORM_MAX];

    for (int i = 0; i < n; i++) {
        const char *name = filter->fields[fields[i]].name;

        labels[i] = arena_printf(mem, "%-10s %s", record_label(type_field(filter->body, name)),
                                 resource_says(of(s), resource_text(s, name)));
    }
    if (n)
        pick_open(s, "Only those with the same", labels, n, 0, take_value);
    else
        app_say(s->app, STYLE_DIM, "no row is here");
    arena_free(mem);
}

const char *resource_query(struct arena *mem, const struct listing *l)
{
    const struct record_form *filter = filter_of(l);
    const char *query = "";

    for (int i = 0; filter && filter->fields[i].name; i++) {
        char *value;

        if (!l->wanted[i])
            continue;
        value = api_escape(
            form_value(mem, type_field(filter->body, filter->fields[i].name), l->wanted[i]));
        query = arena_printf(mem, "%s&%s=%s", query, filter->fields[i].name, value);
        free(value);
    }
    return query;
}

static const char *label(const struct record_form *filter, int i)
{
    return record_label(type_field(filter->body, filter->fields[i].name));
}

const char *resource_chips(struct arena *mem, const struct listing *l)
{
    const struct record_form *filter = filter_of(l);
    const char *chips = "";

    for (int i = 0; filter && filter->fields[i].name; i++)
        if (l->wanted[i])
            chips = arena_printf(mem, "%s%s%s: %s", chips, *chips ? "  " : "", label(filter, i),
                                 resource_says(l, l->wanted[i]));
    return chips;
}
