#include "tui/screens/told.h"

#include <stdio.h>

#include "tui/app.h"
#include "tui/widgets/paint.h"

static void got(void *arg, const struct api_reply *r)
{
    struct told *t = arg;

    t->call = NULL;
    snprintf(t->trouble, sizeof(t->trouble), "%s", r->err ? r->detail : "");
    if (r->err) {
        app_say_error(t->base.app, r);
        return;
    }
    cJSON_Delete(t->doc);
    t->doc = cJSON_Duplicate(r->doc, true);
}

void told_ask(struct screen *s, const char *path)
{
    struct told *t = (struct told *)s;

    api_cancel(app_api(s->app), t->call);
    t->call = screen_call(s, "GET", path, NULL, got);
}

bool told_missing(struct screen *s, int y, int cols)
{
    const struct told *t = (const struct told *)s;

    if (t->doc)
        return false;
    if (t->trouble[0])
        paint_said(y, 1, cols - 2, STYLE_WARN, t->trouble);
    else
        paint_text(y, 2, cols - 3, STYLE_DIM, "loading ...");
    return true;
}

void told_close(struct screen *s)
{
    cJSON_Delete(((struct told *)s)->doc);
}
