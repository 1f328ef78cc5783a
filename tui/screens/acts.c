/* The super_admin acts as a member: beginning it, and what is kept of it for good. */
#include "common/mem.h"

#include "common/json.h"
#include "tui/screens/admin.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"

static const struct form_field act_fields[] = {{"user_id"}, {"reason"}, {0}};

static const char *ask_act(struct arena *mem, const struct form *f)
{
    const char *email = resource_text(f->base.below, "email");

    return arena_printf(mem,
                        "You see and do what %s may, for half an hour.\n"
                        "They get a mail with your reason, and all of it is recorded.",
                        email ? email : "the member");
}

static void begun(struct app *app, const cJSON *reply)
{
    app_act(app, reply);
}

static const struct record_form act_form = {RECORD_FORM("Act as this member"),
                                            .method = "POST",
                                            .path = "/api/admin/impersonations",
                                            .body = &impersonate_request_type,
                                            .fields = act_fields,
                                            .note = "the member reads the reason",
                                            .ask = ask_act,
                                            .made = begun};

void acts_begin(struct screen *s)
{
    const char *id = json_str(resource_chosen(s), "id");

    if (id)
        form_set(form_open(s->app, &act_form), "user_id", id);
}

static const struct column all_columns[] = {{"created", 16}, {"by_id", 20}, {"user_id", 20},
                                            {"reason", 30},  {"ends", 16},  {0}};
static const struct column own_columns[] = {{"created", 16}, {"ends", 16}, {"reason", 30}, {0}};
static const struct key all_keys[] = {RESOURCE_KEYS, ADMIN_KEYS{0}};
static const struct key own_keys[] = {RESOURCE_KEYS, ACCESS_KEYS{0}};

const struct resource acts_resource = {RESOURCE("Admin > Acting", all_keys),
                                       .path = "/api/admin/impersonations",
                                       .row = &impersonation_type,
                                       .columns = all_columns,
                                       .empty = "Nobody has acted as a member.",
                                       .head = tabs_draw,
                                       .also = resource_ask_people,
                                       .says = resource_person};

const struct resource acted_resource = {RESOURCE("Access > Acted as you", own_keys),
                                        .path = "/api/me/impersonations",
                                        .row = &impersonation_type,
                                        .columns = own_columns,
                                        .empty = "The operator has never acted as you.",
                                        .head = tabs_draw};
