/* Every screen there is: a new file is a new line. */
#ifndef TUI_SCREENS_LIST_H
#define TUI_SCREENS_LIST_H

#include "tui/screen.h"

#define SCREENS(X)                                                                           \
    X(search)                                                                                \
    X(detail)                                                                                \
    X(reveal)                                                                                \
    X(trust)                                                                                 \
    X(signin) X(upload) X(mapping) X(progress) X(credits) X(jobs) X(users) X(grant) X(audit) \
        X(health) X(help) X(quit)

#define X(name) extern const struct screen_class name##_screen;
SCREENS(X)
#undef X

extern const struct key app_keys[];

#endif
