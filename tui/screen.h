/*
 * Screens: a table of callbacks and a table of keys.  The app owns the stack of open ones and is
 * the only caller of these functions.  Help, hints and what a key does come from the same rows.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "tui/api.h"

struct app;
struct screen;

/* A function key of curses, apart from all characters. */
#define KEY_FN(code) (0x200000 | (code))
#define KEY_CTRL(c) ((c)&0x1f)

struct key {
    int key;
    const char *name; /* what the help calls it; NULL: the character */
    const char *hint; /* in the bottom line; NULL: only in the help */
    const char *help; /* a sentence; NULL: an alias of the row before */
    void (*run)(struct screen *);
};

struct screen_class {
    const char *title;
    size_t size;            /* of the struct that begins with a struct screen */
    const struct key *keys; /* ends with a row that has no run */
    bool overlay;           /* drawn over the screen below */
    void (*open)(struct screen *);
    void (*draw)(struct screen *, int rows, int cols);
    /* Every key before the table; true: taken (text fields). May be NULL. */
    bool (*input)(struct screen *, int key);
    /* When app_wake() is due. May be NULL. */
    void (*tick)(struct screen *);
    void (*close)(struct screen *);
};

struct screen {
    const struct screen_class *class;
    struct app *app;
    struct screen *below;
    int64_t wake_us; /* monotonic; 0: not asked for */
};

/* The next key after which the screen is called. */
void screen_wake(struct screen *s, int64_t ms);

struct screen *app_push(struct app *app, const struct screen_class *class);
/* Close this screen and those above it. */
void app_close(struct screen *s);
void app_quit(struct app *app);

/* The last line: stays until the next key. */
void app_say(struct app *app, const char *fmt, ...) PRINTF_LIKE(2, 3);
void app_say_error(struct app *app, const struct api_reply *r);

/* done's arg is the screen; forgotten when the screen closes. */
struct api_call *screen_call(struct screen *s, const char *method, const char *path,
                             const char *json, api_done *done);
struct api *app_api(struct app *app);
struct session *app_session(struct app *app);

/* Who is signed in, from /api/me. */
struct app_me {
    char email[256], role[16], account[256], balance[32];
    bool known;
};
const struct app_me *app_me(const struct app *app);
bool app_is_admin(const struct app *app);
void app_set_balance(struct app *app, double credits);
/* Ask /api/me again. */
void app_refresh_me(struct app *app);
/* After signing in: the search screen begins. */
void app_signed_in(struct app *app);

#endif
