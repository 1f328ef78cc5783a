/* The full screen: one loop, a stack of screens. */
#ifndef TUI_APP_H
#define TUI_APP_H

struct session;

struct app_options {
    const char *theme; /* NULL: $LEADGEN_THEME, or harbor */
};

/* Until the person leaves; the exit code. The session outlives it. */
int app_run(struct session *s, const struct app_options *o);

#endif
