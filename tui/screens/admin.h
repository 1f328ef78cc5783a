/*
 * Administration: screens beside each other, a digit each.  A new one is a line here; if it is a
 * resource (resource.h) its .head is admin_draw_tabs and its keys end with ADMIN_KEYS.
 */
#ifndef TUI_SCREENS_ADMIN_H
#define TUI_SCREENS_ADMIN_H

#include "tui/screen.h"

/* digit, a name for the code, the class, the tab and the palette's name, help, the least role */
#define ADMIN_TABS(X)                                                                       \
    X('1', users, users_resource.class, "Members", "Members of the account.", ROLE_ADMIN)   \
    X('2', grants, grants_resource.class, "Credits", "Credits of the account.", ROLE_ADMIN) \
    X('3', audit, audit_resource.class, "Audit", "Who did what.", ROLE_ADMIN)               \
    X('4', health, health_screen, "Health", "How the server does.", ROLE_SUPER_ADMIN)       \
    X('5', jobs, all_jobs_resource.class, "Jobs", "Jobs of the account, or of all.", ROLE_ADMIN)

/* Line 1: which of them this is. */
void admin_draw_tabs(struct screen *s, int cols);

#define X(digit, id, class, name, help, role) void admin_##id(struct screen *s);
ADMIN_TABS(X)
#undef X

#define ADMIN_KEY(digit, id, class, name, help, role) \
    {digit, NULL, "admin: " name, NULL, help, admin_##id, role},
/* No comma follows. */
#define ADMIN_KEYS ADMIN_TABS(ADMIN_KEY)

#endif
