/* Every screen there is, and how to open those that need to be told something. */
#ifndef TUI_SCREENS_SCREENS_H
#define TUI_SCREENS_SCREENS_H

#include "common/uuid.h"
#include "tui/screen.h"

#define SCREENS(X) \
    X(search)      \
    X(values)      \
    X(profile)     \
    X(reveal)      \
    X(trust)       \
    X(refused)     \
    X(signin)      \
    X(help)        \
    X(pick)        \
    X(confirm)     \
    X(upload)      \
    X(mapping)     \
    X(sending)     \
    X(detail)      \
    X(job)         \
    X(rejects)     \
    X(reauth)      \
    X(secret)      \
    X(enrol)       \
    X(qr)          \
    X(export)      \
    X(save)

/* Lists with details, by rows: resource.h.  Those that are tabs are rows of tabs.h alone. */
#define RESOURCES(X) \
    X(credits)       \
    X(jobs)

/* Forms that several files open: form.h. */
#define RECORD_FORMS(X) \
    X(grant)            \
    X(invite)

#define X(name) extern const struct screen_class name##_screen;
SCREENS(X)
#undef X

struct resource;
#define X(name) extern const struct resource name##_resource;
RESOURCES(X)
#undef X

struct record_form;
#define X(name) extern const struct record_form name##_form;
RECORD_FORMS(X)
#undef X

/* Choose one of n labels by moving or typing. done: after the picker has closed. */
typedef void pick_done(struct screen *asker, int chosen);
void pick_open(struct screen *asker, const char *title, const char *const *labels, int n, int now,
               pick_done *done);

/*
 * A question whose `y` does something.  It is never the key that asked, what was typed before is
 * thrown away, and it works only so long after the question is on the screen.
 */
enum { CONFIRM_AT_ONCE = 0, CONFIRM_MS = 300 };
typedef void confirm_done(struct screen *asker);
void confirm_open(struct screen *asker, const char *title, const char *text, int arm_ms,
                  confirm_done *yes);

void palette_open(struct screen *s);
void quit_ask(struct screen *s);
void profile_open(struct app *app, const struct uuid *id);
void reveal_open(struct app *app, const struct uuid *ids, size_t n);
void mapping_open(struct app *app, const char *path);
void job_open(struct app *app, const char *id);
void rejects_open(struct app *app, const char *id);
/* The password once more: then what waits is sent (api_confirmed). */
void reauth_open(struct app *app);
/*
 * Something that is shown this once: hidden until it is asked for, copied or saved, and wiped with
 * the screen, which closes only when it is said to be kept.
 */
void secret_open(struct app *app, const char *title, const char *about, const char *secret);
/* Ask for a file's name; done: after the dialog has closed. */
typedef void save_done(struct screen *asker, const char *path);
void save_open(struct screen *asker, const char *start, const char *note, save_done *done);

#endif
