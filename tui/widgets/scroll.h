/* A cursor over n lines, of which a window is on the screen. */
#ifndef TUI_WIDGETS_SCROLL_H
#define TUI_WIDGETS_SCROLL_H

struct scroll {
    int n, at; /* at: 0 .. n-1, or 0 of none */
    int top;   /* the first line that is drawn */
    int rows;  /* of the window, from the last scroll_fit() */
};

void scroll_to(struct scroll *s, int at);
/* Never over the ends. */
void scroll_by(struct scroll *s, int lines);
/* n changed: the cursor stays on a line that exists. */
void scroll_resize(struct scroll *s, int n);
/*
 * Keep the cursor in a window of so many rows.  It turns half a window at a time: on a slow line
 * nine moves that cost a few bytes and one that repaints are cheaper than ten that repaint.
 */
void scroll_fit(struct scroll *s, int rows);

#endif
