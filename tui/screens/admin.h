/* Administration: screens beside each other, a digit each. */
#ifndef TUI_SCREENS_ADMIN_H
#define TUI_SCREENS_ADMIN_H

#include "tui/screen.h"

/* Line 1: which of them this is. */
void admin_draw_tabs(struct screen *s, int cols);

void admin_users(struct screen *s);
void admin_credits(struct screen *s);
void admin_audit(struct screen *s);
void admin_health(struct screen *s);
void admin_jobs(struct screen *s);

#define ADMIN_KEYS                                                                                  \
    {'1', NULL, "members", NULL, "Members of the account.", admin_users, ROLE_ADMIN},               \
        {'2', NULL, "account credits", NULL, "Credits of the account.", admin_credits, ROLE_ADMIN}, \
        {'3', NULL, "audit", NULL, "Who did what.", admin_audit, ROLE_ADMIN},                       \
        {'4', NULL, "health", NULL, "How the server does.", admin_health, ROLE_SUPER_ADMIN},        \
    {                                                                                               \
        '5', NULL, "all jobs", NULL, "Jobs of the account, or of everybody.", admin_jobs,           \
            ROLE_ADMIN                                                                              \
    }

#endif
