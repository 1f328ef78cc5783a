/*
 * The terminal as we found it: what must be written to give it back, from the first moment on and
 * from inside a signal handler, whatever kills us.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>

/*
 * What the terminal says around a paste (bracketed paste): codes of curses above all of its own and
 * those it gives to a terminal's further keys.
 */
enum { TERM_PASTE = 0x1000, TERM_PASTE_END };

/* Start curses in raw mode, remember how to undo it, take the signals. False: no terminal. */
bool term_start(void);
/* The ordinary end. */
void term_stop(void);
/* Ctrl-Z: give the terminal back, stop, take it again. */
void term_suspend(void);
/* A signal asked us to leave (TERM, HUP, INT, QUIT): its number, or 0. */
int term_signal(void);
/*
 * Readable when a signal came, so that one that comes just before the wait is not slept over;
 * term_rest() empties it.
 */
int term_wake_fd(void);
void term_rest(void);
/*
 * Give a text to the terminal's clipboard (OSC 52 of xterm); whether it takes it cannot be known.
 * False: it is no terminal that knows the sequence.
 */
bool term_copy(const char *text);
/* Has the other side of the terminal gone? */
bool term_gone(void);

#endif
