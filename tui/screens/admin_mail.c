/* The outbox: mails that have not gone out. */
#include <stdlib.h>

#include "common/json.h"
#include "tui/screens/admin.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"

static const struct column columns[] = {{"created", 16}, {"to", 26},    {"kind", 12}, {"state", 7},
                                        {"attempts", 8}, {"error", 20}, {"next", 16}, {0}};

static void got_mail(void *arg, const struct api_reply *r)
{
    struct screen *s = arg;

    if (r->err)
        app_say_error(s->app, r);
    else
        resource_detail_of(s, r->doc);
}

/* Its text is no part of the list: to read it is an act, and audited. */
static void read_mail(struct screen *s)
{
    const char *id = json_str(resource_chosen(s), "id");
    struct arena *mem = arena_new();

    if (id)
        screen_call(s, "GET", arena_printf(mem, "/api/admin/mail/%s", id), NULL, got_mail);
    arena_free(mem);
}

static void retry(struct screen *s)
{
    resource_act(s, "POST", "/api/admin/mail", "/retry", NULL, "it is tried again from now on");
}

static void delete (struct screen *s)
{
    resource_act(s, "DELETE", "/api/admin/mail", "", NULL, "deleted");
}

static void ask_delete(struct screen *s)
{
    const cJSON *row = resource_chosen(s);
    struct arena *mem = arena_new();

    if (row)
        confirm_open(s, "Delete this mail?",
                     arena_printf(mem, "%s to %s\nIt is never sent; a token in it stays unused.",
                                  json_str(row, "kind"), json_str(row, "to")),
                     CONFIRM_MS, delete);
    arena_free(mem);
}

static const struct key keys[] = {
    {'\r', "Enter", "read", "read", "Read this mail; that is recorded.", read_mail},
    {'\n', "Enter", .run = read_mail},
    {'t', NULL, "retry", "retry", "Try to send it again, from now on.", retry, ROLE_SUPER_ADMIN},
    {'d', NULL, "delete", "delete", "Delete it unsent (it asks).", ask_delete, ROLE_SUPER_ADMIN},
    RESOURCE_REFRESH_KEY,
    ADMIN_KEYS{0},
};

const struct resource mail_resource = {RESOURCE("Admin > Mail", keys),
                                       .path = "/api/admin/mail",
                                       .row = &mail_item_type,
                                       .columns = columns,
                                       .empty = "Every mail has gone out.",
                                       .head = tabs_draw,
                                       .also = admin_note_mail};
