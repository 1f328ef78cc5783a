/* API keys: one's own, an admin's the account's; making, changing, rotating, revoking. */
#include <stdio.h>

#include "common/json.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"

struct keys {
    struct listing list; /* first */
    cJSON *scopes;       /* all there are, from the last answer */
};

static const struct column columns[] = {
    {"name", 14},    {"hint", 13}, {"last_used", 16}, {"ends", 16},
    {"revoked", 16}, {"spent", 8}, {"scopes", 24},    {0}};

static void took(struct screen *s, const cJSON *doc)
{
    struct keys *k = (struct keys *)s;

    cJSON_Delete(k->scopes);
    k->scopes = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(doc, "scopes"), true);
}

static void keys_close(struct screen *s)
{
    cJSON_Delete(((struct keys *)s)->scopes);
    resource_close(s);
}

/* The secret of the reply, over the list. */
static void made(struct app *app, const cJSON *reply)
{
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(reply, "key");
    const char *secret = json_str(reply, "secret"), *name = json_str(key, "name");
    struct arena *mem = arena_new();

    if (secret)
        secret_open(app, "The key's secret", arena_printf(mem, "of the key %s", name ? name : ""),
                    secret);
    arena_free(mem);
}

#define SCOPES_NOTE "Ctrl-T lists the scopes; several with commas"

static const struct form_field create_fields[] = {
    {"name"},        {"scopes"},     {"networks"},   {"rate"},
    {"monthly_cap"}, {"days", "90"}, {"test", "no"}, {0}};
static const struct form_field change_fields[] = {
    {"name"},
    {"scopes"},
    {"networks", .none = "networks"},
    {"rate", .none = "rate"},
    {"monthly_cap", .none = "capped"},
    {0},
};
static const struct form_field rotate_fields[] = {{"overlap_hours", "24"}, {0}};

static const struct record_form create_form = {RECORD_FORM("New API key"),
                                               .method = "POST",
                                               .path = "/api/keys",
                                               .body = &api_key_create_type,
                                               .fields = create_fields,
                                               .note = SCOPES_NOTE,
                                               .made = made};
static const struct record_form change_form = {
    RECORD_FORM("Change the key"), .method = "PATCH",   .body = &api_key_change_type,
    .fields = change_fields,       .note = SCOPES_NOTE, .done = "changed"};

static const char *ask_rotate(struct arena *mem, const struct form *f)
{
    return arena_printf(mem,
                        "The key gets a new secret, shown once.\n"
                        "The old one works for %s hours more.",
                        form_text(f, "overlap_hours"));
}

static const struct record_form rotate_form = {RECORD_FORM("Rotate the key"),
                                               .method = "POST",
                                               .body = &api_key_rotate_type,
                                               .fields = rotate_fields,
                                               .note = "hours that the old secret works on; 0: not",
                                               .ask = ask_rotate,
                                               .made = made};

static struct form *open_form(struct screen *s, const struct record_form *what)
{
    struct keys *k = (struct keys *)s;
    struct form *f = form_open(s->app, what);

    f->choices = cJSON_Duplicate(k->scopes, true);
    return f;
}

static void create(struct screen *s)
{
    open_form(s, &create_form);
}

/* Of the row at the cursor; NULL: there is none, which is said. */
static struct form *open_for(struct screen *s, const struct record_form *what, const char *tail)
{
    const char *id = json_str(resource_chosen(s), "id");
    struct form *f;

    if (!id)
        return NULL;
    f = open_form(s, what);
    form_at(f, "/api/keys/%s%s", id, tail);
    return f;
}

static void rotate(struct screen *s)
{
    open_for(s, &rotate_form, "/rotate");
}

/* "a, b" of the texts of a member. */
static const char *joined(struct arena *mem, const cJSON *row, const char *member)
{
    const char *all = "";
    const cJSON *v;

    cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(row, member))
    {
        if (cJSON_IsString(v))
            all = arena_printf(mem, "%s%s%s", all, *all ? ", " : "", v->valuestring);
    }
    return all;
}

static void change(struct screen *s)
{
    const cJSON *row = resource_row(s);
    struct form *f = open_for(s, &change_form, "");
    struct arena *mem = arena_new();
    const char *networks = joined(mem, row, "networks");

    if (f) {
        form_set(f, "name", json_str(row, "name"));
        form_set(f, "scopes", joined(mem, row, "scopes"));
        form_set(f, "networks", *networks ? networks : "none");
        form_set(f, "rate",
                 json_num(row, "rate", 0) > 0 ? arena_printf(mem, "%.0f", json_num(row, "rate", 0))
                                              : "none");
        form_set(f, "monthly_cap",
                 json_bool(row, "capped")
                     ? arena_printf(mem, "%.12g", json_num(row, "monthly_cap", 0))
                     : "none");
        f->at = 0;
    }
    arena_free(mem);
}

static void void_one(struct screen *s)
{
    resource_act(s, "DELETE", "/api/keys", "", NULL, "revoked: it opens nothing any more");
}

static void ask_revoke(struct screen *s)
{
    const cJSON *row = resource_chosen(s);
    struct arena *mem = arena_new();

    if (row)
        confirm_open(
            s, "Revoke this key?",
            arena_printf(mem,
                         "%s, last used %s\n"
                         "Programs that use it are refused at once, for good.",
                         json_str(row, "name"),
                         json_str(row, "last_used") ? json_str(row, "last_used") : "never"),
            CONFIRM_MS, void_one);
    arena_free(mem);
}

static const struct key keys[] = {
    RESOURCE_KEYS,
    {'n', NULL, "new key", "new", "Make a key; its secret is shown once.", create, ROLE_USER},
    {'e', NULL, "change key", "change", "Change what a key may do and spend.", change, ROLE_USER},
    {'o', NULL, "rotate key", "rotate", "Give a key a new secret; the old one works on a while.",
     rotate, ROLE_USER},
    {'d', NULL, "revoke key", "revoke", "End a key at once (it asks).", ask_revoke, ROLE_USER},
    ACCESS_KEYS{0},
};

const struct resource keys_resource = {.class = {.title = "Access > Keys",
                                                 .size = sizeof(struct keys),
                                                 .keys = keys,
                                                 .shown = resource_ask,
                                                 .draw = resource_draw,
                                                 .moves = resource_scroll,
                                                 .moved = resource_moved,
                                                 .tick = resource_ask,
                                                 .close = keys_close},
                                       .path = "/api/keys",
                                       .row = &api_key_type,
                                       .columns = columns,
                                       .empty = "No keys yet; n makes one.",
                                       .took = took,
                                       .head = tabs_draw};
