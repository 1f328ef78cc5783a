/*
 * Screens beside each other, a digit each.  A new one is its file and a row here, which declares
 * it, draws its tab, and makes its key and its action in the palette.  A resource (resource.h) has
 * .head = tabs_draw, and its keys end with ADMIN_KEYS or ACCESS_KEYS.
 */
#ifndef TUI_SCREENS_TABS_H
#define TUI_SCREENS_TABS_H

#include "tui/screen.h"

/* digit, resource or screen, its name in the code, the tab's, help, the least role */
#define ADMIN_TABS(X)                                                                  \
    X('1', resource, users, "Members", "Members of the account.", ROLE_ADMIN)          \
    X('2', resource, grants, "Credits", "Credits of the account.", ROLE_ADMIN)         \
    X('3', resource, audit, "Audit", "Who did what.", ROLE_ADMIN)                      \
    X('4', screen, health, "Health", "How the server does.", ROLE_SUPER_ADMIN)         \
    X('5', resource, all_jobs, "Jobs", "Jobs of the account, or of all.", ROLE_ADMIN)  \
    X('6', resource, invitations, "Invited", "Invitations that are open.", ROLE_ADMIN) \
    X('7', resource, mail, "Mail", "Mails that have not gone out.", ROLE_SUPER_ADMIN)  \
    X('8', resource, acts, "Acting", "Who acted as a member, when and why.", ROLE_SUPER_ADMIN)

/* Everybody sees the tabs; those of a higher role say which one they take. */
#define ACCESS_TABS(X)                                                                      \
    X('1', resource, keys, "Keys", "API keys.", ROLE_USER)                                  \
    X('2', resource, sessions, "Sessions", "Where you are signed in.", ROLE_VIEWER)         \
    X('3', screen, factor, "Two-factor", "The second factor of your sign-in.", ROLE_VIEWER) \
    X('4', screen, limits, "Limits", "What binds you now, and what is left.", ROLE_VIEWER)  \
    X('5', resource, acted, "Acted as you", "When the operator acted as you.", ROLE_VIEWER)

/* The way to each of them, for the palette. */
extern const struct key tab_keys[];
/* Line 1: which of its group this is. */
void tabs_draw(struct screen *s, int cols);
/* The least role that a screen takes; ROLE_NOBODY: it is no tab. */
enum role tabs_role(const struct screen_class *class);

struct resource;
#define X(digit, kind, id, name, help, role)         \
    extern const struct TAB_TYPE_##kind id##_##kind; \
    void tabs_go_##id(struct screen *s);
#define TAB_TYPE_resource resource
#define TAB_TYPE_screen screen_class
ADMIN_TABS(X)
ACCESS_TABS(X)
#undef X

#define ADMIN_KEY(digit, kind, id, name, help, role) \
    {digit, NULL, "admin: " name, NULL, help, tabs_go_##id, role},
#define ACCESS_KEY(digit, kind, id, name, help, role) \
    {digit, NULL, "access: " name, NULL, help, tabs_go_##id, ROLE_NOBODY},
/* No comma follows. */
#define ADMIN_KEYS ADMIN_TABS(ADMIN_KEY)
#define ACCESS_KEYS ACCESS_TABS(ACCESS_KEY)

#endif
