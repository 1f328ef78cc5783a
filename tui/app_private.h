/* What app.c (the loop) and app_me.c (who is signed in) share. */
#ifndef TUI_APP_PRIVATE_H
#define TUI_APP_PRIVATE_H

#include <curses.h>

#include "tui/screen.h"

enum { TEXT_MAX = 512 };

struct app {
    struct session *session;
    struct api *api;
    struct screen *top, *seen; /* seen: the one whose shown() was called last */
    struct app_me me;
    char message[TEXT_MAX], state[TEXT_MAX];
    enum style_role message_role;
    bool quit, online;
    int64_t frame_us; /* no frame before then */
    bool frame_due;
    int sign_ins;
    bool acting;             /* as somebody else, as far as the screens know */
    bool go_home;            /* what the screens hold is another's: to the search */
    int64_t asked_us;        /* when it was asked last who we are */
    WINDOW *keys;            /* a pad of one cell: reading from it redraws nothing */
    bool pasting, paste_gap; /* gap: a line has ended, and what follows is not known yet */
    int code;
};

/* Before each key: what is known of who we are is a minute old at most, while somebody is there. */
void app_mind_me(struct app *app);
/* Who acts as somebody until the time is over is found to be the own person again. */
void app_notice_acting(struct app *app);
/* On every screen, in place of its title: somebody acts as somebody.  False: nobody does. */
bool app_watched(const struct app *app, char *out, size_t size);

#endif
