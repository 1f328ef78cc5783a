#include "tui/screens/tabs.h"

#include <string.h>

#include "tui/screens/resource.h"
#include "tui/widgets/paint.h"

enum group { ADMIN, ACCESS };

#define CLASS_resource(id) &id##_resource.class
#define CLASS_screen(id) &id##_screen

static const struct tab {
    const struct screen_class *class;
    const char *label;
    char digit;
    enum role role;
    enum group group;
} tabs[] = {
#define X(digit, kind, id, name, help, role) {CLASS_##kind(id), name, digit, role, ADMIN},
    ADMIN_TABS(X)
#undef X
#define X(digit, kind, id, name, help, role) {CLASS_##kind(id), name, digit, role, ACCESS},
        ACCESS_TABS(X)
#undef X
};

enum { TABS = sizeof(tabs) / sizeof(*tabs) };

static const struct tab *find(const struct screen_class *class)
{
    for (size_t i = 0; i < TABS; i++)
        if (tabs[i].class == class)
            return &tabs[i];
    return NULL;
}

enum role tabs_role(const struct screen_class *class)
{
    const struct tab *t = find(class);

    return t ? t->role : ROLE_NOBODY;
}

void tabs_draw(struct screen *s, int cols)
{
    const struct tab *own = find(s->class);
    int x = 1;

    for (const struct tab *t = tabs; own && t < tabs + TABS; t++) {
        int width = (int)strlen(t->label) + 4;

        if (t->group != own->group || x + width > cols ||
            (t->group == ADMIN && app_me(s->app)->role < t->role))
            continue;
        paint_printf(1, x, width, t == own ? STYLE_ACCENT : STYLE_DIM,
                     t == own ? "[%c %s]" : " %c %s ", t->digit, t->label);
        x += width;
    }
}

#define X(digit, kind, id, name, help, role)  \
    void tabs_go_##id(struct screen *s)       \
    {                                         \
        if (s->class != CLASS_##kind(id))     \
            app_go(s->app, CLASS_##kind(id)); \
    }
ADMIN_TABS(X)
ACCESS_TABS(X)
#undef X

const struct key tab_keys[] = {ADMIN_TABS(ADMIN_KEY) ACCESS_TABS(ACCESS_KEY){0}};
