/* Sessions: where one is signed in; ending them. */
#include <stdio.h>

#include "common/json.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"

static const struct column columns[] = {{"agent", 20},     {"current", 8},  {"address", 16},
                                        {"last_seen", 16}, {"created", 16}, {0}};

static void end(struct screen *s)
{
    resource_act(s, "DELETE", "/api/sessions", "", NULL, "ended");
}

static void ask_end(struct screen *s)
{
    const cJSON *row = resource_chosen(s);
    struct arena *mem = arena_new();

    if (row)
        confirm_open(
            s, "End this session?",
            arena_printf(mem, "%s from %s\n%s", json_str(row, "agent"), json_str(row, "address"),
                         json_bool(row, "current") ? "It is this one: you sign in anew."
                                                   : "Who sits there has to sign in anew."),
            CONFIRM_MS, end);
    arena_free(mem);
}

static void end_others(struct screen *s)
{
    resource_send(s, "DELETE", "/api/sessions", NULL, "all others have ended");
}

static void ask_end_others(struct screen *s)
{
    confirm_open(s, "End all other sessions?",
                 "Every other device has to sign in anew.\nThis session and API keys stay.",
                 CONFIRM_MS, end_others);
}

static const struct key keys[] = {
    RESOURCE_KEYS,
    {'d', NULL, "end session", "end", "End this session (it asks).", ask_end},
    {'D', NULL, "end others", "end others", "End all sessions but this one (it asks).",
     ask_end_others},
    ACCESS_KEYS{0},
};

const struct resource sessions_resource = {RESOURCE("Access > Sessions", keys),
                                           .path = "/api/sessions",
                                           .row = &session_item_type,
                                           .columns = columns,
                                           .empty = "You are signed in nowhere.",
                                           .head = tabs_draw};
