/*
 * Screens: a table of callbacks and a table of keys.  The app owns the stack of open ones and is
 * the only caller of these functions.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api.h"
#include "common/err.h"
#include "tui/api.h"
#include "tui/keymap.h"
#include "tui/theme.h"
#include "tui/widgets/scroll.h"

struct app;
struct screen;

struct screen_class {
    const char *title;
    size_t size; /* of the struct that begins with a struct screen */
    const struct key *keys;
    bool overlay; /* drawn over the screen below; modal */
    bool modal;   /* no key leads past it but its own */
    bool whole;   /* lines 0 to rows - 1 are its own: no title, no hints */
    void (*open)(struct screen *);
    /* On top: opened, or what was above has closed. May be NULL. */
    void (*shown)(struct screen *);
    /*
     * Lines 1 to rows and all columns are its own; an overlay takes a part of them.  The first line
     * and the last two are the app's.
     */
    void (*draw)(struct screen *, int rows, int cols);
    /* Every key before the tables; true: taken (text fields). May be NULL. */
    bool (*input)(struct screen *, int key);
    /* What the keys of movement move; moved() is called afterwards. May be NULL. */
    struct scroll *(*moves)(struct screen *);
    void (*moved)(struct screen *);
    /* When screen_wake() is due. May be NULL. */
    void (*tick)(struct screen *);
    void (*close)(struct screen *);
};

struct screen {
    const struct screen_class *class;
    const struct key *keys; /* the class's; a screen of several panes changes it with the focus */
    struct app *app;
    struct screen *below;
    int64_t wake_us; /* monotonic; 0: not asked for */
    /*
     * Characters go into a field through class->input: the bottom line names no other use of them,
     * and what is pasted goes there.
     */
    bool typing;
};

/* tick() in so many milliseconds; the last call counts. */
void screen_wake(struct screen *s, int64_t ms);

struct screen *app_push(struct app *app, const struct screen_class *class);
/* Close this screen and those above it. */
void app_close(struct screen *s);
/* Close all but the lowest screen, then open this one. */
void app_go(struct app *app, const struct screen_class *class);
void app_quit(struct app *app);
/* For overlays that speak of what is below them. */
struct screen *app_top(struct app *app);

/* The last line until the next key; the role gives the glyph in front. */
void app_say(struct app *app, enum style_role role, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What a failed call says; the end of a session opens the sign-in, a changed key the refusal. */
void app_say_error(struct app *app, const struct api_reply *r);
/* The last line of this frame, unless something is said. Call it in draw(). */
void app_state(struct app *app, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* done's arg is the screen; forgotten when the screen closes. */
struct api_call *screen_call(struct screen *s, const char *method, const char *path,
                             const char *json, api_done *done);
struct api *app_api(struct app *app);
struct session *app_session(struct app *app);
bool app_is_signed_in(const struct app *app);

/* Who is signed in, from /api/me. */
struct app_me {
    char email[256];
    enum role role; /* ROLE_NOBODY: not known yet */
    struct credits balance;
    bool acting;        /* as this member, who is somebody else */
    int64_t watched_ms; /* until then somebody acts as them; 0: nobody */
};
const struct app_me *app_me(const struct app *app);
void app_set_balance(struct app *app, struct credits balance);
/* Ask /api/me again. */
void app_refresh_me(struct app *app);
/* Nobody is signed in: what was asked about the last one is not waited for. */
void app_signed_out(struct app *app);
/* Perhaps another person: what screens hold is not for them. */
void app_signed_in(struct app *app);
/* Act as the member whose tokens the reply holds; the super_admin again. */
void app_act(struct app *app, const cJSON *tokens);
void app_act_end(struct app *app);
/* Counts the sign-ins, so that a screen knows whose its data are. */
int app_sign_ins(const struct app *app);
/* The key is trusted now: sign in, or go on. */
void app_trusted(struct app *app);

/* Keys that every screen has, those that lead elsewhere, and those of what can be scrolled. */
extern const struct key app_keys[], go_keys[], scroll_keys[];
/* The tables besides its own that a screen obeys; the first that knows a key counts. */
enum { COMMON_TABLES = 4 };
void screen_common_keys(const struct screen *s, const struct key *tables[COMMON_TABLES]);

#endif
