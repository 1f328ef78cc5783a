/* QR codes as text (libqrencode inside). */
#ifndef TUI_QR_H
#define TUI_QR_H

#include <stdbool.h>

/*
 * Lines of half blocks, two rows of the code each, or (ascii) two characters a module; with the
 * quiet zone (of two: more would not fit 80x24).  Light is drawn, dark is left: for a dark
 * terminal, and scanners read the reverse too. The caller frees it. NULL: no memory, or more than a
 * code holds (2,953 bytes).
 */
char *qr_text(const char *text, bool ascii);

#endif
